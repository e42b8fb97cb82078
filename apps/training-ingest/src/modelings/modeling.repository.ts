import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { FreshReads } from '@pentaprism/concurrency';
import { countInTurn, notFound, toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, type ClientSession, type Model, type Types } from 'mongoose';
import { MODELING_MODEL, type ImageColumn, type ImagePlace, type ModelingDocument } from './modeling.schema.js';
import type { TargetRecord } from './target.schema.js';

@Injectable()
export class ModelingRepository {
  private readonly reads = new FreshReads<ModelingDocument | null>();

  constructor(@InjectModel(MODELING_MODEL) private readonly modelings: Model<ModelingDocument>) {}

  async add(modeling: ModelingDocument, session: ClientSession): Promise<void> {
    await this.modelings.collection.insertOne(modeling, { session });
  }

  /** Counts the projects that are being made, before the transaction adds another one. */
  countPendingInTurn(workspace: string, session: ClientSession): Promise<number> {
    return countInTurn(this.modelings, { workspace, state: 'filling', deletedAt: null }, session);
  }

  /** Returns null for a project that was not made of a dataset, or is not known. */
  find(workspace: string, projectId: string): Promise<ModelingDocument | null> {
    return this.modelings.findOne({ _id: toObjectId(projectId, 'project'), workspace, deletedAt: null }).lean();
  }

  /**
   * Returns null also for a project that is not in the catalog yet, or whose snapshot is being taken. Calls at the same time share
   * what they read, as each page of a list reads it.
   */
  async findOpened(workspace: string, projectId: string): Promise<Readonly<ModelingDocument> | null> {
    const found = await this.reads.get(`${workspace} ${projectId}`, () => this.find(workspace, projectId));
    return found && isOpened(found) ? found : null;
  }

  /** Throws NOT_FOUND. */
  async get(workspace: string, projectId: string): Promise<ModelingDocument> {
    const found = await this.find(workspace, projectId);
    if (!found) throw notFound('project');
    return found;
  }

  /** Returns those of the projects that were made of a dataset, in no order. */
  async findMany(workspace: string, projectIds: readonly string[]): Promise<ModelingDocument[]> {
    const ids = projectIds.map((id) => toObjectId(id, 'project'));
    const found = await this.modelings.find({ _id: trusted({ $in: ids }), workspace, deletedAt: null }).lean();
    return found.filter((modeling) => !isBeingTaken(modeling));
  }

  /** Returns projects of a dataset that are in the catalog, oldest first. */
  async ofDataset(
    workspace: string,
    dataset: Types.ObjectId,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ projectIds: string[]; total: number }> {
    const filter = { workspace, dataset, deletedAt: null, imageColumns: trusted({ $ne: null }) };
    const [found, total] = await Promise.all([
      this.modelings.find(filter, { _id: 1 }).sort({ createdAt: 1, _id: 1 }).skip(offset).limit(limit).lean(),
      this.modelings.countDocuments(filter),
    ]);
    return { projectIds: found.map(({ _id }) => _id.toHexString()), total };
  }

  /** Changes a project that is not deleted. Returns it as it is then; null if there is none. */
  change(
    workspace: string,
    _id: Types.ObjectId,
    $set: Partial<Pick<ModelingDocument, 'holdoutUnlocked' | 'imageColumns' | 'state'>>,
    session: ClientSession | null = null,
  ): Promise<ModelingDocument | null> {
    return this.modelings
      .findOneAndUpdate({ _id, workspace, deletedAt: null }, { $set }, { returnDocument: 'after', session })
      .lean();
  }

  /** Sets the target of a project that has none. Returns whether it did. */
  async setTarget(
    workspace: string,
    _id: Types.ObjectId,
    target: TargetRecord,
    session: ClientSession,
  ): Promise<boolean> {
    const filter = { _id, workspace, deletedAt: null, target: null };
    return (await this.modelings.updateOne(filter, { $set: { target } }, { session })).matchedCount === 1;
  }

