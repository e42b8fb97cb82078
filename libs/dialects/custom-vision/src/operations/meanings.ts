import {
  iterationContracts,
  predictionContracts,
  projectContracts,
  tagContracts,
  taggingContracts,
  trainingIngestContracts,
  type Rpc,
} from '@pentaprism/contracts';
import type { DomainError, ErrorCode } from '@pentaprism/domain';
import type { Refusal } from '../wire/codes.js';

/** The original's name for an error, and its words where clients look at them. */
export type Meaning = Refusal | readonly [Refusal, string];
/** By the domain's code, or by code and `reason`, which counts more. */
type Meanings = Partial<Record<ErrorCode | `${ErrorCode}:${string}`, Meaning>>;

/** Clients tell by this text that they may go on with the iteration that they have. */
const UNCHANGED = 'Nothing changed since last training';
const NO_SUCH_ITERATION: Meaning = ['NotFoundIteration', 'Invalid iteration'];
/** npm's client repeats a request after a 5xx without thinking, and after a 429 when it is told to. */
const BUSY: Meanings = { DEADLINE_EXCEEDED: 'TooManyRequests' };

const iteration: Meanings = { NOT_FOUND: NO_SUCH_ITERATION };
const notTrained: Meanings = { ...iteration, FAILED_PRECONDITION: 'BadRequestIterationIsNotTrained' };

/**
 * What a service's error means where this dialect asked: the one place that knows. NOT_FOUND of a project is found out by
 * asking again, see `Services`.
 */
const BY_SUBJECT: Readonly<Record<string, Meanings>> = {
  [projectContracts.create.subject]: {
    CONFLICT: 'BadRequestProjectNameNotUnique',
    FAILED_PRECONDITION: 'BadRequestExceedProjectLimit',
    INVALID_ARGUMENT: 'BadRequestProjectName',
  },
  [projectContracts.update.subject]: {
    CONFLICT: 'BadRequestProjectNameNotUnique',
    FAILED_PRECONDITION: 'BadRequestProjectName',
    INVALID_ARGUMENT: 'BadRequestProjectName',
  },
  [trainingIngestContracts.deleteProject.subject]: {
    'FAILED_PRECONDITION:published': 'BadRequestIterationIsPublished',
    FAILED_PRECONDITION: 'BadRequestWorkspaceNotDeletable',
  },
  [tagContracts.create.subject]: {
    CONFLICT: 'BadRequestTagNameNotUnique',
    FAILED_PRECONDITION: 'BadRequestExceedTagPerProjectLimit',
    INVALID_ARGUMENT: 'BadRequestTagName',
  },
  [tagContracts.update.subject]: {
    NOT_FOUND: 'NotFoundTag',
    'CONFLICT:changed': 'Conflict',
    CONFLICT: 'BadRequestTagNameNotUnique',
    FAILED_PRECONDITION: 'BadRequestNegativeAndRegularTagOnSameImage',
    INVALID_ARGUMENT: 'BadRequestTagName',
  },
  [tagContracts.get.subject]: { NOT_FOUND: 'NotFoundTag' },
  [tagContracts.delete.subject]: { NOT_FOUND: 'NotFoundTag' },
  [taggingContracts.tagImages.subject]: {
    NOT_FOUND: ['BadRequestInvalidIds', 'An image or a tag does not exist in the project.'],
    INVALID_ARGUMENT: 'BadRequestInvalidIds',
    FAILED_PRECONDITION: 'BadRequestNegativeAndRegularTagOnSameImage',
  },
  [trainingIngestContracts.addImages.subject]: BUSY,
  [iterationContracts.get.subject]: iteration,
  [iterationContracts.tags.subject]: iteration,
  [iterationContracts.train.subject]: {
    'INVALID_ARGUMENT:several-tags': 'BadRequestMultiClassClassificationTrainingValidationFailed',
    'INVALID_ARGUMENT:too-few-tags': ['BadRequestTrainingValidationFailed', 'Not enough images for training'],
    'INVALID_ARGUMENT:too-few-images': ['BadRequestTrainingValidationFailed', 'Not enough images for training'],
    INVALID_ARGUMENT: 'BadRequestTrainingValidationFailed',
    CONFLICT: 'BadRequestTrainingAlreadyInProgress',
    'FAILED_PRECONDITION:too-many': 'BadRequestExceedIterationPerProjectLimit',
    FAILED_PRECONDITION: ['BadRequestTrainingNotNeeded', UNCHANGED],
    RATE_LIMITED: 'TooManyRequests',
  },
  [iterationContracts.update.subject]: notTrained,
  [iterationContracts.delete.subject]: { ...iteration, FAILED_PRECONDITION: 'BadRequestIterationIsPublished' },
  [iterationContracts.publish.subject]: {
    ...iteration,
    CONFLICT: 'BadRequestInvalidPublishName',
    'FAILED_PRECONDITION:published': 'BadRequestIterationIsPublished',
    FAILED_PRECONDITION: 'BadRequestIterationIsNotTrained',
  },
  [iterationContracts.unpublish.subject]: iteration,
  [iterationContracts.performance.subject]: notTrained,
  [iterationContracts.imagePerformances.subject]: notTrained,
  [iterationContracts.export.subject]: {
    ...notTrained,
    'FAILED_PRECONDITION:not-trained': 'BadRequestIterationIsNotTrained',
    FAILED_PRECONDITION: 'BadRequestExportValidationFailed',
  },
  [iterationContracts.exports.subject]: iteration,
  [predictionContracts.predict.subject]: {
    ...BUSY,
    'NOT_FOUND:no-default': 'NotFoundProjectDefaultIteration',
    NOT_FOUND: NO_SUCH_ITERATION,
    FAILED_PRECONDITION: 'BadRequestIterationIsNotTrained',
    INVALID_ARGUMENT: 'BadRequestImageUrl',
    PAYLOAD_TOO_LARGE: 'BadRequestImageSizeBytes',
    UNDECODABLE_IMAGE: 'BadRequestImageFormat',
    RATE_LIMITED: 'TooManyRequests',
  },
  [predictionContracts.query.subject]: { INVALID_ARGUMENT: 'BadRequestPredictionInvalidQueryParameters' },
};

/** @returns undefined where the domain's own words will do */
export function meaningOf(rpc: Rpc, { code, details }: DomainError): Meaning | undefined {
  const meanings = BY_SUBJECT[rpc.subject];
  const { reason } = details;
  return (typeof reason === 'string' ? meanings?.[`${code}:${reason}`] : undefined) ?? meanings?.[code];
}
