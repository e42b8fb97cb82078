import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, readTarget } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { ModelingRepository } from './modeling.repository.js';
import { SetLiveTarget } from './set-live-target.usecase.js';
import { chooseTarget, type TargetRequest } from './target-choice.js';

/** Sets the targets of projects. */
@Injectable()
export class SetTarget {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly live: SetLiveTarget,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for what the column cannot be; FAILED_PRECONDITION if there is a target already. */
  async execute(workspace: string, actor: string, request: TargetRequest): Promise<{ jobId: string }> {
    const { projectId } = request;
    const modeling = await this.modelings.find(workspace, projectId);
    if (!modeling) return this.live.execute(workspace, actor, request);
    if (modeling.state !== 'ready')
      throw new DomainError('FAILED_PRECONDITION', 'The project is still being made. Try again when it is ready.');
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    const target = chooseTarget(columns, request);
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
