import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { Transactions } from '@pentaprism/database';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { DeletedImageRepository } from '../adapters/mongo/deleted-image.repository.js';
import { DeletedProjectRepository } from '../adapters/mongo/deleted-project.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';
import { ForgetProject } from './forget-project.usecase.js';

/** Milliseconds that samples live which are in no list. No client could delete them. */
export const UNLISTED_SAMPLES_TTL_MS = 7 * 24 * 3600 * 1000;
/**
 * Milliseconds that bytes stay which no sample refers to. A worker stores them before it reports: far longer than one
 * attempt takes.
 */
export const SAMPLE_BLOB_GRACE_MS = 3600 * 1000;
/** Milliseconds between rounds over the records. */
const ROUND_MS = 60_000;
/** Milliseconds between looks at the blob store, which walk through all of its samples. */
const BLOB_ROUND_MS = 3600 * 1000;
const BATCH = 100;

/** Removes what is over: expired sets, samples of images that were deleted meanwhile, bytes that nothing refers to. */
@Injectable()
export class SweepSamples implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly samples: SampleRepository,
    private readonly deletedImages: DeletedImageRepository,
    private readonly deletedProjects: DeletedProjectRepository,
    private readonly forgetProject: ForgetProject,
    private readonly transactions: Transactions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('samples', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.sweepRecords());
    this.rounds.every(BLOB_ROUND_MS, () => this.sweepBlobs());
    this.rounds.once(ROUND_MS, () => this.sweepBlobs());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Public for tests. */
  async sweepRecords(now = systemNow()): Promise<void> {
    const expired = await this.samples.expired(new Date(now - UNLISTED_SAMPLES_TTL_MS), BATCH);
    for (const { workspace, _id } of expired)
      await this.transactions.run((session) => this.samples.removeSets(workspace, [_id], session));
    // A job's transaction that began before an image was noted as deleted, and ended after its samples were removed.
    for (const { workspace, _id } of await this.deletedImages.since(new Date(now - 3 * ROUND_MS)))
      await this.samples.removeOfSource(workspace, _id);
    // What was made in a deleted project by a call that had found the project before.
    for (const { workspace, _id } of await this.deletedProjects.since(new Date(now - 3 * ROUND_MS)))
      await this.forgetProject.removeAll(workspace, _id);
  }

  /** Public for tests. @returns how many blobs were removed */
  sweepBlobs(now = systemNow()): Promise<number> {
    return sweepUnknown(
      this.blobs,
      'samples',
      new Date(now - SAMPLE_BLOB_GRACE_MS),
      (workspace, hashes) => this.samples.known(workspace, hashes),
      () => this.rounds.stopped,
    );
  }
}
