import { CONVENTIONAL_STATUSES, type Dialect } from '@pentaprism/http';
import { FiltersModule } from './filters.module.js';
import { FILTERS_BASE, MODALITY_BASE } from './paths.js';

/** DSIO Filters API v1 (images), and sessions of the DSIO Modality API v1. */
export const filtersDialect: Dialect = {
  name: 'filters',
  title: 'DSIO Filters v1',
  basePaths: [`/${FILTERS_BASE}`, `/${MODALITY_BASE}`],
  module: FiltersModule,
  challenge: 'Basic realm="Pentaprism", charset="UTF-8"',
  basicOnly: true,
  statuses: CONVENTIONAL_STATUSES,
  // The original documents no bodies of errors; its client looks at the status alone.
  errorBody: (_status, { code, message, details: { errorId } }) => ({ code, message, ...(errorId ? { errorId } : {}) }),
};
