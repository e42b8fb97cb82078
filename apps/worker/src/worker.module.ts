import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { ALL_JOBS, QUEUES, type JobType } from '@pentaprism/contracts';
import { createDecodePool } from '@pentaprism/imaging';
import { chooseThreadedBackend, createThreadedTraining, type TensorFlowBackend } from '@pentaprism/inference';
import { createThreadedCandidates } from '@pentaprism/modeling';
import { JobRunner, WORKER_CONNECTION, type JobHandler } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { availableParallelism, hostname } from 'node:os';
import { FeatureMatrices } from './candidates/feature-matrices.js';
import { PredictCandidateHandler } from './candidates/predict-candidate.handler.js';
import { ProjectRows } from './candidates/project-rows.js';
import { RowsToPredict } from './candidates/rows-to-predict.js';
import { TrainCandidateHandler } from './candidates/train-candidate.handler.js';
import { CreateProjectHandler } from './datasets/create-project.handler.js';
import { DatasetImporter } from './datasets/dataset-importer.js';
import { ImageImporter } from './datasets/image-importer.js';
import { ImportDatasetHandler } from './datasets/import-dataset.handler.js';
import { ImportPredictionDatasetHandler } from './datasets/import-prediction-dataset.handler.js';
import { AnalyseContentHandler } from './handlers/analyse-content.handler.js';
import { EmbedContentHandler } from './handlers/embed-content.handler.js';
import { ExportModelHandler } from './handlers/export-model.handler.js';
import { MakeSamplesHandler } from './handlers/make-samples.handler.js';
import { RenderRadiographHandler } from './handlers/render-radiograph.handler.js';
import { TrainModelHandler } from './handlers/train-model.handler.js';
import { TrainingSets } from './handlers/training-set.js';
import { UploadsFirst } from './handlers/uploads-first.js';
import { Embedder } from './inference/embedder.js';
import { Embeddings } from './inference/embeddings.js';
import { ActivationMaps } from './insights/activation-maps.js';
import { ComputeActivationMapsHandler } from './insights/compute-activation-maps.handler.js';
import { ComputeEmbeddingsHandler } from './insights/compute-embeddings.handler.js';
import { ExplainedCandidates } from './insights/explained-candidates.js';
import { InsightFiles } from './insights/insight-files.js';
import { KnownPositions } from './insights/known-positions.js';
import { RecordedOverlays } from './insights/recorded-overlays.js';
import { PROCESSORS, type QueueProcessor } from './processors.js';
import { InferenceController } from './rpc/inference.controller.js';
import { SharedPool } from './shared-pool.js';
import {
  BACKBONE_PATH,
  CONCURRENCY,
  DECODE_POOL,
  PROMPT_POOL,
  QUEUE_PROCESSORS,
  TENSORFLOW_BACKEND,
  TRAIN_AND_EVALUATE,
  TRAIN_CANDIDATE,
} from './tokens.js';
import { LiveRows } from './targets/live-rows.js';
import { ReadTargetHandler } from './targets/read-target.handler.js';
import { WorkerShutdown } from './worker-shutdown.js';

export interface WorkerOptions {
  readonly REDIS_URL: string;
  readonly QUEUE_PREFIX: string;
  readonly WORKER_CONCURRENCY?: number | undefined;
  readonly BACKBONE_MODEL?: string | undefined;
  readonly TENSORFLOW_BACKEND?: TensorFlowBackend | undefined;
}

function sharedPool(size: number): SharedPool {
  return new SharedPool(createDecodePool({ size }), size);
}

/** One handler for each type of job in the system. */
const HANDLERS = [
  AnalyseContentHandler,
  ComputeActivationMapsHandler,
  ComputeEmbeddingsHandler,
  CreateProjectHandler,
  EmbedContentHandler,
  ExportModelHandler,
  ImportDatasetHandler,
  ImportPredictionDatasetHandler,
  MakeSamplesHandler,
  PredictCandidateHandler,
  ReadTargetHandler,
  RenderRadiographHandler,
  TrainCandidateHandler,
  TrainModelHandler,
];

@Module({})
export class WorkerModule {
  static register(options: WorkerOptions): DynamicModule {
    const concurrency = options.WORKER_CONCURRENCY ?? availableParallelism();
    return {
      module: WorkerModule,
      imports: [
        BullModule.forRoot({
          connection: { url: options.REDIS_URL, ...WORKER_CONNECTION },
          prefix: options.QUEUE_PREFIX,
        }),
        ...QUEUES.map((name) => BullModule.registerQueue({ name })),
      ],
      controllers: [InferenceController],
      providers: [
        { provide: CONCURRENCY, useValue: concurrency },
        { provide: DECODE_POOL, useFactory: () => sharedPool(concurrency) },
        { provide: PROMPT_POOL, useFactory: () => sharedPool(concurrency) },
        { provide: BACKBONE_PATH, useValue: options.BACKBONE_MODEL },
        {
          provide: TENSORFLOW_BACKEND,
          inject: [LOGGER],
          useFactory: async (logger: Logger) => {
            const backend = await chooseThreadedBackend(options.TENSORFLOW_BACKEND);
            logger.info({ backend }, 'training: TensorFlow.js uses this backend');
            return backend;
          },
        },
        {
          provide: TRAIN_AND_EVALUATE,
          inject: [TENSORFLOW_BACKEND],
          useFactory: (backend: TensorFlowBackend) => createThreadedTraining({ backend }),
        },
        {
          provide: TRAIN_CANDIDATE,
          inject: [TENSORFLOW_BACKEND],
          useFactory: (backend: TensorFlowBackend) => createThreadedCandidates({ backend }),
        },
        ActivationMaps,
        DatasetImporter,
        LiveRows,
        Embedder,
        Embeddings,
        ExplainedCandidates,
        FeatureMatrices,
        ImageImporter,
        InsightFiles,
        KnownPositions,
        ProjectRows,
        RecordedOverlays,
        RowsToPredict,
        TrainingSets,
        UploadsFirst,
        ...HANDLERS,
        {
          provide: JobRunner,
          inject: [Bus, LOGGER, ...HANDLERS],
          useFactory: (bus: Bus, logger: Logger, ...handlers: JobHandler<JobType>[]) => {
            const missing = ALL_JOBS.filter((job) => !handlers.some((handler) => handler.type.type === job.type));
            if (missing.length > 0)
              throw new Error(`the worker has no handler for ${missing.map((job) => job.type).join(', ')}`);
            return new JobRunner(bus, logger, `${hostname()}/${process.pid}`, handlers);
          },
        },
        ...PROCESSORS,
        {
          provide: QUEUE_PROCESSORS,
          inject: [...PROCESSORS],
          useFactory: (...processors: QueueProcessor[]) => processors,
        },
        WorkerShutdown,
      ],
    };
  }
}
