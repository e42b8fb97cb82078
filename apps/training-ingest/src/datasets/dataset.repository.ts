import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ContentReference, datasetContracts, ParsedRequestOf } from '@pentaprism/contracts';
import { countInTurn, notFound, toObjectId } from '@pentaprism/database';
import { DomainError, systemDate } from '@pentaprism/domain';
import { trusted, type ClientSession, type Model, type Types, type UpdateQuery } from 'mongoose';
import { DATASET_FILES, DATASET_MODEL, type DatasetDocument } from './dataset.schema.js';

type ListRequest = ParsedRequestOf<typeof datasetContracts.list>;

const ORDERS = {
  newest: { createdAt: -1, _id: -1 },
  oldest: { createdAt: 1, _id: 1 },
  name: { name: 1, _id: 1 },
  'name-descending': { name: -1, _id: -1 },
} as const;

@Injectable()
export class DatasetRepository {
  constructor(@InjectModel(DATASET_MODEL) private readonly datasets: Model<DatasetDocument>) {}

  async add(dataset: DatasetDocument, session: ClientSession): Promise<void> {
    await this.datasets.collection.insertOne(dataset, { session });
  }

  /** Throws NOT_FOUND. */
  async get(workspace: string, id: string): Promise<DatasetDocument> {
    const filter = { _id: toObjectId(id, 'dataset'), workspace, deletedAt: null };
    const found = await this.datasets.findOne(filter).lean();
    if (!found) throw notFound('dataset');
    return found;
  }

  async exists(workspace: string, id: string): Promise<boolean> {
    const _id = toObjectId(id, 'dataset');
    return (await this.datasets.exists({ _id, workspace, deletedAt: null })) !== null;
  }

  /** Returns a dataset that a project or a prediction dataset keeps, also if it was deleted. Throws NOT_FOUND. */
  async getKept(workspace: string, _id: Types.ObjectId): Promise<DatasetDocument> {
    const found = await this.datasets.findOne({ _id, workspace }).lean();
    if (!found) throw notFound('dataset');
    return found;
  }

  /** Returns datasets that projects keep, also deleted ones, in no order. */
  findKept(workspace: string, ids: readonly Types.ObjectId[]): Promise<DatasetDocument[]> {
    return this.datasets.find({ _id: trusted({ $in: [...ids] }), workspace }).lean();
  }

  /**
   * Keeps a dataset for one project or prediction dataset more. Throws NOT_FOUND, also for another version, and
   * FAILED_PRECONDITION while the dataset is imported: the transaction has to end with the error.
   */
  async useReady(
    workspace: string,
    { datasetId, versionId }: { readonly datasetId: string; readonly versionId?: string | undefined },
    session: ClientSession,
  ): Promise<DatasetDocument> {
    const filter = { _id: toObjectId(datasetId, 'dataset'), workspace, deletedAt: null };
    const used = await this.datasets
      .findOneAndUpdate(filter, { $inc: { projects: 1 } }, { returnDocument: 'after', session })
      .lean();
    if (!used) throw notFound('dataset');
    if (versionId !== undefined && versionId !== used.version.toHexString()) throw notFound('version of the dataset');
    if (used.state !== 'ready')
      throw new DomainError('FAILED_PRECONDITION', 'The dataset is still being imported. Try again when it is ready.');
    return used;
  }

  /** A project or prediction dataset that kept the dataset is gone. */
  async letGo(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.datasets.updateOne({ _id, workspace }, { $inc: { projects: -1 } }, { session });
  }

  /** Counts the datasets that are listed, before the transaction adds another one. */
  countInTurn(workspace: string, session: ClientSession): Promise<number> {
    return countInTurn(this.datasets, { workspace, unlisted: null, deletedAt: null }, session);
  }

