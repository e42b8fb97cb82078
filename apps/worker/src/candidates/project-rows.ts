import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  MAX_COLUMNS_PER_CALL,
  modelingContracts,
  type candidateContracts,
  type DatasetColumn,
  type ResponseOf,
} from '@pentaprism/contracts';
import { storedValues } from '@pentaprism/datasets';
import { DomainError, predictorKindOf } from '@pentaprism/domain';
import { targetsOf, type Targets } from '@pentaprism/modeling';
import { BLOB_STORE } from '@pentaprism/service';
import { blobByteSource } from '../datasets/blob-byte-source.js';
import { rowImagesOf } from '../targets/row-images.js';
import { TargetValues } from '../targets/target-values.js';
import { PredictorValues } from './predictor-values.js';

type Plan = ResponseOf<typeof candidateContracts.plan>;

export interface ProjectRowsRequest {
  readonly workspace: string;
  readonly projectId: string;
  readonly plan: Plan;
  /** Whether the values of other columns are read, too. */
  readonly predictors: boolean;
}

/** The rows of a project in memory, each at its number minus 1. */
export interface RowsOfProject {
  readonly rowCount: number;
  /** The hash of the file with the values. */
  readonly table: string;
  readonly values: TargetValues;
  readonly targets: Targets;
  readonly imageColumns: Plan['imageColumns'];
  /** For each image column the hash of each row's image; undefined if the row has none. */
  readonly contents: readonly (readonly (string | undefined)[])[];
  /** Columns that models may use beside images. */
  readonly predictors: readonly PredictorValues[];
}

/** Reads what models of a project learn from. */
@Injectable()
export class ProjectRows {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  async read(request: ProjectRowsRequest, signal: AbortSignal): Promise<RowsOfProject> {
    const { projectId, plan } = request;
    const columns = await this.columnsOf(projectId);
    const target = columns.find(({ name }) => name === plan.target.column);
    if (!target) throw new DomainError('NOT_FOUND', 'The project has no such column.');
    const predictors = request.predictors ? predictorsOf(columns, plan) : [];
    const values = await this.readTable(request, { target, predictors }, signal);
    const { type } = plan.target;
    const classes = type === 'regression' ? [] : values.labels();
    const valueOf = (row: number) => values.at(row + 1);
    return {
      rowCount: plan.rowCount,
      table: plan.table.sha256,
      values,
      targets: targetsOf({ type, classes, rowCount: plan.rowCount, valueOf }),
      imageColumns: plan.imageColumns,
      contents: await this.contentsOf(projectId, plan, signal),
      predictors,
    };
  }

  private async columnsOf(projectId: string): Promise<DatasetColumn[]> {
    const columns: DatasetColumn[] = [];
    for (;;) {
      const page = { projectId, offset: columns.length, limit: MAX_COLUMNS_PER_CALL };
      const { columns: found, total } = await this.bus.call(modelingContracts.columns, page);
      columns.push(...found);
      if (found.length === 0 || columns.length >= total) return columns;
    }
  }

  private async readTable(
    { workspace, plan }: ProjectRowsRequest,
    { target, predictors }: { target: DatasetColumn; predictors: readonly PredictorValues[] },
    signal: AbortSignal,
  ): Promise<TargetValues> {
    const key = { area: 'datasets', workspace, sha256: plan.table.sha256 };
    const values = new TargetValues(plan.target.type, plan.rowCount);
    const wanted = [target, ...predictors.map(({ column }) => column)];
    for await (const row of storedValues(blobByteSource(this.blobs, key, plan.table.size), wanted, { signal })) {
      values.add(row.number, row.values[0] ?? null);
      predictors.forEach((predictor, i) => predictor.set(row.number - 1, row.values[i + 1] ?? null));
    }
    return values;
  }

  private async contentsOf(projectId: string, { imageColumns, rowCount }: Plan, signal: AbortSignal) {
    const contents = imageColumns.map(() => new Array<string | undefined>(rowCount).fill(undefined));
    const placeOf = new Map(imageColumns.map(({ index }, place) => [index, place]));
    for await (const { row, column, sha256 } of rowImagesOf(this.bus, projectId, signal)) {
      const ofColumn = contents[placeOf.get(column) ?? -1];
      if (ofColumn) ofColumn[row - 1] = sha256;
    }
    return contents;
  }
}

function predictorsOf(columns: readonly DatasetColumn[], { target, rowCount }: Plan): PredictorValues[] {
  return columns.flatMap((column) => {
    const kind = column.name === target.column ? null : predictorKindOf(column.type);
    return kind === null ? [] : [new PredictorValues(column, kind, rowCount)];
  });
}
