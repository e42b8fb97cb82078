import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';

const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'text/csv' };
const DATASET = { datasetId: NOBODY };
const NEW = { name: 'photos.zip', fileName: 'photos.zip' };
const COLUMN = {
  index: 0,
  name: 'image',
  type: 'Image',
  uniqueCount: 1,
  missingCount: 0,
  lowInformation: false,
  statistics: null,
};

/** Of the contracts of datasets. */
export const DATASET_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'training-ingest.v1.dataset.create': [
    // The bytes are not in the blob store, so that the import fails and removes the dataset.
    ok({ ...NEW, source: { kind: 'content', content: CONTENT } }),
    fails('INVALID_ARGUMENT', { ...NEW, source: { kind: 'url', url: 'file:///etc/passwd' } }),
    fails('INVALID_ARGUMENT', { ...NEW, source: { kind: 'url', url: 'http://127.0.0.1:1/' } }),
  ],
  'training-ingest.v1.dataset.get': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.list': [ok({}), ok({ order: 'name', category: 'a', offset: 1, limit: 1 })],
  'training-ingest.v1.dataset.update': [fails('NOT_FOUND', { ...DATASET, name: 'a' })],
  'training-ingest.v1.dataset.delete': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.columns': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.findings': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.images': [fails('NOT_FOUND', { ...DATASET, limit: 1 })],
  'training-ingest.v1.dataset.import-state': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.fetch': [fails('NOT_FOUND', DATASET)],
  'training-ingest.v1.dataset.fetch-image': [fails('NOT_FOUND', { ...DATASET, url: 'http://127.0.0.1:1/' })],
  'training-ingest.v1.dataset.record-columns': [fails('NOT_FOUND', { ...DATASET, columns: [COLUMN] })],
  'training-ingest.v1.dataset.record-survey': [
    fails('NOT_FOUND', { ...DATASET, rowCount: 1, columnCount: 1, hasImages: true, table: CONTENT }),
  ],
  'training-ingest.v1.dataset.record-rows': [
    fails('NOT_FOUND', { ...DATASET, after: 0, last: 1, images: [], findings: [] }),
  ],
  'training-ingest.v1.dataset.record-findings': [fails('NOT_FOUND', { ...DATASET, part: 0, findings: [] })],
};
