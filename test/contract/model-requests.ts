import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';

const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/png' };
const ITERATION = { projectId: NOBODY, iterationId: NOBODY };
const PREDICT = { projectId: NOBODY, maxBytes: 10, store: false, application: null };
const TRAIN = { projectId: NOBODY, force: false, selectedTags: [], trainingType: null, reservedBudgetInHours: 0 };
const EMBEDDING = { sha256: 'cd'.repeat(32), vector: 'AACAPw==' };

/** Of the contracts of models, and of what they are made from. */
export const MODEL_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'training-ingest.v1.training-image.add': [
    fails('NOT_FOUND', {
      projectId: NOBODY,
      tagIds: [],
      images: [{ fileName: 'a.png', source: { kind: 'content', content: CONTENT }, tagIds: [] }],
    }),
    fails('NOT_FOUND', {
      projectId: NOBODY,
      tagIds: [NOBODY],
      images: [{ fileName: '', source: { kind: 'url', url: 'http://127.0.0.1:1/' }, tagIds: [] }],
    }),
  ],
  'training-ingest.v1.project.delete': [fails('NOT_FOUND', { projectId: NOBODY })],
  'training-ingest.v1.iteration.train': [fails('NOT_FOUND', TRAIN)],
  'training-ingest.v1.iteration.list': [fails('NOT_FOUND', { projectId: NOBODY })],
  'training-ingest.v1.iteration.tags': [fails('NOT_FOUND', ITERATION)],
  'training-ingest.v1.iteration.get': [fails('NOT_FOUND', ITERATION)],
  'training-ingest.v1.iteration.update': [fails('NOT_FOUND', { ...ITERATION, name: 'a' })],
  'training-ingest.v1.iteration.delete': [fails('NOT_FOUND', ITERATION)],
  'training-ingest.v1.iteration.publish': [
    fails('NOT_FOUND', { ...ITERATION, name: 'a', target: 'b', overwrite: false }),
  ],
  'training-ingest.v1.iteration.unpublish': [fails('NOT_FOUND', ITERATION)],
  'training-ingest.v1.iteration.performance': [fails('NOT_FOUND', { ...ITERATION, threshold: 0.5 })],
  'training-ingest.v1.iteration.image-performances': [
    fails('NOT_FOUND', { ...ITERATION, order: 'newest', offset: 0, limit: 10 }),
  ],
  'training-ingest.v1.iteration.export': [fails('NOT_FOUND', { ...ITERATION, platform: 'onnx' })],
  'training-ingest.v1.iteration.exports': [fails('NOT_FOUND', ITERATION)],
  'training-ingest.v1.prediction.predict': [
    fails('NOT_FOUND', { ...PREDICT, iteration: { id: NOBODY }, source: { kind: 'content', content: CONTENT } }),
    fails('NOT_FOUND', { ...PREDICT, iteration: { publishName: 'a' }, source: { kind: 'url', url: 'x' } }),
    fails('NOT_FOUND', { ...PREDICT, iteration: null, source: { kind: 'content', content: CONTENT } }),
  ],
  'training-ingest.v1.prediction.query': [
    fails('NOT_FOUND', { projectId: NOBODY, order: 'newest', limit: 10 }),
    fails('NOT_FOUND', { projectId: NOBODY, order: 'oldest', limit: 10, continuation: '1.2' }),
  ],
  'training-ingest.v1.prediction.delete-many': [fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY] })],
  'insights.v1.embedding.get-many': [ok({ backbone: 'a', hashes: [EMBEDDING.sha256] })],
  'insights.v1.embedding.record': [
    ok({ backbone: 'a', embeddings: [EMBEDDING] }),
    fails('INVALID_ARGUMENT', { backbone: 'a', embeddings: [{ ...EMBEDDING, vector: 'no base64' }] }),
  ],
  'insights.v1.similar-image.near-duplicates': [
    fails('NOT_FOUND', { projectId: NOBODY, threshold: 12, limit: 100 }),
    fails('NOT_FOUND', { projectId: NOBODY, column: 'other', threshold: 0, offset: 5, limit: 1 }),
    fails('INVALID_ARGUMENT', { projectId: NOBODY, threshold: 13, limit: 1 }),
  ],
  'insights.v1.similar-image.similar': [fails('NOT_FOUND', { projectId: NOBODY, imageId: NOBODY, limit: 100 })],
  'insights.v1.similar-image.similar-to-upload': [
    fails('NOT_FOUND', {
      projectId: NOBODY,
      content: { sha256: EMBEDDING.sha256, size: 5, mediaType: 'image/png' },
      limit: 1,
    }),
  ],
  'worker.v1.backbone.get': [ok({})],
  'worker.v1.content.embed': [
    fails('NOT_FOUND', { content: CONTENT, area: 'originals' }),
    fails('INVALID_ARGUMENT', { content: CONTENT, area: 'samples' }),
  ],
};