  async list(workspace: string, request: ListRequest): Promise<{ datasets: DatasetDocument[]; total: number }> {
    const { category, order, offset, limit } = request;
    const filter = {
      workspace,
      unlisted: null,
      deletedAt: null,
      ...(category === undefined ? {} : { categories: category }),
    };
    const [datasets, total] = await Promise.all([
      this.datasets.find(filter).sort(ORDERS[order]).skip(offset).limit(limit).lean(),
      this.datasets.countDocuments(filter),
    ]);
    return { datasets, total };
  }

  /** Throws NOT_FOUND. */
  async change(
    workspace: string,
    id: string,
    $set: Partial<DatasetDocument>,
    session?: ClientSession,
  ): Promise<DatasetDocument> {
    const filter = { _id: toObjectId(id, 'dataset'), workspace, deletedAt: null };
    const changed = await this.datasets
      .findOneAndUpdate(filter, { $set }, { returnDocument: 'after', session: session ?? null })
      .lean();
    if (!changed) throw notFound('dataset');
    return changed;
  }

  /** Updates a dataset that is being imported and matches `expected`. Returns it as it was; null if there is none. */
  advance(
    workspace: string,
    id: string,
    expected: Partial<Pick<DatasetDocument, 'importedRows' | 'findingParts' | 'table'>>,
    update: UpdateQuery<DatasetDocument>,
    session: ClientSession,
  ): Promise<DatasetDocument | null> {
    const _id = toObjectId(id, 'dataset');
    return this.datasets
      .findOneAndUpdate({ _id, workspace, deletedAt: null, state: 'importing', ...expected }, update, {
        returnDocument: 'before',
        session,
      })
      .lean();
  }

  /** Notes the upload that was fetched from an address, unless there is one. Returns the dataset as it is then. Throws NOT_FOUND. */
  async setUpload(workspace: string, id: string, upload: ContentReference): Promise<DatasetDocument> {
    const filter = { _id: toObjectId(id, 'dataset'), workspace, deletedAt: null, upload: null };
    await this.datasets.updateOne(filter, { $set: { upload, size: upload.size } });
    return this.get(workspace, id);
  }

  /** Makes a dataset ready. Its upload is not needed any more. */
  async finishImport(workspace: string, _id: Types.ObjectId, session: ClientSession): Promise<void> {
    await this.datasets.updateOne(
      { _id, workspace, state: 'importing' },
      { $set: { state: 'ready', upload: null, modifiedAt: systemDate() } },
      { session },
    );
  }

  /** Marks a dataset as deleted, unless it is already. */
  async markDeleted(workspace: string, _id: Types.ObjectId, session?: ClientSession): Promise<void> {
    await this.datasets.updateOne(
      { _id, workspace, deletedAt: null },
      { $set: { deletedAt: systemDate() } },
      session ? { session } : {},
    );
  }

  /** Marks a dataset as deleted if this job was to import it, and has not. */
  async markDeletedWithJob(
    workspace: string,
    _id: Types.ObjectId,
    job: Types.ObjectId,
    session: ClientSession,
  ): Promise<void> {
    await this.datasets.updateOne(
      { _id, workspace, job, state: 'importing', deletedAt: null },
      { $set: { deletedAt: systemDate() } },
      { session },
    );
  }

  /** Returns deleted datasets of all workspaces that no project keeps. */
  findDeleted(limit: number): Promise<DatasetDocument[]> {
    return this.datasets
      .find({ deletedAt: trusted({ $type: 'date' }), projects: trusted({ $not: { $gt: 0 } }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  async remove({ _id, workspace }: DatasetDocument): Promise<void> {
    await this.datasets.deleteOne({ _id, workspace });
  }

  /** Returns which of these hashes are files of a dataset. */
  async knownFiles(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const among = { $in: [...hashes], $type: 'string' as const };
    const found = await this.datasets.collection
      .find<Pick<DatasetDocument, 'upload' | 'table'>>(
        { $or: DATASET_FILES.map((file) => ({ workspace, [`${file}.sha256`]: among })) } as object,
        { projection: { upload: 1, table: 1 } },
      )
      .toArray();
    return new Set(found.flatMap((dataset) => DATASET_FILES.flatMap((file) => dataset[file]?.sha256 ?? [])));
  }
}
