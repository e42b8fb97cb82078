import { DomainError, type ErrorCode } from '@pentaprism/domain';

/** What the original calls its errors, as far as this one has them. */
export const REFUSALS = [
  'BadRequest',
  'BadRequestExceededBatchSize',
  'BadRequestExceededQuota',
  'BadRequestExceedIterationPerProjectLimit',
  'BadRequestExceedProjectLimit',
  'BadRequestExceedTagPerProjectLimit',
  'BadRequestExportAlreadyInProgress',
  'BadRequestExportValidationFailed',
  'BadRequestImageBatch',
  'BadRequestImageFormat',
  'BadRequestImageMetadataKey',
  'BadRequestImageMetadataValue',
  'BadRequestImageSizeBytes',
  'BadRequestImageUrl',
  'BadRequestInvalidIds',
  'BadRequestInvalidPublishName',
  'BadRequestInvalidPublishTarget',
  'BadRequestIterationIsNotTrained',
  'BadRequestIterationIsPublished',
  'BadRequestIterationName',
  'BadRequestMultiClassClassificationTrainingValidationFailed',
  'BadRequestNegativeAndRegularTagOnSameImage',
  'BadRequestOperationNotSupported',
  'BadRequestPredictionInvalidApplicationName',
  'BadRequestPredictionInvalidQueryParameters',
  'BadRequestPredictionResultsExceededCount',
  'BadRequestProjectDescription',
  'BadRequestProjectName',
  'BadRequestProjectNameNotUnique',
  'BadRequestProjectUnknownClassification',
  'BadRequestRequiredParamIsNull',
  'BadRequestTagDescription',
  'BadRequestTagName',
  'BadRequestTagNameNotUnique',
  'BadRequestTagType',
  'BadRequestTrainingAlreadyInProgress',
  'BadRequestTrainingNotNeeded',
  'BadRequestTrainingValidationFailed',
  'BadRequestWorkspaceCannotBeModified',
  'BadRequestWorkspaceNotDeletable',
  'Conflict',
  'NotFound',
  'NotFoundDomain',
  'NotFoundImage',
  'NotFoundIteration',
  'NotFoundProject',
  'NotFoundProjectDefaultIteration',
  'NotFoundTag',
  'TooManyRequests',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/**
 * An error that this dialect knows the name of.
 *
 * @param cause kept for the log
 */
export function refusal(name: Refusal, message: string, cause?: unknown): DomainError {
  const details = { wireCode: name, ...(name === 'TooManyRequests' ? { retryAfter: RETRY_AFTER } : {}) };
  return new DomainError(domainCodeOf(name), message, details, { cause });
}

/** Seconds after which clients may try again when all workers are busy. */
const RETRY_AFTER = 10;

function domainCodeOf(name: Refusal): ErrorCode {
  if (name === 'TooManyRequests') return 'RATE_LIMITED';
  if (name === 'Conflict') return 'CONFLICT';
  return name.startsWith('NotFound') ? 'NOT_FOUND' : 'INVALID_ARGUMENT';
}

/** What an error is called that only the domain has a name for. */
export const CODES: Readonly<Record<ErrorCode, string>> = {
  INVALID_ARGUMENT: 'BadRequest',
  UNAUTHENTICATED: 'Unauthorized',
  PERMISSION_DENIED: 'Forbidden',
  NOT_FOUND: 'NotFound',
  METHOD_NOT_ALLOWED: 'MethodNotAllowed',
  CONFLICT: 'Conflict',
  FAILED_PRECONDITION: 'BadRequest',
  PAYLOAD_TOO_LARGE: 'PayloadTooLarge',
  UNSUPPORTED_MEDIA_TYPE: 'UnsupportedMediaType',
  UNDECODABLE_IMAGE: 'BadRequestImageFormat',
  RATE_LIMITED: 'TooManyRequests',
  UNAVAILABLE: 'ServiceUnavailable',
  UPSTREAM_FAILED: 'ErrorUnknown',
  DEADLINE_EXCEEDED: 'ErrorServerTimeOut',
  STORAGE_FULL: 'ErrorUnknown',
  DATA_LOSS: 'ErrorUnknown',
  INTERNAL: 'ErrorUnknown',
};

export function codeOf({ code, details }: DomainError): string {
  return typeof details['wireCode'] === 'string' ? details['wireCode'] : CODES[code];
}
