import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { DEFAULT_WORKSPACE } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { JobOwnerModule } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { CreateDataset } from './datasets/create-dataset.usecase.js';
import { DatasetImportsController } from './datasets/dataset-imports.controller.js';
import { DatasetRepository } from './datasets/dataset.repository.js';
import { DatasetRowsRepository } from './datasets/dataset-rows.repository.js';
import {
  DATASET_COLUMN_MODEL,
  DATASET_FINDING_MODEL,
  DATASET_IMAGE_MODEL,
  DATASET_MODEL,
  datasetColumnSchema,
  datasetFindingSchema,
  datasetImageSchema,
  datasetSchema,
} from './datasets/dataset.schema.js';
import { DatasetsController } from './datasets/datasets.controller.js';
import { FetchAddresses } from './datasets/fetch-addresses.usecase.js';
import { ImportDatasetEffect } from './datasets/import-dataset.effect.js';
import { ManageDatasets } from './datasets/manage-datasets.usecase.js';
import { RecordImport } from './datasets/record-import.usecase.js';
import { TendDatasets } from './datasets/tend-datasets.usecase.js';
import { CompactImages } from './event-logs/compact-images.usecase.js';
import { EventImagesRepository } from './event-logs/event-images.repository.js';
import { EventLogPagesRepository } from './event-logs/event-log-pages.repository.js';
import { EventLogRepository } from './event-logs/event-log.repository.js';
import { EVENT_LOG_MODELS } from './event-logs/event-log.schema.js';
import { EventLogsController } from './event-logs/event-logs.controller.js';
import { FindLostEventImages } from './event-logs/find-lost-event-images.usecase.js';
import { LoggedRuns } from './event-logs/logged-runs.usecase.js';
import { QueryEventLogs } from './event-logs/query-event-logs.usecase.js';
import { ReadRuns } from './event-logs/read-runs.usecase.js';
import { RemovedRunsRepository } from './event-logs/removed-runs.repository.js';
import { TendEventLogs } from './event-logs/tend-event-logs.usecase.js';
import { UnusedBlobsRepository } from './event-logs/unused-blobs.repository.js';
import { PushLogs } from './pushed-logs/push-logs.usecase.js';
import { PushedLogsController } from './pushed-logs/pushed-logs.controller.js';
import { SweepUploads } from './pushed-logs/sweep-uploads.usecase.js';
import { CandidateRepository } from './candidates/candidate.repository.js';
import { CANDIDATE_MODEL, candidateSchema } from './candidates/candidate.schema.js';
import { CandidatesController } from './candidates/candidates.controller.js';
import { EndJobs } from './candidates/end-jobs.usecase.js';
import { ManageCandidates } from './candidates/manage-candidates.usecase.js';
import { TendCandidates } from './candidates/tend-candidates.usecase.js';
import { TrainCandidateEffect } from './candidates/train-candidate.effect.js';
import { TrainCandidates } from './candidates/train-candidates.usecase.js';
import { CandidateColumns } from './table-predictions/candidate-columns.js';
import { CheckPrediction } from './table-predictions/check-prediction.usecase.js';
import { CreatePredictionDataset } from './table-predictions/create-prediction-dataset.usecase.js';
import { ImportPredictionDatasetEffect } from './table-predictions/import-prediction-dataset.effect.js';
import {
  ManagePredictionDatasets,
  ManageTablePredictions,
} from './table-predictions/manage-table-predictions.usecase.js';
import { PredictCandidateEffect } from './table-predictions/predict-candidate.effect.js';
import { PredictTable } from './table-predictions/predict-table.usecase.js';
import { PredictionDatasetRepository } from './table-predictions/prediction-dataset.repository.js';
import { PREDICTION_DATASET_MODEL, predictionDatasetSchema } from './table-predictions/prediction-dataset.schema.js';
import { TablePredictionRepository } from './table-predictions/table-prediction.repository.js';
import { TABLE_PREDICTION_MODEL, tablePredictionSchema } from './table-predictions/table-prediction.schema.js';
import { TablePredictionsController } from './table-predictions/table-predictions.controller.js';
import { TendTablePredictions } from './table-predictions/tend-table-predictions.usecase.js';
import { CreateProjectEffect } from './modelings/create-project.effect.js';
import { CreateProject } from './modelings/create-project.usecase.js';
import { FillProject } from './modelings/fill-project.usecase.js';
import { ListProjectImages } from './modelings/list-project-images.usecase.js';
import { LiveTables } from './modelings/live-tables.js';
import { ManageModelings } from './modelings/manage-modelings.usecase.js';
import { ModelingEvents } from './modelings/modeling-events.js';
import { ModelingRepository } from './modelings/modeling.repository.js';
import {
  MODELING_MODEL,
  modelingSchema,
  PROJECT_IMAGE_MODEL,
  projectImageSchema,
} from './modelings/modeling.schema.js';
import { ModelingsController } from './modelings/modelings.controller.js';
import { ListTargetImages } from './modelings/list-target-images.usecase.js';
import { ReadTargetEffect } from './modelings/read-target.effect.js';
import { RecordSnapshot } from './modelings/record-snapshot.usecase.js';
import { RecordTarget } from './modelings/record-target.usecase.js';
import { SetLiveTarget } from './modelings/set-live-target.usecase.js';
import { SetTarget } from './modelings/set-target.usecase.js';
import { TargetRepository } from './modelings/target.repository.js';
import { TargetSelections } from './modelings/target-selections.js';
import {
  TARGET_BIN_MODEL,
  TARGET_FINDING_MODEL,
  TARGET_IMAGE_MODEL,
  targetBinSchema,
  targetFindingSchema,
  targetImageSchema,
} from './modelings/target.schema.js';
import { TargetsController } from './modelings/targets.controller.js';
import { ProjectImageRepository } from './modelings/project-image.repository.js';
import { DuplicateImages } from './modelings/duplicate-images.js';
import { TendModelings } from './modelings/tend-modelings.usecase.js';
import { TrainedModels } from './models/trained-models.js';
import { IterationRepository } from './models/iteration.repository.js';
import { ITERATION_MODEL, iterationSchema } from './models/iteration.schema.js';
import { PredictionRepository } from './predictions/prediction.repository.js';
import { PREDICTION_MODEL, predictionSchema } from './predictions/prediction.schema.js';
import { UrlImages } from './url/url-images.js';
import { DsioModality } from './sessions/dsio/dsio-modality.js';
import { ModalityImageRepository } from './sessions/modality-image.repository.js';
import { MODALITY_IMAGE_MODEL, modalityImageSchema } from './sessions/modality-image.schema.js';
import { ModalitySessionRepository } from './sessions/modality-session.repository.js';
import { MODALITY_SESSION_MODEL, modalitySessionSchema } from './sessions/modality-session.schema.js';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from './config/config.js';
import { MODALITY_SESSIONS, type ModalitySessions } from './sessions/modality-sessions.js';
import { StoredSessions } from './sessions/stored-sessions.js';
import { FactsController } from './projects/facts.controller.js';
import { IngestController } from './images/ingest.controller.js';
import { IterationsController } from './models/iterations.controller.js';
import { ModalityController } from './sessions/modality.controller.js';
import { PredictionsController } from './predictions/predictions.controller.js';
import { RadiographsController } from './radiographs/radiographs.controller.js';
import { TrainingImagesController } from './images/training-images.controller.js';
import { ActiveImages } from './sessions/active-images.js';
import { AddRadiograph } from './radiographs/add-radiograph.usecase.js';
import { AddTrainingImages } from './images/add-training-images.usecase.js';
import { DeleteProject } from './projects/delete-project.usecase.js';
import { ExportModelEffect } from './models/export-model.effect.js';
import { ExportModel } from './models/export-model.usecase.js';
import { FindLostCandidates, FindLostModels, FindLostPredictions } from './housekeeping/find-lost-models.usecase.js';
import { FindPerformance } from './models/find-performance.usecase.js';
import { GetRadiograph } from './radiographs/get-radiograph.usecase.js';
import { FollowLogDirectory } from './log-directory/follow-log-directory.usecase.js';
import { LocalLogTree } from './log-directory/local-log-tree.js';
import { LogDirectoryLease } from './log-directory/log-directory-lease.js';
import { LOG_DIRECTORY_MODEL, logDirectorySchema } from './log-directory/log-directory.schema.js';
import { ImportImage } from './url/import-image.usecase.js';
import { KnownTags } from './images/known-tags.js';
import { ManageIterations } from './models/manage-iterations.usecase.js';
import { ManageModalitySessions } from './sessions/manage-modality-sessions.usecase.js';
import { Predict } from './predictions/predict.usecase.js';
import { QueryPredictions } from './predictions/query-predictions.usecase.js';
import { ReceiveArrivals } from './images/receive-arrivals.usecase.js';
import { ReceiveImage } from './images/receive-image.usecase.js';
import { SweepModality } from './sessions/sweep-modality.usecase.js';
import { SweepModels } from './housekeeping/sweep-models.usecase.js';
import { TendIterations } from './models/tend-iterations.usecase.js';
import { TrainIteration } from './models/train-iteration.usecase.js';
import { TrainModelEffect } from './models/train-model.effect.js';
import { WatchSessions } from './sessions/watch-sessions.usecase.js';

