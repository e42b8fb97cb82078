import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { blockSearch } from '@pentaprism/similarity';

/** Logs at the start that similar images are searched without the native library, if it cannot be loaded. */
@Injectable()
export class SearchReport implements OnApplicationBootstrap {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  async onApplicationBootstrap(): Promise<void> {
    const { failure } = await blockSearch();
    if (failure === undefined) return;
    this.logger.warn({ err: failure }, 'similar images: usearch cannot be loaded; searches take five times as long');
  }
}
