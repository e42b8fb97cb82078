import {
  createProject,
  importDataset,
  importPredictionDataset,
  makeSamples,
  predictCandidate,
  readTarget,
  trainCandidate,
  type Dataset,
  type Job,
} from '@pentaprism/contracts';
import type { JobState } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  datasetLink,
  listSamplesLink,
  modelLink,
  predictionDatasetLink,
  predictionsLink,
  projectLink,
  samplesLink,
} from './links.js';

export const statusBody = z
  .object({
    statusId: z.string(),
    status: z.enum(['INITIALIZED', 'RUNNING', 'COMPLETED', 'ERROR', 'ABORTED']),
    /** Why it failed, or how far it is; empty if there is nothing to say. */
    message: z.string(),
    code: z.int(),
    created: z.iso.datetime(),
    description: z.string(),
    statusType: z.string(),
    /** From 0 to 1. */
    progress: z.number(),
  })
  .meta({ id: 'Status' });

/** What a request that began a job answers. */
export const statusReference = z.object({ statusId: z.string() });

const STATUS_OF: Readonly<Record<JobState, z.output<typeof statusBody>['status']>> = {
  queued: 'INITIALIZED',
  running: 'RUNNING',
  completed: 'COMPLETED',
  failed: 'ERROR',
  aborted: 'ABORTED',
};

/** Why a job without an error of its own is over. */
const ABORTED = 'The job was ended before it was done: by a request, or because what it worked for was deleted.';

interface KindOfJob {
  readonly statusType: string;
  readonly description: string;
  /** Where the result is. */
  readonly result: (request: FastifyRequest, subject: Job['subject']) => string;
}

/** The jobs that this API shows; others are none of its clients' business. */
const KINDS: Readonly<Record<string, KindOfJob>> = {
  [makeSamples.type]: {
    statusType: 'imageAugmentationSamples',
    description: 'Image augmentation samples',
    result: (request, { listId, samplesId = '' }) =>
      listId === undefined ? samplesLink(request, samplesId) : listSamplesLink(request, listId),
  },
  [importDataset.type]: {
    statusType: 'datasetImport',
    description: 'Import of a dataset',
    result: (request, { datasetId = '' }) => datasetLink(request, datasetId),
  },
  [readTarget.type]: {
    statusType: 'projectTarget',
    description: 'Reading the values of the target',
    result: (request, { projectId = '' }) => projectLink(request, projectId),
  },
  [createProject.type]: {
    statusType: 'projectCreation',
    description: 'Creation of a project',
    result: (request, { projectId = '' }) => projectLink(request, projectId),
  },
  [trainCandidate.type]: {
    statusType: 'modelTraining',
    description: 'Training of a model',
    result: (request, { projectId = '', candidateId = '' }) => modelLink(request, projectId, candidateId),
  },
  [importPredictionDataset.type]: {
    statusType: 'predictionDatasetImport',
    description: 'Import of data to predict',
    result: (request, { projectId = '', predictionDatasetId = '' }) =>
      predictionDatasetLink(request, projectId, predictionDatasetId),
  },
  [predictCandidate.type]: {
    statusType: 'predictions',
    description: 'Predictions by a model',
    result: (request, { projectId = '', predictionId = '' }) => predictionsLink(request, projectId, predictionId),
  },
};

export const isShown = ({ type }: Job) => Object.hasOwn(KINDS, type);

const isImport = ({ type }: Job) => type === importDataset.type || type === importPredictionDataset.type;

/** Returns the id of the dataset that a running job imports, or makes a project of. */
export function datasetOf(job: Job): string | undefined {
  const { type, state, subject, progress } = job;
  const hasBegun = state === 'running' || (state === 'queued' && progress > 0);
  return hasBegun && (isImport(job) || type === createProject.type) ? subject['datasetId'] : undefined;
}

/**
 * Says how far a job is that imports a dataset, or makes a project of it.
 * @param dataset null if it was deleted
 */
export function progressMessage(job: Job, dataset: Dataset | null): string {
  if (isImport(job)) return dataset ? importMessage(dataset) : '';
  return dataset?.state === 'importing' ? importMessage(dataset) : 'Adding the images to the project';
}

function importMessage({ rowCount, importedRows }: Dataset): string {
  return rowCount === null ? 'Reading the file' : `${importedRows} of ${rowCount} rows`;
}

/** Returns why a job has failed or was aborted, in a sentence. Null for any other job. */
export function failureOf({ state, error }: Job): string | null {
  return error?.message ?? (state === 'aborted' ? ABORTED : null);
}

/** @param message says how far a pending job is */
export function toStatusBody(job: Job, message = ''): z.output<typeof statusBody> {
  const { id, type, state, createdAt, progress } = job;
  const why = failureOf(job);
  return {
    statusId: id,
    // A long job that lets others go first is queued again.
    status: state === 'queued' && progress > 0 ? 'RUNNING' : STATUS_OF[state],
    message: why ?? message,
    code: why === null ? 0 : 1,
    created: new Date(createdAt).toISOString(),
    description: KINDS[type]?.description ?? '',
    statusType: KINDS[type]?.statusType ?? '',
    progress,
  };
}

/** The absolute URL of what a completed job made; null for any other. */
export function resultLink(request: FastifyRequest, { type, state, subject }: Job): string | null {
  return state === 'completed' ? (KINDS[type]?.result(request, subject) ?? null) : null;
}
