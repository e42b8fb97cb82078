import { DomainError } from '@pentaprism/domain';
import { errorCode, storageFull } from '../storage-error.js';

interface ServiceFault {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Codes of servers that have no room left, beside the status 507: MinIO's, Ceph's and those of quotas. */
const FULL: ReadonlySet<string> = new Set([
  'InsufficientStorage',
  'QuotaExceeded',
  'StorageFull',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);

/** Answers that ask for the same request again; RequestTimeTooSkewed because the client has corrected its clock. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
]);

/** The HTTP status of the server's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as ServiceFault | null)?.$metadata?.httpStatusCode;
}

function nameOf(error: unknown): string {
  return String((error as ServiceFault | null)?.name);
}

/** The bucket is there and the object is not. HEAD has no body to tell the two apart. */
export function isMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

/** A condition of the request did not hold: the object is there already, or is another than the one asked for. */
export function isConditionFailed(error: unknown): boolean {
  return statusOf(error) === 412;
}

export function isUnsatisfiableRange(error: unknown): boolean {
  return statusOf(error) === 416;
}

/** Whether the same request may succeed a moment later: no answer, 429, 5xx, or one of `TRANSIENT`. */
export function isTransient(error: unknown): boolean {
  const status = statusOf(error);
  if (status === undefined) return !DomainError.is(error);
  return (status >= 500 && status !== 507) || status === 429 || TRANSIENT.has(nameOf(error));
}

/** What a failed request means to the callers of the port; the cause, which may name a host, goes to the log. */
export function toS3Error(error: unknown): unknown {
  if (DomainError.is(error)) return error;
  const full = statusOf(error) === 507 || FULL.has(nameOf(error)) || errorCode(error) === 'ENOSPC';
  if (full) return storageFull(error);
  return new DomainError('UNAVAILABLE', 'The blob store does not work at the moment.', {}, { cause: error });
}
