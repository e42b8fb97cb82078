import { augmentationListContracts } from './augmentation/lists.js';
import { makeSamples, sampleContracts } from './augmentation/samples.js';
import { analyseContent, contentContracts } from './catalog/contents.js';
import { counterContracts, jobDirectoryContracts, timeContracts } from './catalog/directory.js';
import { imageContracts } from './catalog/images.js';
import { apiKeyContracts } from './catalog/keys.js';
import { projectContracts } from './catalog/projects.js';
import { radiographContracts, renderRadiograph } from './catalog/radiographs.js';
import { predictedImageContracts, snapshotContracts, trainingImageContracts } from './catalog/training.js';
import { embedContents, embeddingContracts } from './insights/embeddings.js';
import { computeActivationMaps, computeEmbeddings, imageInsightContracts } from './insights/image-insights.js';
import { similarImageContracts } from './insights/similar-images.js';
import { tagContracts, taggingContracts } from './tagging/tags.js';
import { candidateContracts, trainCandidate } from './training-ingest/candidates.js';
import {
  importPredictionDataset,
  predictCandidate,
  predictionDatasetContracts,
  tablePredictionContracts,
} from './training-ingest/table-predictions.js';
import { datasetContracts, importDataset } from './training-ingest/datasets.js';
import { eventLogContracts } from './training-ingest/event-logs.js';
import { ingestContracts, trainingIngestContracts } from './training-ingest/images.js';
import { createProject, modelingContracts } from './training-ingest/modelings.js';
import { exportModel, iterationContracts, trainModel } from './training-ingest/models.js';
import { predictionContracts } from './training-ingest/predictions.js';
import { pushedLogContracts } from './training-ingest/pushed-logs.js';
import { radiographIngestContracts } from './training-ingest/radiographs.js';
import { modalityContracts } from './training-ingest/sessions.js';
import { readTarget, targetContracts } from './training-ingest/targets.js';
import { inferenceContracts } from './worker/inference.js';
import { JOB_OWNERS, type JobType, type Rpc, type ServiceName } from './define.js';
import { healthContracts, jobReportContracts } from './system.js';

const GROUPS: readonly Readonly<Record<string, Rpc>>[] = [
  apiKeyContracts,
  projectContracts,
  imageContracts,
  radiographContracts,
  counterContracts,
  jobDirectoryContracts,
  timeContracts,
  trainingImageContracts,
  snapshotContracts,
  contentContracts,
  predictedImageContracts,
  tagContracts,
  taggingContracts,
  ingestContracts,
  radiographIngestContracts,
  modalityContracts,
  trainingIngestContracts,
  iterationContracts,
  predictionContracts,
  datasetContracts,
  modelingContracts,
  targetContracts,
  candidateContracts,
  predictionDatasetContracts,
  tablePredictionContracts,
  pushedLogContracts,
  eventLogContracts,
  embeddingContracts,
  imageInsightContracts,
  similarImageContracts,
  inferenceContracts,
  augmentationListContracts,
  sampleContracts,
  healthContracts,
  ...JOB_OWNERS.map((owner) => jobReportContracts[owner]),
];

/** Every rpc of the system, once. */
export const ALL_RPCS: readonly Rpc[] = GROUPS.flatMap((group) => Object.values(group));

/** The rpcs that a service must have exactly one handler for. */
export function rpcsOwnedBy(service: ServiceName): Rpc[] {
  return ALL_RPCS.filter((rpc) => rpc.owner === service);
}

/** Every type of job, once. */
export const ALL_JOBS: readonly JobType[] = [
  analyseContent,
  renderRadiograph,
  makeSamples,
  embedContents,
  trainModel,
  exportModel,
  importDataset,
  createProject,
  readTarget,
  trainCandidate,
  computeEmbeddings,
  computeActivationMaps,
  importPredictionDataset,
  predictCandidate,
];
