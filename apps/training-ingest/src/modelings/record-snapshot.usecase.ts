import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { snapshotContracts, type LiveRow, type ParsedRequestOf, type targetContracts } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, targetTypesOf } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { countRows, type KnownImage } from './fill-project.usecase.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { ProjectImageRepository } from './project-image.repository.js';

type Requests = { [Name in keyof typeof targetContracts]: ParsedRequestOf<(typeof targetContracts)[Name]> };

/** Records the rows of live tables whose target is set, as they were in a snapshot. Each call may be repeated. */
@Injectable()
export class RecordSnapshot {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly images: ProjectImageRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION if this job takes no snapshot, or rows before have not been recorded. */
  async recordRows(workspace: string, { after, rows, ...key }: Requests['recordRows']): Promise<void> {
    const modeling = await this.modelings.get(workspace, key.projectId);
    if (!isTakenBy(modeling, key.jobId))
      throw new DomainError('FAILED_PRECONDITION', 'This job takes no snapshot of the project.');
    if (modeling.after.row < after)
      throw new DomainError('FAILED_PRECONDITION', `Row ${modeling.after.row + 1} has not been recorded.`);
    if (modeling.after.row === after) await this.recordNext(modeling, rows);
  }

  /** Records the rows behind those that have been recorded. */
  private async recordNext(modeling: ModelingDocument, rows: readonly LiveRow[]): Promise<void> {
    const {
      workspace,
      after: { row: after },
    } = modeling;
    const last = after + rows.length;
    const found = rows.map(({ fileName: label, sha256, size }, i) => {
      return { row: after + i + 1, column: 0, label, sha256, size };
    });
    const recorded = await this.images.withHashes(modeling._id, [...new Set(rows.map(({ sha256 }) => sha256))]);
    // Images of equal bytes are one image here: the oldest.
    const known = new Map<string, KnownImage>(
      [
        ...rows.map(({ imageId, ...row }) => ({ ...row, image: new Types.ObjectId(imageId) })).reverse(),
        ...recorded,
      ].map((image) => [image.sha256, toKnown(image)]),
    );
    const { counted, columns } = countRows(modeling, found, { known, recorded });
    await this.transactions.run(async (session) => {
      if (!(await this.modelings.advance(modeling, { row: last, column: 0 }, columns, session))) return;
      const update = { $set: { importedRows: last }, $inc: { imageCount: found.length } };
      const dataset = modeling.dataset.toHexString();
      const before = await this.datasets.advance(workspace, dataset, { importedRows: after }, update, session);
      if (!before) throw new DomainError('FAILED_PRECONDITION', 'The dataset of the snapshot is not being imported.');
      await this.rows.addImages(before, found, session);
      await this.images.count(counted, session);
    });
  }

  /** Makes the rows of a snapshot those of its project. Does nothing for another project. */
  async complete(workspace: string, { projectId, jobId }: Requests['begin']): Promise<void> {
    const modeling = await this.modelings.find(workspace, projectId);
    if (!modeling || !isTakenBy(modeling, jobId)) return;
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    if (dataset.rowCount === null || dataset.importedRows < dataset.rowCount)
      throw new DomainError('FAILED_PRECONDITION', 'The snapshot has rows that have not been recorded.');
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    const column = columns.find(({ name }) => name === modeling.target?.column);
    const type = modeling.target?.type;
    if (!type || !column || !targetTypesOf(column.type, column.uniqueCount).includes(type))
      throw new DomainError('INVALID_ARGUMENT', 'The tags that images have do not fit the target, or have changed.');
    // The dataset keeps the contents.
    await this.bus.call(snapshotContracts.delete, { projectId, snapshotId: modeling.dataset.toHexString() });
    await this.transactions.run(async (session) => {
      await this.datasets.finishImport(workspace, dataset._id, session);
      await this.modelings.change(workspace, modeling._id, { state: 'ready' }, session);
    });
  }
}

function isTakenBy({ isSnapshot, state, target }: ModelingDocument, jobId: string): boolean {
  return isSnapshot === true && state === 'filling' && target?.id.toHexString() === jobId;
}

function toKnown({ image, sha256, size, mediaType, width, height }: KnownImage): KnownImage {
  return { image, sha256, size, mediaType, width, height };
}
