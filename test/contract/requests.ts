import { JOB_OWNERS, SERVICES } from '@pentaprism/contracts';
import { createHash } from 'node:crypto';
import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';
import { DATASET_REQUESTS } from './dataset-requests.js';
import { EVENT_LOG_REQUESTS } from './event-log-requests.js';
import { INSIGHT_REQUESTS } from './insight-requests.js';
import { PUSHED_LOG_REQUESTS } from './pushed-log-requests.js';
import { MODELING_REQUESTS } from './modeling-requests.js';
import { MODEL_REQUESTS } from './model-requests.js';

/** The first key of the installation. */
export const OWNER_KEY = 'contract-test.0123456789abcdef0123456789abcdef';
/** Bytes that are in the blob store; all others are missing there. */
export const STORED = Buffer.from('no picture');
const describe = (bytes: Buffer) => ({ sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length });

const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'application/octet-stream' };
const RADIOGRAPH_INFO = { binning: 'unbinned', lut: { gamma: 2.3, totalGrays: 4096 } };
const SESSION_IMAGE = { sessionId: 'unheard-of', imageId: 'nobody' };
const RECIPE = { transformationProbability: 1, numberOfNewImages: 1, transformations: [{ name: 'rotation' }] };
const PROJECT = {
  name: 'contracts',
  description: '',
  training: { domain: 'general', classificationType: 'multilabel', exportPlatforms: [] },
};
const LIST = { name: 'list', featureName: 'image', initialList: false, ...RECIPE };

/** What workers report about a job that nobody has: nothing of it may be believed, and nothing may break. */
const reports = (owner: string): [string, ContractRequest[]][] => [
  [`${owner}.v1.job.start`, [ok({ jobId: NOBODY, worker: 'contracts' })]],
  [`${owner}.v1.job.progress`, [ok({ jobId: NOBODY, attempt: 1, progress: 0.5 })]],
  [`${owner}.v1.job.checkpoint`, [ok({ jobId: NOBODY, attempt: 1, part: { name: 'part', file: CONTENT } })]],
  [`${owner}.v1.job.complete`, [ok({ jobId: NOBODY, attempt: 1, result: {} })]],
  [
    `${owner}.v1.job.fail`,
    [ok({ jobId: NOBODY, attempt: 1, error: { code: 'INTERNAL', message: 'x' }, retryable: true })],
  ],
  [`${owner}.v1.job.give-back`, [ok({ jobId: NOBODY, attempt: 1 })]],
  [`${owner}.v1.job.abort`, [fails('NOT_FOUND', { jobId: NOBODY })]],
];

