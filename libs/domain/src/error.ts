/**
 * Everything below the HTTP edge fails with a `DomainError`. Its code says what happened in terms of the domain;
 * only a dialect knows which HTTP status and body its clients expect for it.
 */
export const ERROR_CODES = [
  /** The request contradicts a schema or a rule. */
  'INVALID_ARGUMENT',
  /** No valid API key or signature was presented. */
  'UNAUTHENTICATED',
  /** The key is valid and its role does not suffice. */
  'PERMISSION_DENIED',
  /** Nothing with this id exists in the caller's workspace. */
  'NOT_FOUND',
  /** The path exists, but not with this method. */
  'METHOD_NOT_ALLOWED',
  /** The thing exists already, or changed since it was read. */
  'CONFLICT',
  /** The state of the thing forbids the operation (a list in use cannot be deleted). */
  'FAILED_PRECONDITION',
  /** More bytes than the named limit allows. */
  'PAYLOAD_TOO_LARGE',
  /** The body is in a media type that the operation does not take. */
  'UNSUPPORTED_MEDIA_TYPE',
  /** The bytes are no image that can be decoded here; permanent for these bytes. */
  'UNDECODABLE_IMAGE',
  /** The caller exceeded a rate or job limit. */
  'RATE_LIMITED',
  /** A part of the system does not answer; the same request may succeed later. */
  'UNAVAILABLE',
  /** Another system that had to be asked, such as a device, is down or answers nonsense. */
  'UPSTREAM_FAILED',
  /** The deadline of the call passed. */
  'DEADLINE_EXCEEDED',
  /** The free space of the blob store is below its floor. */
  'STORAGE_FULL',
  /** Stored bytes are damaged or missing. The same request fails until the bytes are stored again. */
  'DATA_LOSS',
  /** A defect: the log has the details under the error id. */
  'INTERNAL',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Something else is away for a while: trying again costs nothing but time, and giving up would be wrong. */
const OUTAGES: ReadonlySet<string> = new Set<ErrorCode>([
  'UNAVAILABLE',
  'UPSTREAM_FAILED',
  'DEADLINE_EXCEEDED',
  'STORAGE_FULL',
]);

/** Whether an error of this code says that something else is away, rather than that the work itself fails. */
export function isOutage(code: string): boolean {
  return OUTAGES.has(code);
}

/** Facts about an error that a client may see: JSON values only. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Codes after which the same request may succeed: the queue retries these and no others. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'UNAVAILABLE',
  'UPSTREAM_FAILED',
  'DEADLINE_EXCEEDED',
  'STORAGE_FULL',
  // A read may fail for a moment, and the bytes may be repaired meanwhile.
  'DATA_LOSS',
  'INTERNAL',
]);

export class DomainError extends Error {
  override readonly name = 'DomainError';

  /**
   * @param code what happened
   * @param message one sentence for the client; it never names a host, a path or a stack
   * @param details JSON facts for the client, such as the field that was wrong
   * @param options `cause` is logged and never shown
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  /**
   * Recognises a `DomainError` by its shape, since `instanceof` fails across realms (a test runner's, a worker's).
   */
  static is(error: unknown, code?: ErrorCode): error is DomainError {
    if (typeof error !== 'object' || error === null || (error as Error).name !== 'DomainError') return false;
    return code === undefined || (error as DomainError).code === code;
  }
}
