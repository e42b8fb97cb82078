import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  counterContracts,
  imageContracts,
  makeSamples,
  type JobPayload,
  type ParsedRequestOf,
  type sampleContracts,
} from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import {
  DomainError,
  MAX_PENDING_JOBS_PER_WORKSPACE,
  MAX_SAMPLE_IMAGES_PER_JOB,
  MAX_SAMPLE_ROWS,
  NEW_IMAGES_PER_IMAGE,
} from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { isDeepStrictEqual } from 'node:util';
import { AugmentationListRepository } from '../adapters/mongo/augmentation-list.repository.js';
import { toAugmentationList } from '../adapters/mongo/augmentation-list.schema.js';
import { checkRecipe } from './check-recipe.js';
import { toKnownMembers } from './known-members.js';

type Payload = JobPayload<typeof makeSamples>;
type OfList = ParsedRequestOf<typeof sampleContracts.request>;
type Once = ParsedRequestOf<typeof sampleContracts.requestOnce>;

/** Queues jobs that make samples, with the settings as they are at this moment. */
@Injectable()
export class RequestSamples {
  constructor(
    private readonly lists: AugmentationListRepository,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly bus: Bus,
  ) {}

  async ofList(workspace: string, { listId, numberOfRows, idempotencyKey }: OfList): Promise<{ jobId: string }> {
    const list = await this.lists.find(workspace, toObjectId(listId, 'augmentation list'));
    if (!list) throw notFound('augmentation list');
    const { projectId, transformationProbability, numberOfNewImages, transformations } = toAugmentationList(list);
    const recipe = { transformationProbability, numberOfNewImages, transformations };
    return this.request(workspace, { workspace, projectId, listId, numberOfRows, ...recipe }, idempotencyKey);
  }

  async once(workspace: string, { featureName: _, idempotencyKey, ...request }: Once): Promise<{ jobId: string }> {
    return this.request(workspace, { workspace, listId: null, ...request }, idempotencyKey);
  }

  private async request(
    workspace: string,
    given: Payload,
    idempotencyKey: string | undefined,
  ): Promise<{ jobId: string }> {
    const payload = { ...given, transformations: given.transformations.map(toKnownMembers) };
    checkSize(payload);
    await this.checkProject(workspace, payload.projectId);
    if ((await this.ledger.countPending(workspace, makeSamples)) >= MAX_PENDING_JOBS_PER_WORKSPACE) {
      throw new DomainError('RATE_LIMITED', 'Too many jobs are waiting already.', {
        limit: MAX_PENDING_JOBS_PER_WORKSPACE,
      });
    }
    const id = new Types.ObjectId();
    const { projectId, listId } = payload;
    const { job, created } = await this.ledger.addOnce(makeSamples, {
      id,
      workspace,
      payload,
      number: await this.nextNumber(workspace),
      subject: { projectId, ...(listId ? { listId } : {}), samplesId: id.toHexString() },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
    if (created) await this.queue.enqueue(job);
    else checkSameRequest(job, payload);
    return { jobId: job._id.toHexString() };
  }

  /** @throws DomainError NOT_FOUND; INVALID_ARGUMENT for a project in which there is nothing to make samples of */
  private async checkProject(workspace: string, projectId: string): Promise<void> {
    const request = { projectId, count: 0, seed: '' };
    const { decoded, pending } = await this.bus.call(imageContracts.choosePictures, request, {
      context: { workspace },
    });
    if (decoded + pending > 0) return;
    throw new DomainError('INVALID_ARGUMENT', 'The project has no pictures to make samples of.', {
      field: 'projectId',
    });
  }

  private async nextNumber(workspace: string): Promise<number> {
    const { first } = await this.bus.call(counterContracts.next, { sequence: 'job' }, { context: { workspace } });
    return first;
  }
}

function checkSize(payload: Payload): void {
  checkRecipe(payload, NEW_IMAGES_PER_IMAGE.min);
  const { numberOfRows, numberOfNewImages } = payload;
  if (numberOfRows > MAX_SAMPLE_ROWS || numberOfRows * numberOfNewImages > MAX_SAMPLE_IMAGES_PER_JOB) {
    throw new DomainError('INVALID_ARGUMENT', `numberOfRows must be at most ${MAX_SAMPLE_ROWS}.`, {
      field: 'numberOfRows',
    });
  }
}

/** Of a list, another row count is another request; its settings may have changed since. */
function checkSameRequest(job: JobDocument, asked: Payload): void {
  const earlier = job.payload as Payload;
  const same =
    asked.listId === null
      ? isDeepStrictEqual(plain(earlier), plain(asked))
      : earlier.listId === asked.listId && earlier.numberOfRows === asked.numberOfRows;
  if (same) return;
  throw new DomainError('INVALID_ARGUMENT', 'This idempotency key was used for another request.', {
    field: 'Idempotency-Key',
  });
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