/** For each contract, requests that succeed or fail as declared on an installation without images. */
export const REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  ...DATASET_REQUESTS,
  ...EVENT_LOG_REQUESTS,
  ...PUSHED_LOG_REQUESTS,
  ...INSIGHT_REQUESTS,
  ...MODELING_REQUESTS,
  ...MODEL_REQUESTS,
  'catalog.v1.api-key.verify': [
    ok({ credentials: [OWNER_KEY] }),
    fails('UNAUTHENTICATED', { credentials: [OWNER_KEY.replace(/.$/, 'X')] }),
  ],
  'catalog.v1.api-key.create': [ok({ name: 'reader', role: 'reader' })],
  'catalog.v1.api-key.list': [ok({})],
  'catalog.v1.time.get': [ok({})],
  'catalog.v1.queue.pending': [ok({ queue: 'analysis' })],
  'catalog.v1.api-key.revoke': [
    fails('NOT_FOUND', { id: 'unheard-of' }),
    fails('FAILED_PRECONDITION', { id: 'contract-test' }),
  ],
  'catalog.v1.project.list': [ok({}), ok({ nameContains: '$where', offset: 1, limit: 1 })],
  'catalog.v1.project.resolve': [ok({}), fails('NOT_FOUND', { id: NOBODY })],
  'catalog.v1.project.get': [fails('NOT_FOUND', { id: NOBODY })],
  'catalog.v1.project.create': [
    ok(PROJECT),
    ok({ ...PROJECT, id: 'a'.repeat(24), name: 'n'.repeat(255), sameName: 'number' }),
    ok({ ...PROJECT, id: 'a'.repeat(24) }),
    fails('CONFLICT', PROJECT),
    fails('CONFLICT', { ...PROJECT, name: 'library', sameName: 'refuse' }),
    fails('INVALID_ARGUMENT', { ...PROJECT, name: 'n'.repeat(256) }),
    fails('INVALID_ARGUMENT', { ...PROJECT, sameName: 'replace' }),
  ],
  'catalog.v1.project.update': [
    ok({ id: 'a'.repeat(24), name: PROJECT.name, sameName: 'number' }),
    fails('CONFLICT', { id: 'a'.repeat(24), name: PROJECT.name }),
    fails('NOT_FOUND', { id: NOBODY, name: 'a', sameName: 'number', training: {} }),
  ],
  'catalog.v1.project.delete': [fails('NOT_FOUND', { id: NOBODY })],
  'catalog.v1.image.create': [
    ok({ fileName: 'a', announcedSize: 1, tags: [], content: null }),
    fails('NOT_FOUND', { projectId: NOBODY, fileName: 'a', announcedSize: 1, tags: [], content: null }),
  ],
  'catalog.v1.image.attach': [fails('NOT_FOUND', { id: NOBODY, content: CONTENT })],
  'catalog.v1.image.set-tags': [fails('NOT_FOUND', { id: NOBODY, tags: [{ id: NOBODY, number: 1, name: 'a' }] })],
  'catalog.v1.image.reserve-negative-tag': [ok({ tagId: NOBODY, projectId: NOBODY, name: 'a' })],
  'catalog.v1.image.apply-tag': [
    ok({ tagId: NOBODY, projectId: NOBODY, name: 'a', revision: 1 }),
    ok({ tagId: NOBODY, projectId: NOBODY, name: null, revision: 2 }),
  ],
  'catalog.v1.image.get': [fails('NOT_FOUND', { id: NOBODY }), fails('NOT_FOUND', { number: 4_000_000 })],
  'catalog.v1.image.get-contents': [ok({ ids: [NOBODY] })],
  'catalog.v1.image.list-decoded': [
    fails('NOT_FOUND', { projectId: NOBODY, limit: 4000 }),
    fails('NOT_FOUND', { projectId: NOBODY, after: { second: 1, number: 1 }, known: 'x', limit: 1 }),
  ],
  'catalog.v1.image.list': [
    ok({}),
    ok({ createdFrom: 0, createdTo: 1, uploadedOnly: true }),
    ok({ tagGroups: ['any', [NOBODY], []], known: 'x', offset: 5000, limit: 1 }),
    fails('NOT_FOUND', { projectId: NOBODY }),
  ],
  'catalog.v1.image.delete': [fails('NOT_FOUND', { number: 4_000_000 })],
  'catalog.v1.image.get-picture': [fails('NOT_FOUND', { projectId: NOBODY, id: NOBODY })],
  'catalog.v1.image.choose-pictures': [fails('NOT_FOUND', { projectId: NOBODY, count: 1, seed: 'x' })],
  'catalog.v1.radiograph.create': [
    ok({ source: CONTENT, info: RADIOGRAPH_INFO, session: null, timeToLive: 60 }),
    ok({ source: CONTENT, info: { ...RADIOGRAPH_INFO, lut: null }, session: SESSION_IMAGE, timeToLive: 60 }),
  ],
  'catalog.v1.radiograph.get': [fails('NOT_FOUND', { key: NOBODY })],
  'catalog.v1.radiograph.delete': [fails('NOT_FOUND', { key: '' })],
  'catalog.v1.radiograph.list-sessions': [ok({ limit: 10 })],
  'catalog.v1.radiograph.end-session': [ok({ sessionId: SESSION_IMAGE.sessionId })],
  'catalog.v1.training-image.add': [
    fails('NOT_FOUND', { projectId: NOBODY, images: [{ fileName: 'a', content: CONTENT, tags: [] }] }),
  ],
  'catalog.v1.training-image.list': [
    fails('NOT_FOUND', { projectId: NOBODY, limit: 0 }),
    fails('NOT_FOUND', { projectId: NOBODY, snapshotId: NOBODY, order: 'oldest', offset: 5000, limit: 256 }),
  ],
  'catalog.v1.training-image.count': [
    fails('NOT_FOUND', { projectId: NOBODY, tagging: 'tagged', anyOfTags: [NOBODY] }),
  ],
  'catalog.v1.training-image.count-by-tag': [fails('NOT_FOUND', { projectId: NOBODY })],
  'catalog.v1.training-image.get-many': [fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY] })],
  'catalog.v1.training-image.add-tags': [
    fails('NOT_FOUND', {
      projectId: NOBODY,
      taggings: [{ imageId: NOBODY, tag: { id: NOBODY, number: 1, name: 'a' } }],
    }),
  ],
  'catalog.v1.training-image.remove-tags': [
    fails('NOT_FOUND', { projectId: NOBODY, imageIds: [NOBODY], tagIds: [NOBODY] }),
  ],
  'catalog.v1.training-image.add-metadata': [
    fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY], metadata: { a: 'b' } }),
  ],
  'catalog.v1.training-image.delete-many': [fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY] })],
  'catalog.v1.snapshot.create': [fails('NOT_FOUND', { projectId: NOBODY, snapshotId: NOBODY })],
  'catalog.v1.snapshot.revision': [fails('NOT_FOUND', { projectId: NOBODY })],
  'catalog.v1.snapshot.delete': [ok({ projectId: NOBODY, snapshotId: NOBODY })],
  // Bytes that are nowhere: their analysis fails, which is an answer.
  'catalog.v1.content.analyse': [ok({ contents: [{ ...CONTENT, ...describe(STORED) }] })],
  'catalog.v1.content.discard': [ok({ contents: [{ ...CONTENT, sha256: 'ef'.repeat(32) }] })],
  'catalog.v1.content.known': [ok({ hashes: [CONTENT.sha256] })],
  'catalog.v1.content.perceptual-hashes': [ok({ hashes: [CONTENT.sha256] })],
  'catalog.v1.content.hold': [
    ok({ holder: `dataset/${NOBODY}`, contents: [{ content: CONTENT, analysis: null }] }),
    fails('INVALID_ARGUMENT', { holder: NOBODY, contents: [{ content: CONTENT, analysis: null }] }),
  ],
  'catalog.v1.content.release': [ok({ holder: `dataset/${NOBODY}` })],
  'catalog.v1.predicted-image.create': [
    fails('NOT_FOUND', { projectId: NOBODY, id: NOBODY, content: CONTENT, timeToLive: 60 }),
  ],
  'catalog.v1.predicted-image.get-many': [fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY] })],
  'catalog.v1.predicted-image.delete-many': [fails('NOT_FOUND', { projectId: NOBODY, ids: [NOBODY] })],
  'catalog.v1.counter.next': [ok({ sequence: 'job' })],
  'catalog.v1.job.list': [ok({ projectId: NOBODY, types: ['candidate.train'], states: ['queued'] })],
  'catalog.v1.job.get': [fails('NOT_FOUND', { id: NOBODY }), fails('NOT_FOUND', { number: 4_000_000 })],
  'tagging.v1.tag.ensure': [ok({ names: ['a', '__proto__', 'a'] }), fails('INVALID_ARGUMENT', { names: ['a|b'] })],
  'tagging.v1.tag.create': [
    ok({ name: 'with details', description: 'x', type: 'negative' }),
    fails('CONFLICT', { name: 'with details', description: '', type: 'regular' }),
    fails('INVALID_ARGUMENT', { name: 'a|b', description: '', type: 'regular' }),
    fails('NOT_FOUND', { projectId: NOBODY, name: 'a', description: '', type: 'regular' }),
  ],
  'tagging.v1.tag.update': [
    fails('NOT_FOUND', { tag: { id: NOBODY }, description: 'x' }),
    fails('INVALID_ARGUMENT', { tag: { id: NOBODY }, name: ' ' }),
  ],
  'tagging.v1.tag.get-many': [ok({ ids: [NOBODY] }), fails('NOT_FOUND', { projectId: NOBODY, ids: [] })],
  'tagging.v1.tag.get': [
    fails('NOT_FOUND', { tag: { id: NOBODY } }),
    fails('NOT_FOUND', { tag: { number: 4_000_000 } }),
  ],
  'tagging.v1.tag.list': [ok({}), ok({ offset: 5000, limit: 1 }), fails('NOT_FOUND', { projectId: NOBODY })],
  'tagging.v1.tag.rename': [
    fails('NOT_FOUND', { tag: { id: NOBODY }, name: 'a' }),
    fails('INVALID_ARGUMENT', { tag: { id: NOBODY }, name: 'a|b' }),
  ],
  'tagging.v1.tag.delete': [fails('NOT_FOUND', { tag: { number: 4_000_000 } })],
  'tagging.v1.tag.resolve': [
    ok({ names: ['$where'], patterns: ['%', '.*', '%a%'] }),
    fails('INVALID_ARGUMENT', { names: [], patterns: [...'123456789'].map((n) => `${n}%`) }),
    fails('NOT_FOUND', { projectId: NOBODY, names: [], patterns: [] }),
  ],
  'tagging.v1.tagging.tag-images': [
    fails('NOT_FOUND', { projectId: NOBODY, taggings: [{ imageId: NOBODY, tagId: NOBODY }] }),
  ],
  'training-ingest.v1.image.add': [
    ok({ fileName: 'a', tagNames: ['b'], content: null }),
    fails('INVALID_ARGUMENT', { fileName: 'a', tagNames: [' '], content: null }),
    fails('NOT_FOUND', { projectId: NOBODY, fileName: 'a', tagNames: [], content: null }),
  ],
  'training-ingest.v1.image.set-tags': [
    fails('NOT_FOUND', { image: { number: 4_000_000 }, tagNames: ['b'] }),
    fails('INVALID_ARGUMENT', { image: { id: NOBODY }, tagNames: ['a|b'] }),
  ],
  'training-ingest.v1.image.receive-file': [fails('NOT_FOUND', { imageId: NOBODY, content: CONTENT })],
  'training-ingest.v1.radiograph.add': [ok({ content: CONTENT, info: RADIOGRAPH_INFO })],
  'training-ingest.v1.radiograph.add-from-modality': [
    fails('NOT_FOUND', SESSION_IMAGE),
    fails('NOT_FOUND', { sessionId: '..', imageId: '$where' }),
  ],
  'training-ingest.v1.radiograph.get': [fails('NOT_FOUND', { key: NOBODY })],
  'training-ingest.v1.modality.create-session': [ok({})],
  'training-ingest.v1.modality.get-session': [fails('NOT_FOUND', { sessionId: 'unheard-of' })],
  'training-ingest.v1.modality.end-session': [fails('NOT_FOUND', { sessionId: 'unheard-of' })],
  'training-ingest.v1.modality.add-image': [
    fails('NOT_FOUND', { sessionId: 'unheard-of', content: CONTENT, info: RADIOGRAPH_INFO }),
  ],
  'training-ingest.v1.modality.list-images': [fails('NOT_FOUND', { sessionId: 'unheard-of' })],
  'training-ingest.v1.modality.get-image': [fails('NOT_FOUND', SESSION_IMAGE)],
  'augmentation.v1.list.create': [
    fails('NOT_FOUND', { projectId: NOBODY, ...LIST }),
    fails('INVALID_ARGUMENT', { projectId: NOBODY, ...LIST, transformations: [{ name: 'unheard-of' }] }),
  ],
  'augmentation.v1.list.get': [fails('NOT_FOUND', { id: NOBODY })],
  'augmentation.v1.list.list': [fails('NOT_FOUND', { projectId: NOBODY })],
  'augmentation.v1.list.for-training': [ok({ projectId: NOBODY })],
  'augmentation.v1.list.update': [fails('NOT_FOUND', { id: NOBODY, changes: { name: 'b' } })],
  'augmentation.v1.list.delete': [fails('NOT_FOUND', { id: NOBODY })],
  'augmentation.v1.samples.request': [fails('NOT_FOUND', { listId: NOBODY, numberOfRows: 1 })],
  'augmentation.v1.samples.request-once': [
    fails('NOT_FOUND', { projectId: NOBODY, featureName: null, numberOfRows: 1, ...RECIPE }),
  ],
  'augmentation.v1.samples.list-of-list': [fails('NOT_FOUND', { listId: NOBODY })],
  'augmentation.v1.samples.list': [fails('NOT_FOUND', { samplesId: NOBODY })],
  'augmentation.v1.samples.list-sets': [ok({ projectId: NOBODY })],
  'augmentation.v1.samples.get-image': [fails('NOT_FOUND', { projectId: NOBODY, imageId: NOBODY })],
  ...Object.fromEntries(SERVICES.map((service) => [`${service}.v1.health.check`, [ok({})]])),
  ...Object.fromEntries(JOB_OWNERS.flatMap(reports)),
};
