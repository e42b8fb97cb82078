import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  inferenceContracts,
  projectContracts,
  snapshotContracts,
  tagContracts,
  trainingImageContracts,
  trainModel,
  type Iteration,
  type ParsedRequestOf,
  type TagDetails,
  type iterationContracts,
} from '@pentaprism/contracts';
import { isDuplicateKey, toObjectId, Transactions } from '@pentaprism/database';
import {
  DomainError,
  MAX_ITERATIONS_PER_PROJECT,
  MAX_PENDING_TRAININGS_PER_WORKSPACE,
  MAX_TAGS_PER_COUNT,
  systemDate,
} from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { IterationRepository } from './iteration.repository.js';
import { payloadOf, toIteration, type IterationDocument } from './iteration.schema.js';
import { checkTraining, fingerprintOf, type TrainingBasis } from './check-training.js';

type Request = ParsedRequestOf<typeof iterationContracts.train>;

/** Milliseconds that a client waits for the snapshot. */
const SNAPSHOT_PATIENCE_MS = 10_000;
/** Milliseconds that a worker may take to say which backbone it has: the first time it loads it. */
const BACKBONE_PATIENCE_MS = 3_000;
/** Tags of one page of a project's list. */
const TAG_PAGE = 1_000;

/**
 * Begins trainings. The iteration and its job are written first, then the snapshot that it is trained on is taken, then the
 * client is answered. If this process ends in between, the job takes the snapshot.
 */
@Injectable()
export class TrainIteration {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  async execute(workspace: string, request: Request): Promise<Iteration> {
    const { projectId } = request;
    const basis = await this.basisOf(request);
    checkTraining(basis);
    if ((await this.ledger.countPending(workspace, trainModel)) >= MAX_PENDING_TRAININGS_PER_WORKSPACE)
      throw new DomainError('RATE_LIMITED', 'Too many trainings of this workspace are waiting already.', {
        limit: MAX_PENDING_TRAININGS_PER_WORKSPACE,
      });
    const iteration = draftOf(workspace, request, basis);
    const job = await this.transactions
      .runInTurn([`${workspace}/${projectId}`], async (session) => {
        const earlier = await this.iterations.list(workspace, projectId, session);
        checkEarlier(earlier, iteration, request, basis.backbone);
        const named = { ...iteration, name: nextName(earlier) };
        const job = await this.ledger.add(
          trainModel,
          {
            id: iteration.job,
            workspace,
            payload: payloadOf(named),
            // After exports, which take a second.
            priority: 1,
            subject: { projectId, iterationId: named._id.toHexString() },
          },
          session,
        );
        await this.iterations.add(named, session);
        return { job, iteration: named };
      })
      .catch((error: unknown) => {
        throw isDuplicateKey(error) ? alreadyTraining() : error;
      });
    await this.takeSnapshot(workspace, job.iteration);
    await this.queue.enqueue(job.job);
    return toIteration(job.iteration, 0);
  }

  /** Before the client is answered, who may change the project then; what does not come in time, the job does. */
  private async takeSnapshot(workspace: string, { _id, project }: IterationDocument): Promise<void> {
    const of = { projectId: project.toHexString(), snapshotId: _id.toHexString() };
    try {
      await this.bus.call(snapshotContracts.create, of, { deadlineMs: SNAPSHOT_PATIENCE_MS });
    } catch (error) {
      if (!DomainError.is(error, 'NOT_FOUND')) return;
      // The project has been deleted meanwhile, perhaps before its removal could find this iteration.
      await this.iterations.markDeleted(workspace, _id);
      throw error;
    }
  }

