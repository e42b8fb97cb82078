import * as augmentation from './augmentation.contracts.js';
import * as catalog from './catalog.contracts.js';
import { JOB_OWNERS, type JobType, type Rpc, type ServiceName } from './define.js';
import * as insights from './insights.contracts.js';
import * as models from './models.contracts.js';
import { predictionContracts } from './prediction.contracts.js';
import * as projects from './project.contracts.js';
import * as ingest from './training-ingest.contracts.js';
import * as system from './system.contracts.js';
import * as tagging from './tagging.contracts.js';
import * as training from './training-image.contracts.js';
import * as worker from './worker.contracts.js';

const GROUPS: readonly Readonly<Record<string, Rpc>>[] = [
  catalog.apiKeyContracts,
  projects.projectContracts,
  catalog.imageContracts,
  catalog.radiographContracts,
  catalog.counterContracts,
  catalog.jobDirectoryContracts,
  training.trainingImageContracts,
  training.snapshotContracts,
  training.contentContracts,
  training.predictedImageContracts,
  tagging.tagContracts,
  tagging.taggingContracts,
  ingest.ingestContracts,
  ingest.radiographIngestContracts,
  ingest.modalityContracts,
  models.trainingIngestContracts,
  models.iterationContracts,
  predictionContracts,
  insights.embeddingContracts,
  worker.inferenceContracts,
  augmentation.augmentationListContracts,
  augmentation.sampleContracts,
  system.healthContracts,
  ...JOB_OWNERS.map((owner) => system.jobReportContracts[owner]),
];

/** Every rpc of the system, once. */
export const ALL_RPCS: readonly Rpc[] = GROUPS.flatMap((group) => Object.values(group));

/** The rpcs that a service must have exactly one handler for. */
export function rpcsOwnedBy(service: ServiceName): Rpc[] {
  return ALL_RPCS.filter((rpc) => rpc.owner === service);
}

/** Every type of job, once. */
export const ALL_JOBS: readonly JobType[] = [
  catalog.analyseContent,
  catalog.renderRadiograph,
  augmentation.makeSamples,
  insights.embedContent,
  models.trainModel,
  models.exportModel,
];
