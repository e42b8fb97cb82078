import { Inject, Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { radiographContracts, type Radiograph } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { ActiveImages } from './active-images.js';

/** A radiograph is there as long as its time is not over and, if it is of a session, the session is active. */
@Injectable()
export class GetRadiograph {
  constructor(
    private readonly bus: Bus,
    private readonly images: ActiveImages,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws DomainError NOT_FOUND; UPSTREAM_FAILED, DEADLINE_EXCEEDED when the modality does not say */
  async get(workspace: string, key: string): Promise<Radiograph> {
    const radiograph = await this.bus.call(radiographContracts.get, { key });
    if (radiograph.session === null || (await this.images.has(workspace, radiograph.session))) return radiograph;
    await this.remove(key);
    throw notFound('radiograph');
  }

  /** The others of its session are found by whoever asks for them, and by the watch. */
  private async remove(key: string): Promise<void> {
    try {
      await this.bus.call(radiographContracts.delete, { key });
    } catch (error) {
      // It is over either way; the next one who asks, or the watch, removes it.
      this.logger.info({ err: error }, 'radiographs: one whose session is over could not be removed yet');
    }
  }
}
