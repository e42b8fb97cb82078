import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { counterContracts, type datasetContracts, importDataset, type ParsedRequestOf } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, MAX_DATASETS_PER_WORKSPACE, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { UrlImages } from '../url/url-images.js';
import { DatasetRepository } from './dataset.repository.js';
import type { DatasetDocument } from './dataset.schema.js';

type Request = ParsedRequestOf<typeof datasetContracts.create>;

/** Returns the key of transactions that add datasets or projects to a workspace, whose limits would be passed at once. */
export const datasetTurn = (workspace: string): string => `${workspace}/datasets`;

/** Creates datasets, each with the job that imports it. */
@Injectable()
export class CreateDataset {
  constructor(
    private readonly bus: Bus,
    private readonly datasets: DatasetRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly urls: UrlImages,
  ) {}

  /** Throws FAILED_PRECONDITION if the workspace has too many datasets; INVALID_ARGUMENT if an address may not be fetched. */
  async execute(workspace: string, actor: string, request: Request) {
    const dataset = await this.draft(workspace, actor, request, new Types.ObjectId());
    const { first: number } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const datasetId = dataset._id.toHexString();
    const job = await this.transactions.runInTurn([datasetTurn(workspace)], async (session) => {
      await this.add(dataset, session);
      const job = { id: dataset.job, workspace, number, payload: { workspace, datasetId }, subject: { datasetId } };
      return this.ledger.add(importDataset, job, session);
    });
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return { id: datasetId, versionId: dataset.version.toHexString(), jobId: job._id.toHexString() };
  }

  /** Returns a dataset that a job is to import. Throws INVALID_ARGUMENT if an address may not be fetched. */
  async draft(workspace: string, actor: string, request: Request, job: Types.ObjectId): Promise<DatasetDocument> {
    if (request.source.kind === 'url') await this.urls.requireAllowed(request.source.url);
    return toDocument(workspace, actor, request, job);
  }

  /** Adds a dataset in the transaction that adds its job. Throws FAILED_PRECONDITION if the workspace has too many. */
  async add(dataset: DatasetDocument, session: ClientSession): Promise<void> {
    if ((await this.datasets.countInTurn(dataset.workspace, session)) >= MAX_DATASETS_PER_WORKSPACE)
      throw new DomainError(
        'FAILED_PRECONDITION',
        `The workspace has ${MAX_DATASETS_PER_WORKSPACE} datasets already. Delete one first.`,
        { limit: MAX_DATASETS_PER_WORKSPACE },
      );
    await this.datasets.add(dataset, session);
  }
}

/** Returns the record of a dataset that a job imports. `source` is null if its rows are no upload. */
export function toDocument(
  workspace: string,
  createdBy: string,
  request: Omit<Request, 'source'> & { source: Request['source'] | null },
  job: Types.ObjectId,
): DatasetDocument {
  const { name, fileName, categories, source } = request;
  const now = systemDate();
  return {
    _id: new Types.ObjectId(),
    workspace,
    version: new Types.ObjectId(),
    name,
    fileName,
    categories,
    state: 'importing',
    url: source?.kind === 'url' ? source.url : null,
    upload: source?.kind === 'content' ? source.content : null,
    size: source?.kind === 'content' ? source.content.size : null,
    table: null,
    job,
    createdAt: now,
    modifiedAt: now,
    createdBy,
    rowCount: null,
    columnCount: null,
    hasImages: false,
    importedRows: 0,
    findingParts: 0,
    surveyParts: 0,
    imageCount: 0,
    findings: {},
    deletedAt: null,
  };
}
