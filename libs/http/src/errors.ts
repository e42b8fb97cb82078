import type { StandardSchemaV1 } from '@standard-schema/spec';
import { DomainError, type ErrorCode } from '@pentaprism/domain';

/** HTTP statuses that Fastify and Nest raise by themselves, in the domain's terms. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  413: 'PAYLOAD_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  431: 'INVALID_ARGUMENT',
  503: 'UNAVAILABLE',
};

/** A request that is no valid HTTP: 400 in every dialect, whatever it calls a value that is not valid. */
export class MalformedRequest extends DomainError {
  constructor(message: string) {
    super('INVALID_ARGUMENT', message);
  }
}

interface FrameworkError {
  statusCode?: number;
  getStatus?: () => number;
  message?: string;
  code?: string;
}

/**
 * Any failure of a request as a domain error; what cannot be the client's mistake is INTERNAL with its cause.
 * @param bodyType the media types of bodies that the path takes
 */
export function asHttpFailure(error: unknown, bodyType = 'application/json'): DomainError {
  if (DomainError.is(error)) return error;
  const {
    statusCode,
    getStatus,
    message = '',
    code: frameworkCode,
  } = (typeof error === 'object' && error !== null ? error : {}) as FrameworkError;
  const status = statusCode ?? getStatus?.call(error);
  const code = status === undefined ? undefined : (CODES[status] ?? clientsMistake(status));
  if (code === 'NOT_FOUND') return new DomainError('NOT_FOUND', 'There is nothing here.');
  // A parameter longer than any id or name is that of nothing; the messages of both would repeat the whole URL.
  if (status === 414) return new DomainError('NOT_FOUND', 'There is nothing here.');
  if (frameworkCode === 'FST_ERR_BAD_URL') return new DomainError('INVALID_ARGUMENT', 'The URL is not valid.');
  if (code === 'UNSUPPORTED_MEDIA_TYPE') return new DomainError(code, `Send the body as ${bodyType}.`);
  if (code) return new DomainError(code, message || 'The request is not valid.');
  return new DomainError('INTERNAL', 'Something went wrong here.', {}, { cause: error });
}

/** What a framework answers with a status of its own, such as 406 or 417, is no fault of ours either. */
function clientsMistake(status: number): ErrorCode | undefined {
  return status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : undefined;
}

/** The first complaint of a schema, with the name of the field. */
export function schemaFailure(issues: readonly StandardSchemaV1.Issue[]): DomainError {
  const [issue] = issues;
  const field = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  const message = issue?.message ?? 'The request is not valid.';
  return new DomainError('INVALID_ARGUMENT', field ? `${field}: ${message}` : wholeSentence(message), { field });
}

/** Parameters are always members, so that what has no name is a body. */
function wholeSentence(message: string): string {
  return /^(?:must|is|has) /.test(message) ? `The body ${message}.` : message;
}
