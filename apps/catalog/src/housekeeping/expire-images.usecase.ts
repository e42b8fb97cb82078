import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { shuffled } from '@pentaprism/concurrency';
import { systemDate } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import type { Types } from 'mongoose';
import { ImageRepository } from '../images/image.repository.js';
import { DeleteImage } from '../images/delete-image.usecase.js';
import { ManageSnapshots } from '../training/manage-snapshots.usecase.js';

/** Milliseconds between looks for images whose time is over. No call returns them from that moment on, removed or not. */
const ROUND_MS = 1000;
const BATCH = 100;
/** Images that are removed at once. */
const LANES = 4;

/** Removes images whose time is over: radiographs, pictures that models were shown, and both in snapshots. */
@Injectable()
export class ExpireImages implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly images: ImageRepository,
    private readonly deleteImage: DeleteImage,
    private readonly snapshots: ManageSnapshots,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('expiry', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeExpired());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** @returns how many images were removed; public for tests */
  async removeExpired(now = systemDate()): Promise<number> {
    let removed = 0;
    for (;;) {
      const expired = await this.images.findExpired(now, BATCH);
      removed += await this.removeAll(expired);
      if (expired.length < BATCH || this.rounds.stopped) break;
    }
    await this.snapshots.removeExpired(now);
    return removed;
  }

  /**
   * Several at a time, in an order of chance: another instance may have found the same ones. One that cannot be removed
   * does not hold up those after it.
   * @throws the last failure, after all have been tried
   */
  async removeAll(images: readonly { _id: Types.ObjectId; workspace: string }[]): Promise<number> {
    const waiting = shuffled(images);
    const failures: unknown[] = [];
    let removed = 0;
    const lane = async () => {
      // What is left waits for the next start: a stop must not take as long as a large deletion.
      for (let next = waiting.pop(); next && !this.rounds.stopped; next = waiting.pop()) {
        try {
          // Not `removed += await`, which would forget what other lanes have removed meanwhile.
          const count = await this.deleteImage.removeAll(next.workspace, [next._id]);
          removed += count;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    if (failures.length > 0) throw failures.at(-1);
    return removed;
  }
}
