import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import { AdminModule } from './admin.module.js';

/** Pentaprism's own API: keys, health, metrics, documentation, and the files behind signed URLs. */
export const adminDialect: Dialect = {
  name: 'admin',
  title: 'Pentaprism administration',
  basePaths: ['/keys', '/health', '/metrics', '/docs', '/files'],
  module: AdminModule,
  challenge: 'Bearer',
  statuses: CONVENTIONAL_STATUSES,
  errorBody: (status, { code, message, details }) => ({ code: status, message, error: code, details }),
  declaresRoles: true,
  openPaths: ['/health', '/metrics', '/docs', '/files'],
};
