import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { DatasetColumn, DatasetImage, Finding } from '@pentaprism/contracts';
import { removeSome } from '@pentaprism/database';
import { findingNumber } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import {
  DATASET_COLUMN_MODEL,
  DATASET_FINDING_MODEL,
  DATASET_IMAGE_MODEL,
  type DatasetColumnDocument,
  type DatasetDocument,
  type DatasetFindingDocument,
  type DatasetImageDocument,
} from './dataset.schema.js';

type Owner = Pick<DatasetDocument, '_id' | 'workspace'>;

/** The columns, images and findings of datasets. */
@Injectable()
export class DatasetRowsRepository {
  constructor(
    @InjectModel(DATASET_COLUMN_MODEL) private readonly columns: Model<DatasetColumnDocument>,
    @InjectModel(DATASET_IMAGE_MODEL) private readonly images: Model<DatasetImageDocument>,
    @InjectModel(DATASET_FINDING_MODEL) private readonly findings: Model<DatasetFindingDocument>,
  ) {}

  /** Replaces columns that have the same indexes. */
  async putColumns(
    { _id, workspace }: Owner,
    columns: readonly DatasetColumn[],
    session: ClientSession,
  ): Promise<void> {
    await this.columns.collection.bulkWrite(
      columns.map((column) => ({
        replaceOne: {
          filter: { dataset: _id, index: column.index },
          replacement: { ...column, workspace, dataset: _id },
          upsert: true,
        },
      })),
      { session },
    );
  }

  countColumns({ _id }: Owner, session?: ClientSession): Promise<number> {
    return this.columns.countDocuments({ dataset: _id }).session(session ?? null);
  }

  findColumns({ _id }: Owner, offset: number, limit: number): Promise<DatasetColumn[]> {
    return this.columns
      .find({ dataset: _id, index: trusted({ $gte: offset }) }, { _id: 0, workspace: 0, dataset: 0 })
      .sort({ index: 1 })
      .limit(limit)
      .lean<DatasetColumn[]>();
  }

  async addImages({ _id, workspace }: Owner, images: readonly DatasetImage[], session: ClientSession): Promise<void> {
    if (images.length === 0) return;
    const documents = images.map((image) => ({ ...image, workspace, dataset: _id }));
    await this.images.collection.insertMany(documents, { session });
  }

  /** Returns images in the order of rows and columns, behind one of them. */
  findImages(
    { _id }: Owner,
    after: { row: number; column: number } | undefined,
    limit: number,
  ): Promise<DatasetImage[]> {
    const behind = after && {
      $or: [{ row: trusted({ $gt: after.row }) }, { row: after.row, column: trusted({ $gt: after.column }) }],
    };
    return this.images
      .find({ dataset: _id, ...behind, ...(after ? { row: trusted({ $gte: after.row }) } : {}) } as object, {
        _id: 0,
        workspace: 0,
        dataset: 0,
      })
      .sort({ row: 1, column: 1 })
      .limit(limit)
      .lean<DatasetImage[]>();
  }

  async addFindings({ _id, workspace }: Owner, findings: readonly Finding[], session: ClientSession): Promise<void> {
    if (findings.length === 0) return;
    const documents = findings.map(({ kind, ...finding }): DatasetFindingDocument => ({
      _id: new Types.ObjectId(),
      workspace,
      dataset: _id,
      rank: findingNumber(kind),
      ...finding,
    }));
    await this.findings.collection.insertMany(documents, { session });
  }

  /** Returns findings of one kind in the order of rows. */
  findFindings({ _id }: Owner, rank: number, offset: number, limit: number): Promise<DatasetFindingDocument[]> {
    return this.findings.find({ dataset: _id, rank }).sort({ row: 1, _id: 1 }).skip(offset).limit(limit).lean();
  }

  /** Removes some of what belongs to a dataset. Returns whether nothing is left. */
  async removeSome({ _id }: Owner): Promise<boolean> {
    for (const { collection } of [this.images, this.findings, this.columns])
      if (!(await removeSome(collection, { dataset: _id }))) return false;
    return true;
  }
}
