import { augmentationListContracts } from './augmentation/lists.js';
import { sampleContracts } from './augmentation/samples.js';
import { contentAnalysed, contentContracts, contentRemoved } from './catalog/contents.js';
import { counterContracts, jobDirectoryContracts, timeContracts } from './catalog/directory.js';
import { imageAdded, imageContentChanged, imageContracts, imageDeleted } from './catalog/images.js';
import { apiKeyContracts } from './catalog/keys.js';
import { projectContracts, projectDeleted, projectGone } from './catalog/projects.js';
import { radiographContracts } from './catalog/radiographs.js';
import { predictedImageContracts, snapshotContracts, trainingImageContracts } from './catalog/training.js';
import { embeddingContracts } from './insights/embeddings.js';
import { imageInsightContracts } from './insights/image-insights.js';
import { similarImageContracts } from './insights/similar-images.js';
import { tagChanged, tagContracts, taggingContracts } from './tagging/tags.js';
import { candidateContracts, candidateDeleted } from './training-ingest/candidates.js';
import { predictionDatasetContracts, tablePredictionContracts } from './training-ingest/table-predictions.js';
import { datasetContracts } from './training-ingest/datasets.js';
import { eventLogChanged, eventLogContracts } from './training-ingest/event-logs.js';
import { ingestContracts, trainingIngestContracts } from './training-ingest/images.js';
import { modelingContracts } from './training-ingest/modelings.js';
import { iterationContracts } from './training-ingest/models.js';
import { predictionContracts } from './training-ingest/predictions.js';
import { pushedLogContracts } from './training-ingest/pushed-logs.js';
import { radiographIngestContracts } from './training-ingest/radiographs.js';
import { modalityContracts } from './training-ingest/sessions.js';
import { targetContracts } from './training-ingest/targets.js';
import { inferenceContracts } from './worker/inference.js';
import { JOB_OWNERS, SERVICES, type Fact, type JobOwner, type Rpc, type ServiceName, type Signal } from './define.js';
import { healthContracts, jobFinished, jobReportContracts } from './system.js';

/** The apps on the bus, each a user of NATS. */
export const BUS_USERS = ['gateway', ...SERVICES] as const;
export type BusUser = 'gateway' | ServiceName;

/** What an app does on the bus besides answering the calls that it owns. */
export interface Access {
  readonly calls: readonly Rpc[];
  /** Durable consumers. */
  readonly consumes?: readonly Fact[];
  /** Facts that it receives while connected, without a durable consumer. */
  readonly watches?: readonly Fact[];
  readonly publishes?: readonly Fact[];
  readonly sends?: readonly Signal[];
  readonly subscribes?: readonly Signal[];
}

const all = (...groups: readonly Readonly<Record<string, Rpc>>[]): Rpc[] =>
  groups.flatMap((group) => Object.values(group));

const workerReports = JOB_OWNERS.flatMap((owner) => {
  const { start, progress, checkpoint, complete, fail, giveBack } = jobReportContracts[owner];
  return [start, progress, checkpoint, complete, fail, giveBack];
});

/**
 * Who may do what on the bus: NATS refuses everything else. `access.spec.ts` compares it with the code, so that a new
 * call without permission, or a permission that nothing uses, fails before it is deployed.
 */
