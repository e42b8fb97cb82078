import { Injectable } from '@nestjs/common';
import {
  candidateDeleted,
  type Candidate,
  type candidateContracts,
  type ListedCandidate,
  type ParsedRequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import { notFound, Outbox, Transactions } from '@pentaprism/database';
import { DomainError, METRICS } from '@pentaprism/domain';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LiveTables } from '../modelings/live-tables.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import { ProjectImageRepository } from '../modelings/project-image.repository.js';
import { CandidateRepository } from './candidate.repository.js';
import { toCandidate, toListedCandidate, type CandidateDocument } from './candidate.schema.js';
import { EndJobs } from './end-jobs.usecase.js';

type Requests = { [Name in keyof typeof candidateContracts]: ParsedRequestOf<(typeof candidateContracts)[Name]> };
type Plan = ResponseOf<typeof candidateContracts.plan>;

/** Finds and deletes candidates, and says what they learn from. */
@Injectable()
export class ManageCandidates {
  constructor(
    private readonly candidates: CandidateRepository,
    private readonly modelings: ModelingRepository,
    private readonly images: ProjectImageRepository,
    private readonly datasets: DatasetRepository,
    private readonly live: LiveTables,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    private readonly jobs: EndJobs,
  ) {}

  /** Throws NOT_FOUND. */
  async list(workspace: string, { projectId, state }: Requests['list']): Promise<{ candidates: ListedCandidate[] }> {
    // NOT_FOUND if there is no such project.
    if (!(await this.modelings.findOpened(workspace, projectId))) await this.live.columns(projectId);
    const found = await this.candidates.list(workspace, projectId, { state });
    return { candidates: found.sort(byMetric).map(toListedCandidate) };
  }

  async get(workspace: string, key: Requests['get']): Promise<Candidate> {
    return toCandidate(await this.candidates.get(workspace, key));
  }

  /** Deletes a candidate, and ends its training and all jobs that work with it. Throws NOT_FOUND. */
  async delete(workspace: string, key: Requests['delete']): Promise<void> {
    const candidate = await this.candidates.get(workspace, key);
    await this.transactions.run(async (session) => {
      await this.candidates.markDeleted(workspace, candidate._id, session);
      await this.outbox.add(session, candidateDeleted, key, workspace);
    });
    this.outbox.flush();
    // The candidate is deleted. If this fails, the round that removes it ends its jobs.
    await this.jobs.of(workspace, key).catch(() => undefined);
  }

  /** Throws NOT_FOUND; FAILED_PRECONDITION without a target. */
  async plan(workspace: string, key: Requests['plan']): Promise<Plan> {
    const candidate = await this.candidates.get(workspace, key);
    const modeling = await this.modelings.get(workspace, key.projectId);
    const { target } = modeling;
    if (!target?.ready) throw new DomainError('FAILED_PRECONDITION', 'The project has no target.');
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    if (!dataset.table) throw notFound('table');
    const { column, type, metric, positiveClass, mode } = target;
    return {
      blueprintId: candidate.blueprint,
      target: { column, type, metric, positiveClass, mode },
      imageColumns: (modeling.imageColumns ?? [])
        .filter(({ name }) => candidate.imageColumns.includes(name))
        .map(({ index, name }) => ({ index, name })),
      rowCount: dataset.rowCount ?? 0,
      table: dataset.table,
      augmentation: candidate.augmentation,
      files: candidate.trained?.files ?? null,
    };
  }

  /** Throws NOT_FOUND. */
  async imagesOf(workspace: string, { projectId, column, offset, limit }: Requests['images']) {
    const { _id } = await this.modelings.get(workspace, projectId);
    const found = await this.images.inRange(_id, column, { first: offset, end: offset + limit });
    return {
      images: found.map(({ image, sha256, width, height }) => ({
        imageId: image.toHexString(),
        sha256,
        width,
        height,
      })),
    };
  }
}

/** Compares two candidates of a project: trained ones come first, and the best of them first. */
function byMetric(a: CandidateDocument, b: CandidateDocument): number {
  const [one, other] = [scoreOf(a), scoreOf(b)];
  if (one === null || other === null) return Number(one === null) - Number(other === null) || a.number - b.number;
  const ascending = METRICS.find(({ name }) => name === a.metric)?.ascending ?? true;
  return (ascending ? one - other : other - one) || a.number - b.number;
}

/** Returns the score of the first fold, as clients sort by it. */
function scoreOf({ metric, trained }: CandidateDocument): number | null {
  return trained?.metrics[metric]?.validation ?? null;
}
