import type { Dialect } from '@pentaprism/http';
import { TaggedImagesModule } from './tagged-images.module.js';

/** Tagged Image Manager v1.0.0. */
export const taggedImagesDialect: Dialect = {
  name: 'tagged-images',
  title: 'Tagged Image Manager v1.0.0',
  basePaths: ['/v1'],
  module: TaggedImagesModule,
  challenge: 'Bearer',
  statuses: {
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
    DEADLINE_EXCEEDED: 504,
    STORAGE_FULL: 507,
    INTERNAL: 500,
  },
  errorBody: (status, { message }) => ({ code: status, message }),
};
