import type { Dialect } from '@pentaprism/http';
import { AdminModule } from './admin.module.js';

/** Pentaprism's own API: keys, health, metrics, documentation, and the files behind signed URLs. */
export const adminDialect: Dialect = {
  name: 'admin',
  title: 'Pentaprism administration',
  basePaths: ['/keys', '/health', '/metrics', '/docs', '/files'],
  module: AdminModule,
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
  errorBody: (status, { code, message, details }) => ({ code: status, message, error: code, details }),
  roleFor: () => 'owner',
};
