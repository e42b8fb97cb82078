import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import { TaggedImagesModule } from './tagged-images.module.js';

/** Tagged Image Manager v1.0.0. */
export const taggedImagesDialect: Dialect = {
  name: 'tagged-images',
  title: 'Tagged Image Manager v1.0.0',
  basePaths: ['/v1'],
  module: TaggedImagesModule,
  challenge: 'Bearer',
  statuses: CONVENTIONAL_STATUSES,
  errorBody: (status, { message }) => ({ code: status, message }),
};