  /** Makes a target ready. */
  async finishTarget(
    workspace: string,
    _id: Types.ObjectId,
    id: Types.ObjectId,
    { images, positiveClass, findings }: Required<Pick<TargetRecord, 'images' | 'positiveClass' | 'findings'>>,
  ): Promise<void> {
    const $set = {
      'target.ready': true,
      'target.images': images,
      'target.positiveClass': positiveClass,
      'target.findings': findings,
    };
    await this.modelings.updateOne({ _id, workspace, 'target.id': id }, { $set });
  }

  /** Returns projects of all workspaces whose models have to be begun. */
  findSearching(limit: number): Promise<ModelingDocument[]> {
    return this.modelings.find({ 'target.search': true, 'target.ready': true, deletedAt: null }).limit(limit).lean();
  }

  /** Notes that the models of a project have been begun. */
  async endSearch({ _id, workspace }: ModelingDocument): Promise<void> {
    await this.modelings.updateOne({ _id, workspace }, { $set: { 'target.search': false } });
  }

  /** Returns the number of the next candidate of a project, from 1; null for a project without a target. */
  async countCandidate(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<number | null> {
    const filter = { _id, workspace, deletedAt: null, 'target.ready': true };
    const update = { $inc: { candidates: 1 } };
    const options = { returnDocument: 'after', session, projection: { candidates: 1 } } as const;
    return (await this.modelings.findOneAndUpdate(filter, update, options).lean())?.candidates ?? null;
  }

  /** Marks a snapshot whose target is not ready as deleted. Returns whether there was one. */
  async dropSnapshot(
    workspace: string,
    _id: Types.ObjectId,
    id: Types.ObjectId,
    session: ClientSession,
  ): Promise<boolean> {
    const filter = {
      _id,
      workspace,
      isSnapshot: true as const,
      'target.id': id,
      'target.ready': false,
      deletedAt: null,
    };
    const update = { $set: { deletedAt: systemDate() } };
    return (await this.modelings.updateOne(filter, update, { session })).matchedCount === 1;
  }

  /** Takes the target from a project whose values cannot be read. A target that is ready stays. */
  async dropTarget(workspace: string, _id: Types.ObjectId, id: Types.ObjectId, session: ClientSession): Promise<void> {
    const filter = { _id, workspace, 'target.id': id, 'target.ready': false };
    await this.modelings.updateOne(filter, { $set: { target: null } }, { session });
  }

  /** Notes that images up to `last` have been added. Returns false if `before` are not the last ones any more. */
  async advance(
    { _id, workspace, after: before }: ModelingDocument,
    last: ImagePlace,
    imageColumns: readonly ImageColumn[],
    session: ClientSession,
  ): Promise<boolean> {
    const { matchedCount } = await this.modelings.updateOne(
      { _id, workspace, deletedAt: null, 'after.row': before.row, 'after.column': before.column },
      { $set: { after: last, imageColumns } },
      { session },
    );
    return matchedCount === 1;
  }

  /** Marks a project as deleted. Returns it, or null if it was deleted already. */
  markDeleted(
    workspace: string,
    _id: Types.ObjectId,
    session: ClientSession | null = null,
  ): Promise<ModelingDocument | null> {
    return this.modelings
      .findOneAndUpdate({ _id, workspace, deletedAt: null }, { $set: { deletedAt: systemDate() } }, { session })
      .lean();
  }

  /** Returns deleted projects of all workspaces. */
  findDeleted(limit: number): Promise<ModelingDocument[]> {
    return this.modelings
      .find({ deletedAt: trusted({ $type: 'date' }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  /** Returns whether this call removed it. */
  async remove({ _id, workspace }: ModelingDocument, session: ClientSession): Promise<boolean> {
    return (await this.modelings.deleteOne({ _id, workspace }, { session })).deletedCount === 1;
  }
}

/** Returns whether a snapshot is being taken. Until then, the project is a live table. */
function isBeingTaken({ isSnapshot, state }: ModelingDocument): boolean {
  return isSnapshot === true && state === 'filling';
}

function isOpened(modeling: ModelingDocument): boolean {
  return modeling.imageColumns !== null && !isBeingTaken(modeling);
}
