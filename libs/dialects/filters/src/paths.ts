/** Where the vendor's services live, on any host. */
export const FILTERS_BASE = 'api/dsio/filters/v1';
export const MODALITY_BASE = 'api/dsio/modality/v1';
