import type { Type } from '@nestjs/common';
import type { DialectName, DomainError, ErrorCode, Role } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';

/** An HTTP API that the gateway speaks. The gateway asks it how errors look; its module holds its controllers. */
export interface Dialect {
  /** `admin` is Pentaprism's own API: keys, files, health, metrics, documentation. */
  readonly name: DialectName | 'admin';
  readonly title: string;
  /** What belongs to it, e.g. `['/v1']`; the longest prefix wins. */
  readonly basePaths: readonly string[];
  /** Its controllers. */
  readonly module: Type;
  /** The scheme named in `WWW-Authenticate`. */
  readonly challenge: string;
  /** Exhaustive: a new error code does not compile until every dialect has a status for it. */
  readonly statuses: Readonly<Record<ErrorCode, number>>;
  /** A status that this request's clients can bear better than the one of the table. */
  statusFor?(error: DomainError, request: FastifyRequest): number | undefined;
  errorBody(status: number, error: DomainError, request: FastifyRequest): object;
  /** The role that a request needs; by default a reader's for GET, an editor's for the rest. */
  roleFor?(method: string, path: string): Role;
}

/** The role that requests of most dialects need. */
export function roleForMethod(method: string): Role {
  return method === 'GET' || method === 'HEAD' ? 'reader' : 'editor';
}
