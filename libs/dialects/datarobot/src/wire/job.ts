import {
  computeActivationMaps,
  computeEmbeddings,
  predictCandidate,
  trainCandidate,
  type Job,
  type JobOwner,
  type ListedCandidate,
} from '@pentaprism/contracts';
import type { JobState } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { featurelistOfModels } from './featurelist.js';
import { insightLink, jobLink, modelLink, predictionsLink } from './links.js';
import { pagingQuery } from './paging.js';
import { failureOf } from './status.js';

/** The states of jobs, as this API writes them. */
const STATUSES = {
  queued: 'queue',
  running: 'inprogress',
  completed: 'COMPLETED',
  failed: 'error',
  aborted: 'ABORTED',
} as const satisfies Record<JobState, string>;

interface KindOfJob {
  readonly owner: JobOwner;
  readonly jobType: string;
  /** Where the result is. */
  readonly result: (request: FastifyRequest, subject: Job['subject']) => string;
}

/**
 * The jobs that projects list, by their types. Their subjects have a project and a candidate, those of insights also an image
 * column, and those of predictions the prediction.
 */
const KINDS: Readonly<Record<string, KindOfJob>> = {
  [trainCandidate.type]: {
    owner: trainCandidate.owner,
    jobType: 'model',
    result: (request, { projectId = '', candidateId = '' }) => modelLink(request, projectId, candidateId),
  },
  [computeEmbeddings.type]: {
    owner: computeEmbeddings.owner,
    jobType: 'compute_image_embeddings',
    result: (request, { projectId = '', candidateId: modelId = '', column = '' }) =>
      insightLink(request, { projectId, modelId, column }, 'imageEmbeddings'),
  },
  [computeActivationMaps.type]: {
    owner: computeActivationMaps.owner,
    jobType: 'compute_image_activation_maps',
    result: (request, { projectId = '', candidateId: modelId = '', column = '' }) =>
      insightLink(request, { projectId, modelId, column }, 'imageActivationMaps'),
  },
  [predictCandidate.type]: {
    owner: predictCandidate.owner,
    jobType: 'predict',
    result: (request, { projectId = '', predictionId = '' }) => predictionsLink(request, projectId, predictionId),
  },
};

/** Types of jobs. */
export const LISTED_JOBS: readonly string[] = Object.keys(KINDS);

/** Types of the jobs that make models. */
export const MODEL_JOBS: readonly string[] = [trainCandidate.type];

/** Types of the jobs that predict. */
export const PREDICT_JOBS: readonly string[] = [predictCandidate.type];

/** A job that clients find by its number. */
export type ListedJob = Job & { readonly number: number };

/** Which jobs are meant: those of some types in a project. */
export interface JobScope {
  readonly projectId: string;
  readonly types: readonly string[];
}

/** Returns null for a job that is not meant, and for one without a number. */
export function asListed(job: Job, { projectId, types }: JobScope): ListedJob | null {
  const { number, type, subject } = job;
  return number !== null && types.includes(type) && subject['projectId'] === projectId ? { ...job, number } : null;
}

/** Returns the service that may abort the job. */
export function ownerOf({ type }: Pick<Job, 'type'>): JobOwner {
  const kind = KINDS[type];
  if (!kind) throw new Error(`jobs of the type ${type} are not listed`);
  return kind.owner;
}

const status = z.enum(Object.values(STATUSES));

/** Without `status`: the jobs that wait or run. */
export const jobsQuery = z.object({ status: status.optional(), ...pagingQuery(0) });

export const jobsOfKindQuery = z.object({ status: status.optional() });

export function statesOf(wanted: z.output<typeof status> | undefined): JobState[] {
  const states = Object.keys(STATUSES) as JobState[];
  return wanted === undefined ? ['queued', 'running'] : states.filter((state) => STATUSES[state] === wanted);
}

export const jobBody = z
  .object({
    /** The number of the job, in digits. */
    id: z.string(),
    status,
    isBlocked: z.boolean(),
    url: z.string(),
    jobType: z.string(),
    projectId: z.string(),
    modelId: z.string(),
    /** Why it failed; empty if it did not. */
    message: z.string(),
  })
  .meta({ id: 'Job' });

export const jobsBody = z
  .object({
    jobs: z.array(jobBody),
    count: z.int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    totalCount: z.int(),
  })
  .meta({ id: 'Jobs' });

export const modelJobBody = jobBody
  .extend({
    blueprintId: z.string(),
    modelType: z.string(),
    processes: z.array(z.string()),
    featurelistId: z.string(),
  })
  .meta({ id: 'ModelJob' });

export function toJobBody(request: FastifyRequest, job: ListedJob): z.output<typeof jobBody> {
  const { type, number, state, subject } = job;
  const { projectId = '', candidateId = '' } = subject;
  return {
    id: String(number),
    status: STATUSES[state],
    isBlocked: false,
    url: jobLink(request, projectId, number),
    jobType: KINDS[type]?.jobType ?? '',
    projectId,
    modelId: candidateId,
    message: failureOf(job) ?? '',
  };
}

export function toModelJobBody(
  request: FastifyRequest,
  job: ListedJob,
  { projectId, blueprint }: ListedCandidate,
): z.output<typeof modelJobBody> {
  const { id: blueprintId, modelType, processes } = blueprint;
  const { featurelistId } = featurelistOfModels(projectId);
  return { ...toJobBody(request, job), blueprintId, modelType, processes, featurelistId };
}

/** Returns the absolute URL of what a completed job made; null for any other job. */
export function jobResultLink(request: FastifyRequest, { type, state, subject }: Job): string | null {
  return state === 'completed' ? (KINDS[type]?.result(request, subject) ?? null) : null;
}
