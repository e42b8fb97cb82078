import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';

const PROJECT = { projectId: NOBODY };
const EMBEDDINGS = { ...PROJECT, kind: 'embeddings' };
const CANDIDATE = { ...EMBEDDINGS, candidateId: NOBODY };
const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/jpeg' };
const OVERLAY = {
  imageId: NOBODY,
  content: CONTENT,
  width: 1,
  height: 1,
  map: { rows: 1, columns: 1, values: 'AA==' },
};

/** Of the contracts of insights about the images of candidates. */
export const INSIGHT_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'insights.v1.image-insight.compute': [fails('NOT_FOUND', CANDIDATE)],
  'insights.v1.image-insight.computed': [fails('NOT_FOUND', EMBEDDINGS)],
  'insights.v1.image-insight.get': [fails('NOT_FOUND', { ...CANDIDATE, column: 'image' })],
  'insights.v1.image-insight.overlay': [fails('NOT_FOUND', { ...PROJECT, imageId: NOBODY })],
  'insights.v1.image-insight.positions': [ok({ key: 'ab'.repeat(32) })],
  'insights.v1.image-insight.record-overlays': [fails('NOT_FOUND', { jobId: NOBODY, column: 0, overlays: [OVERLAY] })],
  'insights.v1.image-insight.recorded-overlays': [fails('NOT_FOUND', { jobId: NOBODY, column: 0, after: null })],
};
