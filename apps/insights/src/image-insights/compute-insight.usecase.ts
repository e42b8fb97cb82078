import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  candidateContracts,
  computeActivationMaps,
  computeEmbeddings,
  counterContracts,
  type imageInsightContracts,
  type Job,
  type ParsedRequestOf,
} from '@pentaprism/contracts';
import { isDuplicateKey, toObjectId, Transactions } from '@pentaprism/database';
import { DomainError, systemDate } from '@pentaprism/domain';
import { JobLedger, JobQueue, toJob, type JobDocument } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { ImageInsightRepository, type InsightKey } from './image-insight.repository.js';
import type { ImageInsightDocument } from './image-insight.schema.js';

type Request = ParsedRequestOf<typeof imageInsightContracts.compute>;

const JOBS = { embeddings: computeEmbeddings, 'activation-maps': computeActivationMaps } as const;

/** Begins to compute insights. There is one job for each candidate and kind, however many calls request it at once. */
@Injectable()
export class ComputeInsight {
  constructor(
    private readonly bus: Bus,
    private readonly insights: ImageInsightRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION with a `reason`. */
  async execute(workspace: string, { projectId, candidateId, kind }: Request): Promise<Job> {
    const { state, imageColumns } = await this.bus.call(candidateContracts.get, { projectId, candidateId });
    if (state !== 'trained') throw refusal('not-trained', 'The model is not trained.');
    const [column] = imageColumns;
    if (column === undefined) throw refusal('no-images', 'The model uses no image column.');
    const project = toObjectId(projectId, 'project');
    const key = { candidate: toObjectId(candidateId, 'model'), kind };
    refuseSecond(await this.insights.find(workspace, key));
    const [priority, { first: number }] = await Promise.all([
      // Of jobs that wait, those of projects with fewer ones go first.
      this.insights.countComputing(workspace, project),
      this.bus.call(counterContracts.next, { sequence: 'job' }),
    ]);
    const id = new Types.ObjectId();
    const job = {
      ...{ id, workspace, number, priority },
      payload: { workspace, projectId, candidateId },
      subject: { projectId, candidateId, column },
    };
    const added = await this.add(workspace, key, project, (session) => this.ledger.add(JOBS[kind], job, session));
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(added);
    return toJob(added);
  }

  private async add(
    workspace: string,
    key: InsightKey,
    project: Types.ObjectId,
    addJob: (session: Parameters<ImageInsightRepository['add']>[1]) => Promise<JobDocument>,
  ): Promise<JobDocument> {
    try {
      return await this.transactions.runInTurn([`${workspace}/${key.candidate.toHexString()}`], async (session) => {
        refuseSecond(await this.insights.find(workspace, key, session));
        const job = await addJob(session);
        const insight = {
          _id: job._id,
          workspace,
          project,
          ...key,
          createdAt: systemDate(),
          recorded: 0,
          columns: null,
        };
        await this.insights.add(insight, session);
        return job;
      });
    } catch (error) {
      // Another process was faster.
      if (isDuplicateKey(error)) throw underWay();
      throw error;
    }
  }
}

function refuseSecond(insight: ImageInsightDocument | null): void {
  if (insight?.columns) throw refusal('computed', 'This has been computed for the model already.');
  if (insight) throw underWay();
}

function underWay(): DomainError {
  return refusal('under-way', 'This is being computed for the model already.');
}

function refusal(reason: 'not-trained' | 'no-images' | 'computed' | 'under-way', message: string): DomainError {
  return new DomainError('FAILED_PRECONDITION', message, { reason });
}
