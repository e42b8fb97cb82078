import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, projectContracts, readTarget, snapshotContracts } from '@pentaprism/contracts';
import { isDuplicateKey, Transactions } from '@pentaprism/database';
import { DomainError, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { toDocument } from '../datasets/create-dataset.usecase.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LIVE_IMAGE_COLUMN, LiveTables } from './live-tables.js';
import { ModelingRepository } from './modeling.repository.js';
import { BEFORE_ALL, type ModelingDocument } from './modeling.schema.js';
import { chooseTarget, type TargetRequest } from './target-choice.js';

/** Milliseconds that a client waits for the snapshot. */
const SNAPSHOT_PATIENCE_MS = 10_000;

/** Sets targets of live tables, whose rows become those of a snapshot. */
@Injectable()
export class SetLiveTarget {
  constructor(
    private readonly bus: Bus,
    private readonly live: LiveTables,
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for what the column cannot be; FAILED_PRECONDITION if a target is being set. */
  async execute(workspace: string, actor: string, request: TargetRequest): Promise<{ jobId: string }> {
    const { projectId } = request;
    const target = chooseTarget(await this.live.columns(projectId), request);
    const { name } = await this.bus.call(projectContracts.get, { id: projectId });
    const { first: number } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const id = new Types.ObjectId();
    const draft = toDocument(workspace, actor, { name, fileName: name, categories: [], source: null }, id);
    const datasetId = draft._id.toHexString();
    const job = await this.transactions
      .run(async (session) => {
        await this.datasets.add({ ...draft, unlisted: true, projects: 1 }, session);
        const of = { workspace, name, createdBy: actor, job: id, dataset: draft._id };
        const record = { ...target, id, ready: false, search: target.mode !== 'manual', images: {} };
        await this.modelings.add({ ...snapshotOf(projectId), ...of, target: record }, session);
        const job = { id, workspace, number, payload: { workspace, projectId, datasetId }, subject: { projectId } };
        return this.ledger.add(readTarget, job, session);
      })
      .catch(orBusy);
    await this.takeSnapshot(projectId, job);
    return { jobId: id.toHexString() };
  }

  /** If the snapshot cannot be taken now, the job takes it. */
  private async takeSnapshot(projectId: string, job: JobDocument): Promise<void> {
    const { datasetId: snapshotId } = job.payload as { datasetId: string };
    const options = { deadlineMs: SNAPSHOT_PATIENCE_MS };
    await this.bus.call(snapshotContracts.create, { projectId, snapshotId }, options).catch(() => undefined);
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
  }
}

function snapshotOf(
  projectId: string,
): Omit<ModelingDocument, 'workspace' | 'name' | 'createdBy' | 'job' | 'dataset' | 'target'> {
  return {
    _id: new Types.ObjectId(projectId),
    createdAt: systemDate(),
    state: 'filling',
    imageColumns: [{ index: 0, name: LIVE_IMAGE_COLUMN, images: 0 }],
    after: BEFORE_ALL,
    holdoutUnlocked: false,
    isSnapshot: true,
    candidates: 0,
    deletedAt: null,
  };
}

function orBusy(error: unknown): never {
  if (!isDuplicateKey(error)) throw error;
  const message = 'A target of the project is being set, or what a failed one left is being removed. Try again.';
  throw new DomainError('FAILED_PRECONDITION', message);
}
