/**
 * The images of the DSIO Filters API v1 below `/api/dsio/filters/v1`, and a subset of the DSIO Modality API v1 below
 * `/api/dsio/modality/v1` for installations without a device; what is served and how is in `http_api.md` beside this
 * library.
 */
export { filtersDialect } from './filters.dialect.js';
