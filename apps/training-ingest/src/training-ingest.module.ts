import { Module, type DynamicModule } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, BlobStoreModule } from '@pentaprism/service';
import { hasArrivals, type TrainingIngestConfig } from './config.js';
import { IngestController } from './rpc/ingest.controller.js';
import { KnownTags } from './usecases/known-tags.js';
import { ReceiveArrivals } from './usecases/receive-arrivals.usecase.js';
import { ReceiveImage } from './usecases/receive-image.usecase.js';

@Module({ controllers: [IngestController], providers: [KnownTags, ReceiveImage] })
export class TrainingIngestModule {
  static register(config: TrainingIngestConfig): DynamicModule {
    if (!hasArrivals(config)) {
      return { module: TrainingIngestModule, providers: [{ provide: ReceiveArrivals, useValue: null }] };
    }
    return {
      module: TrainingIngestModule,
      imports: [BlobStoreModule.forConfig(config, { hotCacheBytes: 0 })],
      providers: [
        {
          provide: ReceiveArrivals,
          inject: [Bus, ReceiveImage, BLOB_STORE, LOGGER],
          useFactory: (bus: Bus, receiveImage: ReceiveImage, { direct }: BlobStore, logger: Logger) =>
            direct ? new ReceiveArrivals(bus, receiveImage, direct, config.MAX_UPLOAD_BYTES, logger) : null,
        },
      ],
    };
  }
}
