import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { RadiographRepository } from '../adapters/mongo/radiograph.repository.js';
import { DeleteImage } from './delete-image.usecase.js';

/** Milliseconds between looks for images whose time is over. Nobody sees them from that moment on, removed or not. */
const ROUND_MS = 1000;
const BATCH = 100;

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
      for (const id of ids) if (await this.remove(workspace, id.toHexString())) deleted++;
      if (ids.length < BATCH) return { deleted };
    }
  }

  /** Removes images whose time is over. @returns how many; public for tests */
  async removeExpired(now = new Date()): Promise<number> {
    let removed = 0;
    for (;;) {
      const expired = await this.radiographs.findExpired(now, BATCH);
      for (const { workspace, _id } of expired) {
        // What is left waits for the next start: a stop must not take as long as a large deletion.
        if (this.stopped) return removed;
        if (await this.remove(workspace, _id.toHexString())) removed++;
      }
      if (expired.length < BATCH) return removed;
    }
  }

  private async remove(workspace: string, id: string): Promise<boolean> {
    try {
      await this.deleteImage.expire(workspace, id);
      return true;
    } catch (error) {
      // Another instance, or its owner, was faster.
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
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
