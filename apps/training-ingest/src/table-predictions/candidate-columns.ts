import { Injectable } from '@nestjs/common';
import type { DatasetColumn } from '@pentaprism/contracts';
import { blueprintOf, predictorKindOf, usesOtherColumns } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import type { CandidateDocument } from '../candidates/candidate.schema.js';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import type { DatasetDocument } from '../datasets/dataset.schema.js';
import type { ModelingDocument } from '../modelings/modeling.schema.js';

/** The tables that candidates learn from and predict, and which of their columns they read. */
@Injectable()
export class CandidateColumns {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
  ) {}

  /** Returns the names of the columns that a candidate reads: images, and other ones if its blueprint uses them. */
  async neededBy({ blueprint, imageColumns }: CandidateDocument, { workspace, dataset, target }: ModelingDocument) {
    if (!usesOtherColumns(blueprintOf(blueprint), imageColumns.length)) return imageColumns;
    const { columns } = await this.read(workspace, dataset);
    const others = columns.filter(({ name, type }) => name !== target?.column && predictorKindOf(type) !== null);
    return [...imageColumns, ...others.map(({ name }) => name)];
  }

  /** Returns a dataset with all its columns. Throws NOT_FOUND. */
  async read(workspace: string, id: Types.ObjectId): Promise<{ dataset: DatasetDocument; columns: DatasetColumn[] }> {
    const dataset = await this.datasets.getKept(workspace, id);
    return { dataset, columns: await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0) };
  }
}
