import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  counterContracts,
  trainCandidate,
  type AugmentationRecipe,
  type Blueprint as ListedBlueprint,
  type Candidate,
} from '@pentaprism/contracts';
import { isDuplicateKey, Transactions } from '@pentaprism/database';
import {
  type Blueprint,
  blueprintsFor,
  DomainError,
  MAX_CANDIDATE_IMAGE_COLUMNS,
  MAX_CANDIDATES_PER_PROJECT,
  MAX_FAILED_CANDIDATES,
  predictorKindOf,
  systemDate,
} from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { LiveTables } from '../modelings/live-tables.js';
import { ModelingRepository } from '../modelings/modeling.repository.js';
import type { ModelingDocument } from '../modelings/modeling.schema.js';
import type { TargetRecord } from '../modelings/target.schema.js';
import { CandidateRepository } from './candidate.repository.js';
import { toBlueprint, toCandidate, type CandidateDocument } from './candidate.schema.js';

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
    if (!blueprint) throw noBlueprint();
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
        // Another call has begun it.
        if (!isUnderWay(error)) throw error;
      }
    }
    return { candidates: begun };
  }

  /** Returns the blueprints that fit the target and the columns of a project; none without a target. Throws NOT_FOUND. */
  async blueprints(workspace: string, projectId: string): Promise<ListedBlueprint[]> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    // NOT_FOUND if there is no such project.
    if (!modeling) await this.live.columns(projectId);
    if (!modeling?.target?.ready) return [];
    const fitting = await this.fitting(workspace, { modeling, target: modeling.target });
    return fitting.map((blueprint) => toBlueprint(blueprint, modeling.imageColumns?.length ?? 0));
  }

  private async begin(workspace: string, { modeling, target }: Targeted, blueprint: Blueprint): Promise<Candidate> {
    const projectId = modeling._id.toHexString();
    const augments = blueprint.needs === 'augmentation';
    // Before the list is in use: a training that is refused uses nothing.
    if (augments) checkRoom(await this.candidates.list(workspace, projectId), blueprint.id);
    const augmentation = augments ? await this.recipe(projectId, true) : null;
    // It was deleted since the blueprint was offered.
    if (augments && !augmentation) throw noBlueprint();
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
      const all = await this.candidates.list(workspace, projectId, { session });
      checkRoom(all, draft.blueprint);
      const failed = all.filter((each) => !isKept(each));
      for (const each of failed.slice(0, Math.max(0, failed.length - MAX_FAILED_CANDIDATES)))
        await this.candidates.markDeleted(workspace, each._id, session);
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
          priority: all.filter(({ state }) => state === 'training').length,
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
    const others = columns.filter(({ name, type }) => name !== target.column && predictorKindOf(type) !== null);
    const hasImages = (modeling.imageColumns ?? []).length > 0;
    if (!hasImages && others.length === 0) return [];
    return blueprintsFor({
      targetType: target.type,
      hasAugmentation: hasImages && (await this.recipe(modeling._id.toHexString(), false)) !== null,
      // Without images, every blueprint uses them.
      hasOtherColumns: hasImages && others.length > 0,
    });
  }

  /** @param use whether its list is in use from now on */
  private async recipe(projectId: string, use: boolean): Promise<AugmentationRecipe | null> {
    return (await this.bus.call(augmentationListContracts.forTraining, { projectId, use })).recipe;
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

/** Throws FAILED_PRECONDITION if no other candidate may be added, or one of the blueprint is being trained. */
function checkRoom(candidates: readonly CandidateDocument[], blueprint: string): void {
  if (candidates.some((each) => each.state === 'training' && each.blueprint === blueprint)) throw underWay();
  if (candidates.filter(isKept).length >= MAX_CANDIDATES_PER_PROJECT) throw tooMany();
}

/** Failed ones do not count: they are removed after a while. */
function isKept({ state }: CandidateDocument): boolean {
  return state !== 'failed';
}

function noBlueprint(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The project has no blueprint of this id.', { field: 'blueprintId' });
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