const DECLARED: Readonly<Record<BusUser, Access>> = {
  gateway: {
    calls: [
      ...all(apiKeyContracts, healthContracts, modalityContracts, radiographIngestContracts, predictionContracts),
      ...all(ingestContracts, trainingIngestContracts, iterationContracts, tagContracts, taggingContracts),
      augmentationListContracts.create,
      augmentationListContracts.list,
      augmentationListContracts.get,
      augmentationListContracts.update,
      augmentationListContracts.delete,
      ...all(sampleContracts, similarImageContracts),
      candidateContracts.blueprints,
      candidateContracts.delete,
      candidateContracts.get,
      candidateContracts.list,
      candidateContracts.train,
      candidateContracts.trainAll,
      ...all(predictionDatasetContracts, eventLogContracts),
      tablePredictionContracts.get,
      tablePredictionContracts.predict,
      datasetContracts.columns,
      datasetContracts.create,
      datasetContracts.delete,
      datasetContracts.findings,
      datasetContracts.get,
      datasetContracts.list,
      datasetContracts.update,
      imageInsightContracts.compute,
      imageInsightContracts.computed,
      imageInsightContracts.get,
      imageInsightContracts.overlay,
      modelingContracts.columns,
      modelingContracts.create,
      modelingContracts.describe,
      modelingContracts.duplicates,
      modelingContracts.findings,
      modelingContracts.image,
      modelingContracts.images,
      modelingContracts.ofDataset,
      modelingContracts.update,
      targetContracts.bins,
      targetContracts.images,
      targetContracts.ofImage,
      targetContracts.set,
      jobDirectoryContracts.get,
      jobDirectoryContracts.list,
      jobReportContracts.insights.abort,
      jobReportContracts['training-ingest'].abort,
      timeContracts.get,
      contentContracts.discard,
      imageContracts.get,
      imageContracts.list,
      imageContracts.delete,
      imageContracts.getContents,
      imageContracts.getPicture,
      projectContracts.create,
      projectContracts.get,
      projectContracts.list,
      projectContracts.resolve,
      projectContracts.update,
      ...all(pushedLogContracts),
      radiographContracts.delete,
      trainingImageContracts.addMetadata,
      trainingImageContracts.count,
      trainingImageContracts.countByTag,
      trainingImageContracts.deleteMany,
      trainingImageContracts.getMany,
      trainingImageContracts.list,
      trainingImageContracts.removeTags,
    ],
    watches: [jobFinished],
    subscribes: [imageContentChanged, eventLogChanged],
  },
  catalog: {
    calls: [],
    consumes: [tagChanged],
    publishes: [imageAdded, imageDeleted, contentRemoved, projectDeleted],
    sends: [contentAnalysed, imageContentChanged, projectGone],
    subscribes: [contentAnalysed],
  },
  tagging: {
    calls: [
      counterContracts.next,
      imageContracts.applyTag,
      imageContracts.reserveNegativeTag,
      projectContracts.resolve,
      trainingImageContracts.addTags,
    ],
    consumes: [projectDeleted],
    publishes: [tagChanged],
    subscribes: [projectGone],
  },
  'training-ingest': {
    calls: [
      augmentationListContracts.forTraining,
      counterContracts.next,
      contentContracts.analyse,
      contentContracts.discard,
      contentContracts.release,
      imageContracts.attach,
      imageContracts.create,
      imageContracts.get,
      imageContracts.setTags,
      ...all(inferenceContracts),
      jobReportContracts['training-ingest'].abort,
      ...all(predictedImageContracts),
      projectContracts.create,
      projectContracts.delete,
      projectContracts.get,
      projectContracts.resolve,
      projectContracts.update,
      radiographContracts.create,
      radiographContracts.get,
      radiographContracts.delete,
      radiographContracts.listSessions,
      radiographContracts.endSession,
      ...all(snapshotContracts),
      tagContracts.ensure,
      tagContracts.getMany,
      tagContracts.list,
      trainingImageContracts.add,
      trainingImageContracts.addTags,
      trainingImageContracts.count,
      trainingImageContracts.countByTag,
      trainingImageContracts.getMany,
      trainingImageContracts.list,
    ],
    publishes: [candidateDeleted],
    sends: [eventLogChanged],
    consumes: [projectDeleted],
  },
  augmentation: {
    calls: [counterContracts.next, imageContracts.choosePictures, projectContracts.get],
    consumes: [imageDeleted, projectDeleted],
  },
  insights: {
    calls: [
      candidateContracts.get,
      candidateContracts.list,
      contentContracts.perceptualHashes,
      counterContracts.next,
      imageContracts.listDecoded,
      inferenceContracts.embed,
      jobReportContracts.insights.abort,
      modelingContracts.contents,
    ],
    consumes: [candidateDeleted, imageAdded, contentRemoved, projectDeleted],
  },
  worker: {
    calls: [
      ...workerReports,
      candidateContracts.images,
      candidateContracts.plan,
      tablePredictionContracts.images,
      tablePredictionContracts.plan,
      contentContracts.discard,
      contentContracts.hold,
      contentContracts.known,
      contentContracts.perceptualHashes,
      datasetContracts.columns,
      datasetContracts.fetch,
      datasetContracts.fetchImage,
      datasetContracts.get,
      datasetContracts.images,
      datasetContracts.importState,
      datasetContracts.recordColumns,
      datasetContracts.recordFindings,
      datasetContracts.recordRows,
      datasetContracts.recordSurvey,
      modelingContracts.addImages,
      modelingContracts.columns,
      modelingContracts.open,
      targetContracts.begin,
      targetContracts.clear,
      targetContracts.finish,
      targetContracts.recordBins,
      targetContracts.recordFindings,
      targetContracts.recordImages,
      targetContracts.recordRows,
      targetContracts.rowImages,
      targetContracts.tagImages,
      embeddingContracts.getMany,
      embeddingContracts.record,
      imageInsightContracts.positions,
      imageInsightContracts.recordedOverlays,
      imageInsightContracts.recordOverlays,
      imageContracts.choosePictures,
      jobDirectoryContracts.pending,
      timeContracts.get,
      projectContracts.get,
      tagContracts.list,
      snapshotContracts.create,
      trainingImageContracts.list,
    ],
  },
};

/** What an app may do, with what all owners of jobs do. */
export function accessOf(user: BusUser): Required<Access> {
  const declared = DECLARED[user];
  const ownsJobs = JOB_OWNERS.includes(user as JobOwner);
  return {
    consumes: [],
    watches: [],
    sends: [],
    subscribes: [],
    ...declared,
    publishes: [...(declared.publishes ?? []), ...(ownsJobs ? [jobFinished] : [])],
  };
}