  private async basisOf({ projectId, selectedTags }: Request): Promise<TrainingBasis> {
    // Before the counts: a change in between makes them newer than the revision, and the next training is never refused.
    const { revision } = await this.bus.call(snapshotContracts.revision, { projectId });
    const [project, counts, all, { recipe: augmentation }] = await Promise.all([
      this.bus.call(projectContracts.get, { id: projectId }),
      this.bus.call(trainingImageContracts.countByTag, { projectId }),
      this.tagsOf(projectId),
      this.bus.call(augmentationListContracts.forTraining, { projectId }),
    ]);
    const images = new Map(counts.tags.map(({ tagId, count }) => [tagId, count]));
    const selected = new Set(selectedTags);
    const tags = all.flatMap((tag) => {
      const count = images.get(tag.id) ?? 0;
      return count > 0 && (selected.size === 0 || selected.has(tag.id)) ? { tag, images: count } : [];
    });
    const ids = tags.map(({ tag }) => tag.id);
    // With more tags than can be asked for, the images that carry any tag at all: `checkTraining` refuses so many anyway.
    const tagged =
      selected.size > 0 && ids.length > 0 && ids.length <= MAX_TAGS_PER_COUNT
        ? (await this.bus.call(trainingImageContracts.count, { projectId, anyOfTags: ids })).count
        : counts.tagged;
    return { project, tags, tagged, revision, backbone: await this.backbone(), augmentation };
  }

  private async backbone(): Promise<string | undefined> {
    try {
      const { backbone } = await this.bus.call(inferenceContracts.backbone, {}, { deadlineMs: BACKBONE_PATIENCE_MS });
      return backbone;
    } catch {
      // No worker at the moment: the training waits for one, too.
      return undefined;
    }
  }

  private async tagsOf(projectId: string): Promise<TagDetails[]> {
    const tags: TagDetails[] = [];
    for (;;) {
      const page = await this.bus.call(tagContracts.list, { projectId, offset: tags.length, limit: TAG_PAGE });
      tags.push(...page.tags);
      if (page.tags.length === 0 || tags.length >= page.total) return tags;
    }
  }
}

function draftOf(workspace: string, request: Request, basis: TrainingBasis): IterationDocument {
  const now = systemDate();
  return {
    _id: new Types.ObjectId(),
    workspace,
    project: toObjectId(request.projectId, 'project'),
    name: '',
    status: 'training',
    createdAt: now,
    modifiedAt: now,
    trainedAt: null,
    domain: basis.project.training.domain,
    classificationType: basis.project.training.classificationType,
    trainingType: request.trainingType,
    reservedBudgetInHours: request.reservedBudgetInHours,
    seconds: 0,
    publishName: null,
    publishTarget: null,
    isDefault: false,
    error: null,
    job: new Types.ObjectId(),
    fingerprint: fingerprintOf(basis),
    augmentation: basis.augmentation,
    tags: basis.tags.map(({ tag: { id, name, type } }) => ({ id, name, type })),
    model: null,
    exports: [],
    deletedAt: null,
  };
}

/** @param earlier newest first */
function checkEarlier(
  earlier: readonly IterationDocument[],
  next: IterationDocument,
  { force }: Request,
  backbone: string | undefined,
): void {
  if (earlier.some(({ status }) => status === 'training')) throw alreadyTraining();
  const last = earlier.find(({ status }) => status === 'completed');
  const isSameBackbone = backbone === undefined || last?.model?.backbone === backbone;
  if (!force && last?.fingerprint === next.fingerprint && isSameBackbone)
    throw new DomainError('FAILED_PRECONDITION', 'Nothing changed since last training', { reason: 'unchanged' });
  if (earlier.length >= MAX_ITERATIONS_PER_PROJECT)
    throw new DomainError(
      'FAILED_PRECONDITION',
      `A project has at most ${MAX_ITERATIONS_PER_PROJECT} iterations: delete one first.`,
      { reason: 'too-many', limit: MAX_ITERATIONS_PER_PROJECT },
    );
}

function alreadyTraining(): DomainError {
  return new DomainError('CONFLICT', 'A training of this project is under way.', { reason: 'training' });
}

/** `Iteration 1` and so on, never one that is there already. */
function nextName(earlier: readonly IterationDocument[]): string {
  const names = new Set(earlier.map(({ name }) => name));
  let number = earlier.length + 1;
  while (names.has(`Iteration ${number}`)) number++;
  return `Iteration ${number}`;
}
