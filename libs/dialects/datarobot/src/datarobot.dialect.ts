import type { DomainError } from '@pentaprism/domain';
import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { DatarobotModule } from './datarobot.module.js';
import { toErrorBody } from './wire/error.js';

const statuses: Dialect['statuses'] = {
  // RATE_LIMITED, UNAVAILABLE and DEADLINE_EXCEEDED are among them: the client repeats these requests by itself, which
  // is right, since the same request may succeed a moment later.
  ...CONVENTIONAL_STATUSES,
  INVALID_ARGUMENT: 422,
  FAILED_PRECONDITION: 422,
  // The client repeats a 413 ten times over a hundred seconds before it tells its user.
  PAYLOAD_TOO_LARGE: 422,
};

/** Statuses after which the client sends a request again, with an empty body where that was a stream. */
const REPEATED_BY_CLIENT: ReadonlySet<number> = new Set([413, 429, 502, 503, 504]);

/** DataRobot's Images API v2, and what its Python client needs to reach it. */
export const datarobotDialect: Dialect = {
  name: 'datarobot',
  title: 'DataRobot Images API v2',
  basePaths: ['/api/v2'],
  module: DatarobotModule,
  challenge: 'Bearer',
  statuses,
  statusFor,
  errorBody: (_status, error) => toErrorBody(error),
  reservesFixedSegments: true,
};

function statusFor(error: DomainError, request: FastifyRequest): number | undefined {
  // What DataRobot answers where an augmentation list that is in use was to be deleted.
  if (error.code === 'FAILED_PRECONDITION' && isDeletionOfList(request)) return 400;
  // The client would repeat an upload without its bytes, and both sides would wait for each other.
  return isUpload(request) && REPEATED_BY_CLIENT.has(statuses[error.code]) ? 422 : undefined;
}

function isDeletionOfList({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'DELETE' && /^\/api\/v2\/imageAugmentationLists\//.test(routeOptions.url ?? '');
}

function isUpload({ method, headers }: FastifyRequest): boolean {
  return method === 'POST' && /^multipart\//i.test(headers['content-type'] ?? '');
}
