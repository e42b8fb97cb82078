import { Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { DsioModality } from './adapters/dsio/dsio-modality.js';
import { ModalityImageRepository } from './adapters/mongo/modality-image.repository.js';
import { MODALITY_IMAGE_MODEL, modalityImageSchema } from './adapters/mongo/modality-image.schema.js';
import { ModalitySessionRepository } from './adapters/mongo/modality-session.repository.js';
import { MODALITY_SESSION_MODEL, modalitySessionSchema } from './adapters/mongo/modality-session.schema.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from './config.js';
import { MODALITY_SESSIONS, type ModalitySessions } from './modality/modality-sessions.js';
import { StoredSessions } from './modality/stored-sessions.js';
import { IngestController } from './rpc/ingest.controller.js';
import { ModalityController } from './rpc/modality.controller.js';
import { RadiographsController } from './rpc/radiographs.controller.js';
import { ActiveImages } from './usecases/active-images.js';
import { AddRadiograph } from './usecases/add-radiograph.usecase.js';
import { GetRadiograph } from './usecases/get-radiograph.usecase.js';
import { KnownTags } from './usecases/known-tags.js';
import { ManageModalitySessions } from './usecases/manage-modality-sessions.usecase.js';
import { ReceiveArrivals } from './usecases/receive-arrivals.usecase.js';
import { ReceiveImage } from './usecases/receive-image.usecase.js';
import { SweepModality } from './usecases/sweep-modality.usecase.js';
import { WatchSessions } from './usecases/watch-sessions.usecase.js';

@Module({})
export class TrainingIngestModule {
  static register(config: TrainingIngestConfig): DynamicModule {
    return {
      module: TrainingIngestModule,
      imports: [
        MongooseModule.forFeature([
          { name: MODALITY_IMAGE_MODEL, schema: modalityImageSchema },
          { name: MODALITY_SESSION_MODEL, schema: modalitySessionSchema },
        ]),
      ],
      controllers: [IngestController, ModalityController, RadiographsController],
      providers: [
        { provide: TRAINING_INGEST_CONFIG, useValue: config },
        {
          provide: MODALITY_SESSIONS,
          inject: [StoredSessions],
          useFactory: (stored: StoredSessions): ModalitySessions => deviceOf(config) ?? stored,
        },
        {
          provide: ReceiveArrivals,
          inject: [Bus, ReceiveImage, BLOB_STORE, LOGGER],
          // Only where clients put files past the gateway, into the storage itself.
          useFactory: (bus: Bus, receiveImage: ReceiveImage, { direct }: BlobStore, logger: Logger) =>
            direct ? new ReceiveArrivals(bus, receiveImage, direct, config.MAX_UPLOAD_BYTES, logger) : null,
        },
        ActiveImages,
        AddRadiograph,
        GetRadiograph,
        KnownTags,
        ManageModalitySessions,
        ModalityImageRepository,
        ModalitySessionRepository,
        ReceiveImage,
        StoredSessions,
        SweepModality,
        WatchSessions,
      ],
    };
  }
}

/** Null where none is configured. */
function deviceOf(config: TrainingIngestConfig): DsioModality | null {
  const { MODALITY_API_URL: url, MODALITY_API_USER: user, MODALITY_API_PASSWORD: password } = config;
  if (url === undefined) return null;
  return new DsioModality({ url, user, password, timeoutMs: config.MODALITY_TIMEOUT * 1000 });
}
