import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  counterContracts,
  importPredictionDataset,
  type ParsedRequestOf,
  type predictionDatasetContracts,
} from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, MAX_PREDICTION_DATASETS_PER_PROJECT, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { CreateDataset } from '../datasets/create-dataset.usecase.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import type { DatasetDocument } from '../datasets/dataset.schema.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import { PredictionDatasetRepository } from './prediction-dataset.repository.js';
import type { PredictionDatasetDocument } from './prediction-dataset.schema.js';

type Request = ParsedRequestOf<typeof predictionDatasetContracts.create>;
type Source = Request['source'];

/** Takes data to predict, with the job that imports it. */
@Injectable()
export class CreatePredictionDataset {
  constructor(
    private readonly bus: Bus,
    private readonly creation: CreateDataset,
    private readonly datasets: DatasetRepository,
    private readonly modelings: ModelingRepository,
    private readonly predictionDatasets: PredictionDatasetRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for an address that may not be fetched; FAILED_PRECONDITION. */
  async execute(workspace: string, actor: string, { projectId, source }: Request) {
    const { _id: project } = await this.modelings.get(workspace, projectId);
    const jobId = new Types.ObjectId();
    const own = await this.draftOf(workspace, actor, source, jobId);
    const { first: number } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const { created, job } = await this.transactions.runInTurn(
      [`${projectId}/prediction-datasets`],
      async (session) => {
        await this.requireRoom(workspace, project, session);
        const dataset = own ?? (await this.use(workspace, source, session));
        if (own) await this.datasets.add(own, session);
        const created = toDocument(project, dataset, { own: own !== null, job: jobId });
        await this.predictionDatasets.add(created, session);
        const subject = {
          projectId,
          datasetId: dataset._id.toHexString(),
          predictionDatasetId: created._id.toHexString(),
        };
        const payload = { workspace, ...subject, imported: own === null };
        return {
          created,
          job: await this.ledger.add(
            importPredictionDataset,
            { id: jobId, workspace, number, payload, subject },
            session,
          ),
        };
      },
    );
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return { id: created._id.toHexString(), jobId: jobId.toHexString() };
  }

  /** Returns the dataset that is to be imported; null if there is one already. */
  private async draftOf(
    workspace: string,
    actor: string,
    source: Source,
    job: Types.ObjectId,
  ): Promise<DatasetDocument | null> {
    if (source.kind === 'dataset') return null;
    const { fileName } = source;
    const request = { name: fileName, fileName, categories: [], source: source.source };
    return { ...(await this.creation.draft(workspace, actor, request, job)), unlisted: true, projects: 1 };
  }

  /** Keeps a dataset of the workspace for as long as the prediction dataset is there. */
  private async use(workspace: string, source: Source, session: ClientSession): Promise<DatasetDocument> {
    if (source.kind !== 'dataset') throw new Error('there is no dataset');
    return this.datasets.useReady(workspace, source, session);
  }

  private async requireRoom(workspace: string, project: Types.ObjectId, session: ClientSession): Promise<void> {
    const most = MAX_PREDICTION_DATASETS_PER_PROJECT;
    if ((await this.predictionDatasets.countInTurn(workspace, project, session)) >= most)
      throw new DomainError(
        'FAILED_PRECONDITION',
        `A project has at most ${most} prediction datasets: delete one first.`,
        { reason: 'too-many', limit: most },
      );
  }
}

function toDocument(
  project: Types.ObjectId,
  { _id: dataset, workspace, name }: DatasetDocument,
  { own, job }: Pick<PredictionDatasetDocument, 'own' | 'job'>,
): PredictionDatasetDocument {
  return {
    ...{ _id: new Types.ObjectId(), workspace, project, dataset, own, name, job },
    ready: false,
    createdAt: systemDate(),
    deletedAt: null,
  };
}
