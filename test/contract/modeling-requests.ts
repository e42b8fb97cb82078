import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';

const PROJECT = { projectId: NOBODY };
const TARGET = { ...PROJECT, jobId: NOBODY };
const PAGE = { ...PROJECT, limit: 1 };
const IMAGE = { column: 1, sha256: 'ab'.repeat(32), value: 'cat', position: 0, place: 0, rows: 1 };
const BIN = { column: 1, order: 0, label: 'cat', start: null, end: null, rows: 1, images: 1, firstPlace: 0, cover: 0 };
const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/png' };
const ROW = { ...CONTENT, imageId: NOBODY, fileName: 'a.png', width: 1, height: 1 };
const CANDIDATE = { ...PROJECT, candidateId: NOBODY };
const PREDICTION_DATASET = { ...PROJECT, predictionDatasetId: NOBODY };
const PREDICTION = { ...PROJECT, predictionId: NOBODY };
const FINDING = { kind: 'leakage', row: 2, column: 'image', file: null, message: 'the same bytes', order: 0 };
const NEW = { kind: 'new', fileName: 'photos.zip' };

/** Of the contracts of projects as tables. */
export const MODELING_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'training-ingest.v1.modeling.create': [
    fails('NOT_FOUND', { source: { kind: 'dataset', datasetId: NOBODY } }),
    fails('INVALID_ARGUMENT', { source: { ...NEW, source: { kind: 'url', url: 'http://127.0.0.1:1/' } } }),
    // The bytes are not in the blob store, so that the import fails and removes what was created.
    ok({
      name: 'contracts',
      source: {
        ...NEW,
        source: { kind: 'content', content: { sha256: 'ab'.repeat(32), size: 5, mediaType: 'text/csv' } },
      },
    }),
  ],
  'training-ingest.v1.modeling.describe': [ok({ projectIds: [] }), ok({ projectIds: [NOBODY] })],
  'training-ingest.v1.modeling.update': [fails('NOT_FOUND', { ...PROJECT, holdoutUnlocked: true })],
  'training-ingest.v1.modeling.of-dataset': [fails('NOT_FOUND', { datasetId: NOBODY })],
  'training-ingest.v1.modeling.columns': [fails('NOT_FOUND', PROJECT)],
  'training-ingest.v1.modeling.findings': [fails('NOT_FOUND', PROJECT)],
  'training-ingest.v1.modeling.contents': [
    ok({ ...PAGE, known: 'x' }),
    ok({ ...PAGE, column: 'image' }),
    fails('NOT_FOUND', { ...PAGE, column: 'other' }),
  ],
  'training-ingest.v1.modeling.images': [
    fails('NOT_FOUND', PAGE),
    fails('NOT_FOUND', { ...PAGE, column: 'image' }),
    fails('NOT_FOUND', { ...PAGE, column: 'other' }),
  ],
  'training-ingest.v1.modeling.duplicates': [
    fails('NOT_FOUND', { ...PAGE, column: 'image' }),
    fails('NOT_FOUND', { ...PAGE, column: 'other' }),
  ],
  'training-ingest.v1.modeling.image': [fails('NOT_FOUND', { ...PROJECT, imageId: NOBODY })],
  'training-ingest.v1.modeling.open': [fails('NOT_FOUND', { ...PROJECT, imported: false })],
  'training-ingest.v1.modeling.add-images': [fails('NOT_FOUND', PROJECT)],
  'training-ingest.v1.candidate.train': [fails('NOT_FOUND', { ...PROJECT, blueprintId: 'keras-linear-classifier' })],
  'training-ingest.v1.candidate.train-all': [fails('NOT_FOUND', PROJECT)],
  'training-ingest.v1.candidate.list': [
    fails('NOT_FOUND', PROJECT),
    fails('NOT_FOUND', { ...PROJECT, state: 'trained' }),
  ],
  'training-ingest.v1.candidate.get': [fails('NOT_FOUND', CANDIDATE)],
  'training-ingest.v1.candidate.delete': [fails('NOT_FOUND', CANDIDATE)],
  'training-ingest.v1.candidate.blueprints': [fails('NOT_FOUND', PROJECT)],
  'training-ingest.v1.candidate.plan': [fails('NOT_FOUND', CANDIDATE)],
  'training-ingest.v1.candidate.images': [fails('NOT_FOUND', { ...PAGE, column: 0 })],
  'training-ingest.v1.prediction-dataset.create': [
    fails('NOT_FOUND', { ...PROJECT, source: { kind: 'dataset', datasetId: NOBODY } }),
  ],
  'training-ingest.v1.prediction-dataset.list': [fails('NOT_FOUND', PAGE)],
  'training-ingest.v1.prediction-dataset.get': [fails('NOT_FOUND', PREDICTION_DATASET)],
  'training-ingest.v1.prediction-dataset.delete': [fails('NOT_FOUND', PREDICTION_DATASET)],
  'training-ingest.v1.table-prediction.predict': [fails('NOT_FOUND', { ...PREDICTION_DATASET, candidateId: NOBODY })],
  'training-ingest.v1.table-prediction.get': [fails('NOT_FOUND', PREDICTION)],
  'training-ingest.v1.table-prediction.plan': [fails('NOT_FOUND', PREDICTION)],
  'training-ingest.v1.table-prediction.images': [fails('NOT_FOUND', { ...PREDICTION, limit: 1 })],
  'training-ingest.v1.target.set': [fails('NOT_FOUND', { ...PROJECT, column: 'class', mode: 'manual' })],
  'training-ingest.v1.target.images': [fails('NOT_FOUND', PAGE)],
  'training-ingest.v1.target.of-image': [ok({ ...PROJECT, imageId: NOBODY })],
  'training-ingest.v1.target.bins': [fails('NOT_FOUND', { ...PAGE, column: 'image' })],
  'training-ingest.v1.target.begin': [fails('NOT_FOUND', TARGET)],
  'training-ingest.v1.target.record-rows': [fails('NOT_FOUND', { ...TARGET, after: 0, rows: [ROW] })],
  'training-ingest.v1.target.clear': [fails('NOT_FOUND', TARGET)],
  'training-ingest.v1.target.row-images': [fails('NOT_FOUND', PAGE)],
  'training-ingest.v1.target.record-images': [fails('NOT_FOUND', { ...TARGET, images: [IMAGE] })],
  'training-ingest.v1.target.record-bins': [fails('NOT_FOUND', { ...TARGET, bins: [BIN] })],
  'training-ingest.v1.target.record-findings': [fails('NOT_FOUND', { ...TARGET, findings: [FINDING] })],
  'training-ingest.v1.target.finish': [
    fails('NOT_FOUND', { ...TARGET, images: {}, positiveClass: null, findings: {} }),
  ],
  'training-ingest.v1.target.tag-images': [
    fails('NOT_FOUND', { ...TARGET, taggings: [{ sha256: IMAGE.sha256, tags: ['cat'] }] }),
  ],
};