const SHARED = [
  CandidateRepository,
  DatasetRepository,
  IterationRepository,
  ModelingEvents,
  ModelingRepository,
  PredictionDatasetRepository,
  PredictionRepository,
  TablePredictionRepository,
];

/** What use cases and the effects of jobs share. */
@Global()
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: CANDIDATE_MODEL, schema: candidateSchema },
      { name: DATASET_MODEL, schema: datasetSchema },
      { name: ITERATION_MODEL, schema: iterationSchema },
      { name: MODELING_MODEL, schema: modelingSchema },
      { name: PREDICTION_DATASET_MODEL, schema: predictionDatasetSchema },
      { name: PREDICTION_MODEL, schema: predictionSchema },
      { name: TABLE_PREDICTION_MODEL, schema: tablePredictionSchema },
    ]),
  ],
  providers: SHARED,
  exports: SHARED,
})
class SharedModule {}

@Module({})
export class TrainingIngestModule {
  static register(config: TrainingIngestConfig): DynamicModule {
    return {
      module: TrainingIngestModule,
      imports: [
        MongooseModule.forFeature([
          { name: DATASET_COLUMN_MODEL, schema: datasetColumnSchema },
          { name: DATASET_FINDING_MODEL, schema: datasetFindingSchema },
          { name: DATASET_IMAGE_MODEL, schema: datasetImageSchema },
          ...EVENT_LOG_MODELS,
          { name: LOG_DIRECTORY_MODEL, schema: logDirectorySchema },
          { name: MODALITY_IMAGE_MODEL, schema: modalityImageSchema },
          { name: MODALITY_SESSION_MODEL, schema: modalitySessionSchema },
          { name: PROJECT_IMAGE_MODEL, schema: projectImageSchema },
          { name: TARGET_BIN_MODEL, schema: targetBinSchema },
          { name: TARGET_FINDING_MODEL, schema: targetFindingSchema },
          { name: TARGET_IMAGE_MODEL, schema: targetImageSchema },
        ]),
        SharedModule,
        JobOwnerModule.register({
          owner: 'training-ingest',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [
            CreateProjectEffect,
            ExportModelEffect,
            ImportDatasetEffect,
            ImportPredictionDatasetEffect,
            PredictCandidateEffect,
            ReadTargetEffect,
            TrainCandidateEffect,
            TrainModelEffect,
          ],
          imports: [SharedModule],
        }),
      ],
      controllers: [
        CandidatesController,
        DatasetImportsController,
        DatasetsController,
        EventLogsController,
        FactsController,
        IngestController,
        IterationsController,
        ModalityController,
        ModelingsController,
        PredictionsController,
        PushedLogsController,
        RadiographsController,
        TablePredictionsController,
        TargetsController,
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
        {
          provide: FollowLogDirectory,
          inject: [LogDirectoryLease, ReadRuns, LoggedRuns, LOGGER],
          useFactory: (lease: LogDirectoryLease, reader: ReadRuns, runs: LoggedRuns, logger: Logger) =>
            followerOf(config, lease, reader, runs, logger),
        },
        ActiveImages,
        AddRadiograph,
        AddTrainingImages,
        CandidateColumns,
        CheckPrediction,
        CompactImages,
        CreateDataset,
        CreatePredictionDataset,
        CreateProject,
        DatasetRowsRepository,
        DeleteProject,
        EndJobs,
        EventImagesRepository,
        EventLogPagesRepository,
        EventLogRepository,
        ExportModel,
        FetchAddresses,
        FillProject,
        FindLostCandidates,
        FindLostEventImages,
        FindLostModels,
        FindLostPredictions,
        FindPerformance,
        GetRadiograph,
        ImportImage,
        KnownTags,
        ListProjectImages,
        ListTargetImages,
        LiveTables,
        LogDirectoryLease,
        LoggedRuns,
        ManageCandidates,
        ManageDatasets,
        ManageIterations,
        ManageModelings,
        ManageModalitySessions,
        ManagePredictionDatasets,
        ManageTablePredictions,
        ModalityImageRepository,
        ModalitySessionRepository,
        Predict,
        PredictTable,
        ProjectImageRepository,
        DuplicateImages,
        QueryEventLogs,
        PushLogs,
        QueryPredictions,
        ReadRuns,
        ReceiveImage,
        RecordImport,
        RecordSnapshot,
        RecordTarget,
        RemovedRunsRepository,
        SetLiveTarget,
        SetTarget,
        StoredSessions,
        SweepModality,
        SweepModels,
        SweepUploads,
        TargetRepository,
        TargetSelections,
        TendCandidates,
        TendDatasets,
        TendEventLogs,
        TendIterations,
        TendModelings,
        TendTablePredictions,
        TrainCandidates,
        TrainedModels,
        TrainIteration,
        UnusedBlobsRepository,
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

/** Null where no log directory is configured. */
function followerOf(
  { TENSORBOARD_LOGDIR: place, TENSORBOARD_RELOAD_INTERVAL: interval }: TrainingIngestConfig,
  lease: LogDirectoryLease,
  reader: ReadRuns,
  runs: LoggedRuns,
  logger: Logger,
): FollowLogDirectory | null {
  if (place === undefined) return null;
  const settings = { workspace: DEFAULT_WORKSPACE, intervalMs: interval * 1000 };
  return new FollowLogDirectory(new LocalLogTree(place), lease, reader, runs, logger, settings);
}
