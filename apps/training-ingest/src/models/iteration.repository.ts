import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { notFound, toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model, type UpdateQuery } from 'mongoose';
import { FILE_FIELDS, ITERATION_MODEL, MODEL_FILES, type IterationDocument } from './iteration.schema.js';

/** An iteration, by the ids that a request names. */
export interface IterationKey {
  readonly projectId: string;
  readonly iterationId: string;
}

const NEWEST_FIRST = { createdAt: -1, _id: -1 } as const;

@Injectable()
export class IterationRepository {
  constructor(@InjectModel(ITERATION_MODEL) private readonly iterations: Model<IterationDocument>) {}

  async add(iteration: IterationDocument, session: ClientSession): Promise<void> {
    await this.iterations.collection.insertOne(iteration, { session });
  }

  /** @throws DomainError NOT_FOUND */
  async get(
    workspace: string,
    { projectId, iterationId }: IterationKey,
    session?: ClientSession,
  ): Promise<IterationDocument> {
    const found = await this.iterations
      .findOne({
        _id: toObjectId(iterationId, 'iteration'),
        workspace,
        project: toObjectId(projectId, 'project'),
        deletedAt: null,
      })
      .session(session ?? null)
      .lean();
    if (!found) throw notFound('iteration');
    return found;
  }

  /** Newest first. */
  list(workspace: string, projectId: string, session?: ClientSession): Promise<IterationDocument[]> {
    return this.iterations
      .find({ workspace, project: toObjectId(projectId, 'project'), deletedAt: null })
      .sort(NEWEST_FIRST)
      .session(session ?? null)
      .lean();
  }

  findPublished(workspace: string, projectId: string, publishName: string): Promise<IterationDocument | null> {
    return this.iterations
      .findOne({ workspace, project: toObjectId(projectId, 'project'), publishName, deletedAt: null })
      .lean();
  }

  findDefault(workspace: string, projectId: string): Promise<IterationDocument | null> {
    return this.iterations
      .findOne({ workspace, project: toObjectId(projectId, 'project'), isDefault: true, deletedAt: null })
      .lean();
  }

  findNewestTrained(workspace: string, projectId: string): Promise<IterationDocument | null> {
    return this.iterations
      .findOne({ workspace, project: toObjectId(projectId, 'project'), status: 'completed', deletedAt: null })
      .sort(NEWEST_FIRST)
      .lean();
  }

  /** @returns it as it is then; null when there is no such iteration */
  update(
    workspace: string,
    _id: Types.ObjectId,
    update: UpdateQuery<IterationDocument>,
    session?: ClientSession,
  ): Promise<IterationDocument | null> {
    return this.iterations
      .findOneAndUpdate({ _id, workspace }, update, { returnDocument: 'after', session: session ?? null })
      .lean();
  }

  /** Changes an iteration that is still being trained. */
  async updateTraining(workspace: string, _id: Types.ObjectId, $set: Partial<IterationDocument>): Promise<void> {
    await this.iterations.updateOne({ _id, workspace, status: 'training' }, { $set });
  }

  /** Changes what is known of the export that this job makes, as `exports.$[mine]`. */
  async updateExport(
    workspace: string,
    _id: Types.ObjectId,
    job: string,
    $set: object,
    session: ClientSession,
  ): Promise<void> {
    await this.iterations.collection.updateOne(
      { _id, workspace },
      { $set },
      { session, arrayFilters: [{ 'mine.job': job }] },
    );
  }

  /** None of the project's others is the default one any more. */
  async clearDefault(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.iterations.updateMany(
      { workspace, project, isDefault: true },
      { $set: { isDefault: false } },
      { session },
    );
  }

  /** None of the project's is published under this name any more. */
  async clearPublishName(
    workspace: string,
    project: Types.ObjectId,
    publishName: string,
    session: ClientSession,
  ): Promise<void> {
    const set = { $set: { publishName: null, publishTarget: null } };
    await this.iterations.updateMany({ workspace, project, publishName }, set, { session });
  }

  /** Marks it as deleted. No call finds it any more, and another training may begin. What belongs to it is removed later. */
  async markDeleted(workspace: string, _id: Types.ObjectId, session?: ClientSession): Promise<void> {
    const set = { deletedAt: systemDate(), status: 'failed' as const, publishName: null, isDefault: false };
    await this.iterations.updateOne({ _id, workspace }, { $set: set }, { session: session ?? null } as object);
  }

  /** Of all workspaces. */
  findDeleted(limit: number): Promise<IterationDocument[]> {
    return this.iterations
      .find({ deletedAt: trusted({ $type: 'date' }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  /** Trainings that began before then, of all workspaces. */
  findTraining(before: Date, limit: number): Promise<IterationDocument[]> {
    return this.iterations
      .find({ status: 'training', createdAt: trusted({ $lt: before }) })
      .sort({ createdAt: 1 })
      .limit(limit)
      .lean();
  }

  async remove(workspace: string, _id: Types.ObjectId): Promise<void> {
    await this.iterations.deleteOne({ _id, workspace });
  }

  /** Which of these files are a model's, or an export of one; for the sweeper of all workspaces. From the indexes of both. */
  async knownFiles(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.findFiles(workspace, hashes).toArray();
    return new Set(found.flatMap(filesOf));
  }

  /** The files of iterations of all workspaces, in the order of their ids, behind one of them. */
  async withFilesAfter(
    id: string | null,
    limit: number,
  ): Promise<{ id: string; workspace: string; files: string[] }[]> {
    const behind = id === null ? {} : { _id: trusted({ $gt: new Types.ObjectId(id) }) };
    const found = await this.iterations
      .find({ ...behind, deletedAt: null }, { workspace: 1, model: 1, exports: 1 })
      .sort({ _id: 1 })
      .limit(limit)
      .lean();
    return found.map((iteration) => ({
      id: iteration._id.toHexString(),
      workspace: iteration.workspace,
      files: filesOf(iteration),
    }));
  }

  /** What the database does for `knownFiles`; for tests. */
  explainKnownFiles(workspace: string, hashes: readonly string[]) {
    return this.findFiles(workspace, hashes).explain('executionStats');
  }

  private findFiles(workspace: string, hashes: readonly string[]) {
    // The type, too: the indexes hold texts only, and the database does not conclude it from the values.
    const among = { $in: [...hashes], $type: 'string' };
    return this.iterations.collection.find<Pick<IterationDocument, 'model' | 'exports'>>(
      { $or: FILE_FIELDS.map((field) => ({ workspace, [field]: among })) } as object,
      { projection: { model: 1, exports: 1 } },
    );
  }
}

function filesOf({ model, exports }: Pick<IterationDocument, 'model' | 'exports'>): string[] {
  return [
    ...(model ? MODEL_FILES.map((file) => model[file].sha256) : []),
    ...exports.flatMap(({ content }) => content?.sha256 ?? []),
  ];
}
