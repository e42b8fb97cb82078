import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  counterContracts,
  readTarget,
  type DatasetColumn,
  type ParsedRequestOf,
  type Target,
  type targetContracts,
} from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import {
  DomainError,
  metricsOf,
  predictorKindOf,
  targetTypesOf,
  type MetricName,
  type TargetType,
} from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LiveTables } from './live-tables.js';
import { ModelingRepository } from './modeling.repository.js';

type Request = ParsedRequestOf<typeof targetContracts.set>;

/** Sets the targets of projects. */
@Injectable()
export class SetTarget {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly live: LiveTables,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for what the column cannot be; FAILED_PRECONDITION if there is a target already. */
  async execute(workspace: string, request: Request): Promise<{ jobId: string }> {
    const { projectId } = request;
    const modeling = await this.modelings.find(workspace, projectId);
    if (!modeling) {
      await this.live.columns(projectId);
      throw new DomainError('FAILED_PRECONDITION', 'Only a project that was made of a dataset can have a target.');
    }
    if (modeling.state !== 'ready')
      throw new DomainError('FAILED_PRECONDITION', 'The project is still being made. Try again when it is ready.');
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    const column = columns.find(({ name }) => name === request.column);
    if (!column) throw invalid('column', 'The project has no column of this name.');
    const target = chooseTarget(column, request);
    const predictors = columns.filter(({ name, type }) => name !== column.name && predictorKindOf(type) !== null);
    if (predictors.length === 0 && (modeling.imageColumns ?? []).length === 0)
      throw invalid('column', 'The project has no other column that models can learn from.');
    const { first: number } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const id = new Types.ObjectId();
    const job = await this.transactions.run(async (session) => {
      const record = { ...target, id, ready: false, search: target.mode !== 'manual', images: {} };
      if (!(await this.modelings.setTarget(workspace, modeling._id, record, session)))
        throw new DomainError('FAILED_PRECONDITION', 'The project has a target already.');
      const payload = { workspace, projectId };
      return this.ledger.add(readTarget, { id, workspace, number, payload, subject: { projectId } }, session);
    });
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return { jobId: id.toHexString() };
  }
}

/** Returns what is predicted, with defaults for what the request leaves open. Throws INVALID_ARGUMENT. */
export function chooseTarget(column: DatasetColumn, request: Omit<Request, 'projectId'>): Target {
  const type = chooseType(column, request);
  const metrics = metricsOf([type]).map(({ name }) => name);
  const metric = request.metric === undefined ? metrics[0] : metrics.find((name) => name === request.metric);
  if (metric === undefined)
    throw invalid('metric', `Models of this target are compared by one of: ${metrics.join(', ')}.`);
  if (request.positiveClass !== undefined && type !== 'binary')
    throw invalid('positiveClass', 'Only a target with two values has a positive class.');
  const { positiveClass = null, mode } = request;
  return { column: column.name, type, metric: metric satisfies MetricName, positiveClass, mode };
}

function chooseType(
  { type, uniqueCount }: DatasetColumn,
  { type: wanted, metric }: Pick<Request, 'type' | 'metric'>,
): TargetType {
  const possible = targetTypesOf(type, uniqueCount);
  if (possible.length === 0) throw invalid('column', reasonAgainst(type, uniqueCount));
  const measured = possible.find((each) => metricsOf([each]).some(({ name }) => name === metric));
  const chosen = wanted === undefined ? (measured ?? possible[0]) : possible.find((each) => each === wanted);
  if (chosen === undefined)
    throw invalid('type', `The column can be predicted as ${possible.join(' or ')}, and not as ${wanted}.`);
  return chosen;
}

function reasonAgainst(type: DatasetColumn['type'], uniqueCount: number): string {
  if (type === 'Image' || type === 'Text' || type === 'Date') return `A column of type ${type} cannot be the target.`;
  return uniqueCount < 2
    ? 'A column with fewer than two values cannot be the target.'
    : `The column has ${uniqueCount} classes, which are too many.`;
}

function invalid(field: string, message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, { field });
}
