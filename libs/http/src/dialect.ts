import type { Type } from '@nestjs/common';
import type { DialectName, DomainError, ErrorCode, Role } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';

/** What there is of a request that an error is written for: of one that breaks half-way, it is all. */
export type Asked = Pick<FastifyRequest, 'url' | 'headers'>;

/** An HTTP API that the gateway speaks. The gateway asks it how errors look; its module holds its controllers. */
export interface Dialect {
  /** `admin` is Pentaprism's own API: keys, files, health, metrics, documentation. */
  readonly name: DialectName | 'admin';
  readonly title: string;
  /** What belongs to it, e.g. `['/v1']`; the longest prefix wins. */
  readonly basePaths: readonly string[];
  /** Its controllers. */
  readonly module: Type;
  /** What `WWW-Authenticate` says: the scheme, and its parameters. */
  readonly challenge: string;
  /** The `Authorization` header has to be HTTP Basic with user and password; otherwise any of the schemes will do. */
  readonly basicOnly?: boolean;
  /** Exhaustive: a new error code does not compile until every dialect has a status for it. */
  readonly statuses: Readonly<Record<ErrorCode, number>>;
  /** A status that this request's clients can bear better than the one of the table. */
  statusFor?(error: DomainError, request: FastifyRequest): number | undefined;
  errorBody(status: number, error: DomainError, request: Asked): object;
  /** Writes the body of an error where that is not JSON, or not called `application/json`. */
  writeError?(body: object, request: Asked): { readonly type: string; readonly text: string };
  /**
   * The one spelling of a URL that routes are matched with, for an API whose paths have several; undefined for what is
   * not its own. Nothing may be decoded in it.
   */
  canonicalUrl?(url: string): string | undefined;
  /** The role that a request needs; by default a reader's for GET, an editor's for the rest. */
  roleFor?(method: string, path: string): Role;
}

/** What HTTP itself calls each error: for dialects whose original says nothing else. */
export const CONVENTIONAL_STATUSES: Dialect['statuses'] = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  FAILED_PRECONDITION: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNDECODABLE_IMAGE: 422,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  UPSTREAM_FAILED: 502,
  DEADLINE_EXCEEDED: 504,
  STORAGE_FULL: 507,
  INTERNAL: 500,
};

/** The role that requests of most dialects need. */
export function roleForMethod(method: string): Role {
  return method === 'GET' || method === 'HEAD' ? 'reader' : 'editor';
}
