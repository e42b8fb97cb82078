import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, createProject, type modelingContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, MAX_PENDING_PROJECTS_PER_WORKSPACE, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { CreateDataset, datasetTurn } from '../datasets/create-dataset.usecase.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import type { DatasetDocument } from '../datasets/dataset.schema.js';
import { ModelingRepository } from './modeling.repository.js';
import { BEFORE_ALL, type ModelingDocument } from './modeling.schema.js';

type Request = ParsedRequestOf<typeof modelingContracts.create>;
type Source = Request['source'];

/** Begins to make projects of datasets. */
@Injectable()
export class CreateProject {
  constructor(
    private readonly bus: Bus,
    private readonly creation: CreateDataset,
    private readonly datasets: DatasetRepository,
    private readonly modelings: ModelingRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for an address that may not be fetched; FAILED_PRECONDITION. */
  async execute(workspace: string, actor: string, { name, source }: Request) {
    const jobId = new Types.ObjectId();
    const created = await this.draftOf(workspace, actor, source, jobId);
    const { first: number } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const { dataset, modeling, job } = await this.transactions.runInTurn([datasetTurn(workspace)], async (session) => {
      await this.requireRoom(workspace, session);
      const dataset = await this.take(workspace, source, created, session);
      const modeling = toDocument(dataset, { name, createdBy: actor, job: jobId });
      await this.modelings.add(modeling, session);
      const subject = { projectId: modeling._id.toHexString(), datasetId: dataset._id.toHexString() };
      const job = { id: jobId, workspace, number, payload: { workspace, ...subject }, subject };
      return { dataset, modeling, job: await this.ledger.add(createProject, job, session) };
    });
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return {
      projectId: modeling._id.toHexString(),
      datasetId: dataset._id.toHexString(),
      versionId: dataset.version.toHexString(),
      jobId: jobId.toHexString(),
    };
  }

  /** Returns the dataset that is to be created with the project; null if there is one already. */
  private async draftOf(
    workspace: string,
    actor: string,
    source: Source,
    job: Types.ObjectId,
  ): Promise<DatasetDocument | null> {
    if (source.kind === 'dataset') return null;
    const { fileName } = source;
    return this.creation.draft(
      workspace,
      actor,
      { name: fileName, fileName, categories: [], source: source.source },
      job,
    );
  }

  private async requireRoom(workspace: string, session: ClientSession): Promise<void> {
    const limit = MAX_PENDING_PROJECTS_PER_WORKSPACE;
    if ((await this.modelings.countPendingInTurn(workspace, session)) < limit) return;
    const message = `The workspace has ${limit} projects that are still being made. Try again when one of them is ready.`;
    throw new DomainError('FAILED_PRECONDITION', message, { limit });
  }

  /** Keeps the dataset for as long as the project is there. */
  private async take(
    workspace: string,
    source: Source,
    created: DatasetDocument | null,
    session: ClientSession,
  ): Promise<DatasetDocument> {
    if (created) {
      await this.creation.add({ ...created, projects: 1 }, session);
      return created;
    }
    if (source.kind !== 'dataset') throw new Error('there is no dataset');
    return this.datasets.useReady(workspace, source, session);
  }
}

function toDocument(
  { _id: dataset, workspace, fileName }: DatasetDocument,
  { name = fileName, createdBy, job }: { name: string | undefined; createdBy: string; job: Types.ObjectId },
): ModelingDocument {
  return {
    _id: new Types.ObjectId(),
    workspace,
    dataset,
    name,
    createdBy,
    createdAt: systemDate(),
    job,
    state: 'filling',
    imageColumns: null,
    after: BEFORE_ALL,
    holdoutUnlocked: false,
    target: null,
    candidates: 0,
    deletedAt: null,
  };
}
