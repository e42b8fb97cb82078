import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  counterContracts,
  MAX_LISTS_PER_PAGE,
  trainCandidate,
  type AugmentationRecipe,
  type Candidate,
} from '@pentaprism/contracts';
import { isDuplicateKey, Transactions } from '@pentaprism/database';
import {
  DomainError,
  MAX_CANDIDATE_IMAGE_COLUMNS,
  MAX_CANDIDATES_PER_PROJECT,
  predictorKindOf,
  systemDate,
} from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { blueprintsFor, type Blueprint } from '@pentaprism/modeling';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LiveTables } from '../modelings/live-tables.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import type { ModelingDocument } from '../modelings/modeling.schema.js';
import type { TargetRecord } from '../modelings/target.schema.js';
import { CandidateRepository } from './candidate.repository.js';
import { toCandidate, type CandidateDocument } from './candidate.schema.js';

interface Targeted {
  readonly modeling: ModelingDocument;
  readonly target: TargetRecord;
}

/** Begins the training of candidates. */
@Injectable()
export class TrainCandidates {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly live: LiveTables,
    private readonly candidates: CandidateRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for another project's blueprint; FAILED_PRECONDITION. */
  async train(workspace: string, projectId: string, blueprintId: string): Promise<Candidate> {
    const targeted = await this.find(workspace, projectId);
    const fitting = await this.fitting(workspace, targeted);
    const blueprint = fitting.find(({ id }) => id === blueprintId);
    if (!blueprint)
      throw new DomainError('INVALID_ARGUMENT', 'The project has no blueprint of this id.', { field: 'blueprintId' });
    return this.begin(workspace, targeted, blueprint);
  }

  /** Trains every blueprint that has no candidate, unless it failed. Throws NOT_FOUND; FAILED_PRECONDITION. */
  async trainAll(workspace: string, projectId: string): Promise<{ candidates: Candidate[] }> {
    const targeted = await this.find(workspace, projectId);
    const fitting = await this.fitting(workspace, targeted);
    const earlier = await this.candidates.list(workspace, projectId);
    const known = new Set(earlier.filter(isKept).map(({ blueprint }) => blueprint));
    const begun: Candidate[] = [];
    for (const blueprint of fitting.filter(({ id }) => !known.has(id))) {
      try {
        begun.push(await this.begin(workspace, targeted, blueprint));
      } catch (error) {
        // Another call began it meanwhile.
        if (!isUnderWay(error)) throw error;
      }
    }
    return { candidates: begun };
  }

  /** Returns the blueprints that fit the target and the columns of a project; none without a target. Throws NOT_FOUND. */
  async blueprints(workspace: string, projectId: string): Promise<Blueprint[]> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    // NOT_FOUND if there is no such project.
    if (!modeling) await this.live.columns(projectId);
    return modeling?.target?.ready ? this.fitting(workspace, { modeling, target: modeling.target }) : [];
  }

  private async begin(workspace: string, { modeling, target }: Targeted, blueprint: Blueprint): Promise<Candidate> {
    const projectId = modeling._id.toHexString();
    const augmentation = blueprint.needs === 'augmentation' ? await this.useRecipe(projectId) : null;
    const { first: jobNumber } = await this.bus.call(counterContracts.next, { sequence: 'job' });
    const draft = { ...draftOf(modeling, target), blueprint: blueprint.id, augmentation, jobNumber };
    const { job, candidate } = await this.record(workspace, draft).catch((error: unknown) => {
      throw isDuplicateKey(error) ? underWay() : error;
    });
    // Not awaited: the ledger has the job.
    void this.queue.enqueue(job);
    return toCandidate(candidate);
  }

  private record(
    workspace: string,
    draft: Omit<CandidateDocument, 'number'>,
  ): Promise<{ job: JobDocument; candidate: CandidateDocument }> {
    const { _id, project, job: id, jobNumber } = draft;
    return this.transactions.run(async (session) => {
      // Counting changes the modeling, so that two calls at once do not both add the last candidate that is allowed.
      const number = await this.modelings.countCandidate(workspace, project, session);
      if (number === null) throw noTarget();
      const projectId = project.toHexString();
      const present = (await this.candidates.list(workspace, projectId, { session })).filter(isKept);
      if (present.length >= MAX_CANDIDATES_PER_PROJECT) throw tooMany();
      const candidate = { ...draft, number };
      await this.candidates.add(candidate, session);
      const candidateId = _id.toHexString();
      const job = await this.ledger.add(
        trainCandidate,
        {
          id,
          workspace,
          number: jobNumber,
          payload: { workspace, projectId, candidateId },
          // A project that trains many candidates lets the first ones of others go before.
          priority: present.filter(({ state }) => state === 'training').length,
          subject: { projectId, candidateId },
        },
        session,
      );
      return { job, candidate };
    });
  }

  private async fitting(workspace: string, { modeling, target }: Targeted): Promise<Blueprint[]> {
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    return blueprintsFor({
      targetType: target.type,
      hasAugmentation: (await this.findRecipe(modeling._id.toHexString())) !== null,
      hasOtherColumns: columns.some((column) => column.name !== target.column && predictorKindOf(column.type) !== null),
    });
  }

  /** Returns the recipe that trainings would use, without marking its list as used. */
  private async findRecipe(projectId: string): Promise<AugmentationRecipe | null> {
    const request = { projectId, offset: 0, limit: MAX_LISTS_PER_PAGE };
    const { lists } = await this.bus.call(augmentationListContracts.list, request);
    const newest = lists.findLast(({ initialList }) => initialList);
    return newest && newest.numberOfNewImages > 0 ? newest : null;
  }

  /** Returns the recipe for a training, whose list is in use from now on. */
  private async useRecipe(projectId: string): Promise<AugmentationRecipe | null> {
    return (await this.bus.call(augmentationListContracts.forTraining, { projectId })).recipe;
  }

  private async find(workspace: string, projectId: string): Promise<Targeted> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (modeling?.target?.ready) return { modeling, target: modeling.target };
    // NOT_FOUND if there is no such project.
    if (!modeling) await this.live.columns(projectId);
    throw noTarget();
  }
}

function draftOf({ _id, workspace, imageColumns }: ModelingDocument, { id, metric }: TargetRecord) {
  return {
    _id: new Types.ObjectId(),
    workspace,
    project: _id,
    target: id,
    metric,
    imageColumns: (imageColumns ?? []).slice(0, MAX_CANDIDATE_IMAGE_COLUMNS).map(({ name }) => name),
    state: 'training' as const,
    job: new Types.ObjectId(),
    createdAt: systemDate(),
    trainedAt: null,
    trained: null,
    error: null,
    deletedAt: null,
  };
}

/** Failed ones do not count: they are removed after a while. */
function isKept({ state }: CandidateDocument): boolean {
  return state !== 'failed';
}

function noTarget(): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'The project has no target yet.', { reason: 'no-target' });
}

function underWay(): DomainError {
  return new DomainError('FAILED_PRECONDITION', 'A model of this blueprint is being trained already.', {
    reason: 'under-way',
  });
}

function isUnderWay(error: unknown): boolean {
  return DomainError.is(error, 'FAILED_PRECONDITION') && error.details['reason'] === 'under-way';
}

function tooMany(): DomainError {
  const most = MAX_CANDIDATES_PER_PROJECT;
  return new DomainError('FAILED_PRECONDITION', `A project has at most ${most} models: delete one first.`, {
    reason: 'too-many',
    limit: most,
  });
}
