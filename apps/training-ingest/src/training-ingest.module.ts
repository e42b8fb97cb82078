import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { JobOwnerModule } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { TrainedModels } from './adapters/models/trained-models.js';
import { IterationRepository } from './adapters/mongo/iteration.repository.js';
import { ITERATION_MODEL, iterationSchema } from './adapters/mongo/iteration.schema.js';
import { PredictionRepository } from './adapters/mongo/prediction.repository.js';
import { PREDICTION_MODEL, predictionSchema } from './adapters/mongo/prediction.schema.js';
import { UrlImages } from './adapters/url/url-images.js';
import { DsioModality } from './adapters/dsio/dsio-modality.js';
import { ModalityImageRepository } from './adapters/mongo/modality-image.repository.js';
import { MODALITY_IMAGE_MODEL, modalityImageSchema } from './adapters/mongo/modality-image.schema.js';
import { ModalitySessionRepository } from './adapters/mongo/modality-session.repository.js';
import { MODALITY_SESSION_MODEL, modalitySessionSchema } from './adapters/mongo/modality-session.schema.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from './config.js';
import { MODALITY_SESSIONS, type ModalitySessions } from './modality/modality-sessions.js';
import { StoredSessions } from './modality/stored-sessions.js';
import { FactsController } from './rpc/facts.controller.js';
import { IngestController } from './rpc/ingest.controller.js';
import { IterationsController } from './rpc/iterations.controller.js';
import { ModalityController } from './rpc/modality.controller.js';
import { PredictionsController } from './rpc/predictions.controller.js';
import { RadiographsController } from './rpc/radiographs.controller.js';
import { TrainingImagesController } from './rpc/training-images.controller.js';
import { ActiveImages } from './usecases/active-images.js';
import { AddRadiograph } from './usecases/add-radiograph.usecase.js';
import { AddTrainingImages } from './usecases/add-training-images.usecase.js';
import { DeleteProject } from './usecases/delete-project.usecase.js';
import { ExportModelEffect } from './usecases/export-model.effect.js';
import { ExportModel } from './usecases/export-model.usecase.js';
import { FindPerformance } from './usecases/find-performance.usecase.js';
import { GetRadiograph } from './usecases/get-radiograph.usecase.js';
import { ImportImage } from './usecases/import-image.usecase.js';
import { KnownTags } from './usecases/known-tags.js';
import { ManageIterations } from './usecases/manage-iterations.usecase.js';
import { ManageModalitySessions } from './usecases/manage-modality-sessions.usecase.js';
import { Predict } from './usecases/predict.usecase.js';
import { QueryPredictions } from './usecases/query-predictions.usecase.js';
import { ReceiveArrivals } from './usecases/receive-arrivals.usecase.js';
import { ReceiveImage } from './usecases/receive-image.usecase.js';
import { SweepModality } from './usecases/sweep-modality.usecase.js';
import { SweepModels } from './usecases/sweep-models.usecase.js';
import { TendIterations } from './usecases/tend-iterations.usecase.js';
import { TrainIteration } from './usecases/train-iteration.usecase.js';
import { TrainModelEffect } from './usecases/train-model.effect.js';
import { WatchSessions } from './usecases/watch-sessions.usecase.js';

const REPOSITORIES = [IterationRepository, PredictionRepository];

/** The collections of models, for use cases and for the effects of their jobs. */
@Global()
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: ITERATION_MODEL, schema: iterationSchema },
      { name: PREDICTION_MODEL, schema: predictionSchema },
    ]),
  ],
  providers: REPOSITORIES,
  exports: REPOSITORIES,
})
class ModelRepositoriesModule {}

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
        ModelRepositoriesModule,
        JobOwnerModule.register({
          owner: 'training-ingest',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [ExportModelEffect, TrainModelEffect],
          imports: [ModelRepositoriesModule],
        }),
      ],
      controllers: [
        FactsController,
        IngestController,
        IterationsController,
        ModalityController,
        PredictionsController,
        RadiographsController,
        TrainingImagesController,
      ],
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
        AddTrainingImages,
        DeleteProject,
        ExportModel,
        FindPerformance,
        GetRadiograph,
        ImportImage,
        KnownTags,
        ManageIterations,
        ManageModalitySessions,
        ModalityImageRepository,
        ModalitySessionRepository,
        Predict,
        QueryPredictions,
        ReceiveImage,
        StoredSessions,
        SweepModality,
        SweepModels,
        TendIterations,
        TrainedModels,
        TrainIteration,
        { provide: UrlImages, useFactory: () => new UrlImages({ allow: config.URL_IMPORT_ALLOW }) },
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
