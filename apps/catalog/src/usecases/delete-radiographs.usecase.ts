import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { shuffled } from '@pentaprism/concurrency';
import { LOGGER, type Logger } from '@pentaprism/observability';
import type { Types } from 'mongoose';
import { RadiographRepository } from '../adapters/mongo/radiograph.repository.js';
import { DeleteImage } from './delete-image.usecase.js';

/** Milliseconds between looks for images whose time is over. Nobody sees them from that moment on, removed or not. */
const ROUND_MS = 1000;
const BATCH = 100;
/** Images that are removed at once. */
const LANES = 4;

/** The ends of radiographs: by their owner, with their session, or when their time is over. */
@Injectable()
export class DeleteRadiographs implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly radiographs: RadiographRepository,
    private readonly deleteImage: DeleteImage,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.wait();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** @throws DomainError NOT_FOUND */
  async delete(workspace: string, key: string): Promise<void> {
    const { _id } = await this.radiographs.get(workspace, key);
    await this.deleteImage.execute(workspace, { id: _id.toHexString() });
  }

  /** @returns how many there were; again after a failure, it deletes those that are left */
  async endSession(workspace: string, sessionId: string): Promise<{ deleted: number }> {
    let deleted = 0;
    for (;;) {
      const ids = await this.radiographs.idsOfSession(workspace, sessionId, BATCH);
      deleted += await this.removeAll(ids.map((_id) => ({ _id, workspace })));
      if (ids.length < BATCH) return { deleted };
    }
  }

  /** Removes images whose time is over. @returns how many; public for tests */
  async removeExpired(now = new Date()): Promise<number> {
    let removed = 0;
    for (;;) {
      const expired = await this.radiographs.findExpired(now, BATCH);
      removed += await this.removeAll(expired);
      if (expired.length < BATCH || this.stopped) return removed;
    }
  }

  /**
   * Several at a time, in an order of chance: another instance may have found the same ones. One that cannot be removed
   * does not hold up those after it.
   * @throws the last failure, after all have been tried
   */
  private async removeAll(images: readonly { _id: Types.ObjectId; workspace: string }[]): Promise<number> {
    const waiting = shuffled(images);
    const failures: unknown[] = [];
    let removed = 0;
    const lane = async () => {
      // What is left waits for the next start: a stop must not take as long as a large deletion.
      for (let next = waiting.pop(); next && !this.stopped; next = waiting.pop()) {
        try {
          if (await this.deleteImage.expire(next.workspace, next._id.toHexString())) removed++;
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    if (failures.length > 0) throw failures.at(-1);
    return removed;
  }

  private wait(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.removeExpired()
        .then(() => undefined)
        .catch((error: unknown) =>
          this.logger.warn({ err: error }, 'radiographs: expiry failed, the next round tries again'),
        )
        .finally(() => this.wait());
    }, ROUND_MS);
  }
}
