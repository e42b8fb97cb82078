import type { Type } from '@nestjs/common';
import type { DialectName, DomainError, ErrorCode, Role } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';

/** What there is of a request that an error is written for: of one that breaks half-way, it is all. */
export interface Asked {
  /**
   * The pattern of the matched route, e.g. `/v1/images/:id`, or the base path of the API where no route matched. Only a
   * request that the router cannot read, such as one that is no HTTP, has its own path here.
   */
  readonly path: string;
  readonly headers: FastifyRequest['headers'];
}

/** The role that a route requires; `none` for a route that needs no key. */
export type RequiredRole = Role | 'none';

/** Changes that are written to the audit log. */
export type AuditAction = 'key.create' | 'key.revoke' | 'project.delete';

/** What a route can set with Nest's `@RouteConfig`, beside the settings of its body. */
export interface AccessConfig {
  /** By default the one that the method of the route implies, see `roleForMethod`. */
  readonly role?: RequiredRole;
  /** Requests to the route are written to the audit log under this name. */
  readonly audit?: AuditAction;
  /** Whether the route is a wildcard that says nothing about which paths exist: other methods of its paths are 404, not 405. */
  readonly isFallback?: boolean;
}

/** An HTTP API that the gateway speaks. The gateway asks it how errors look; its module holds its controllers. */
export interface Dialect {
  /** `admin` is Pentaprism's own API: keys, files, health, metrics, documentation. */
  readonly name: DialectName | 'admin';
  readonly title: string;
  /**
   * What belongs to it, e.g. `['/v1']`; the longest prefix wins. A generation of the API whose errors look different has
   * a base path of its own, so that requests that match no route are answered in its shape.
   */
  readonly basePaths: readonly string[];
  /** Its controllers. */
  readonly module: Type;
  /** What `WWW-Authenticate` says: the scheme, and its parameters. */
  readonly challenge: string;
  /** The `Authorization` header has to be HTTP Basic with user and password; otherwise any of the schemes will do. */
  readonly basicOnly?: boolean;
  /** Headers that hold a key in this API, in lower case: they win over `Authorization`. */
  readonly keyHeaders?: readonly string[];
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
  /**
   * Whether a fixed segment of a path, such as `fromFile`, is never an id: a request for it with a method that only the route with the
   * id takes is refused with 405.
   */
  readonly reservesFixedSegments?: boolean;
  /** Each route must declare its role. By default the method implies it. */
  readonly declaresRoles?: boolean;
  /** The role that is required below its base paths where no route matched. By default the method implies it. */
  readonly roleWithoutRoute?: Role;
  /** The base paths below which a path that does not exist is 404 without a key, too. */
  readonly openPaths?: readonly string[];
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
  DATA_LOSS: 500,
  INTERNAL: 500,
};

/** The role that a route requires which declares none: a reader's to read, an editor's for the rest. */
export function roleForMethod(method: string): Role {
  return method === 'GET' || method === 'HEAD' ? 'reader' : 'editor';
}
