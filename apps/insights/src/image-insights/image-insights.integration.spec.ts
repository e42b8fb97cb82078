import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, FactPublisher, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import {
  candidateContracts,
  counterContracts,
  imageInsightContracts as insights,
  jobReportContracts,
  candidateDeleted,
  projectDeleted,
  type Candidate,
  type ContentReference,
  type Fact,
  type FactData,
  type InsightColumn,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { DomainError, type InsightKind } from '@pentaprism/domain';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE, createService } from '@pentaprism/service';
import { eventually, testScope, type TestScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { insightsConfig } from '../config/config.js';
import { insightsService } from '../insights.service.js';
import { answerCalls } from '../answer-calls.fixture.js';
import { FindLostInsights } from './find-lost-insights.usecase.js';
import { RemoveInsights } from './remove-insights.usecase.js';
import { INSIGHT_FILE_GRACE_MS, SweepInsights } from './sweep-insights.usecase.js';

const reports = jobReportContracts.insights;
const MAP = { rows: 1, columns: 3, values: Buffer.of(0, 90, 255).toString('base64') };
const newId = () => new Types.ObjectId().toHexString();

let scope: TestScope;
let app: INestMicroservice;
let connection: BusConnection;
let bus: Bus;
let directory: string;
let candidates: Candidate[];
let project: string;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace = 'w1') {
  return bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'a' } });
}

function newCandidate(state: Candidate['state'] = 'trained', imageColumns = ['image']): Candidate {
  const candidate: Candidate = {
    ...{ id: newId(), projectId: project, number: 1, state, jobId: newId(), jobNumber: 1 },
    blueprint: { id: 'linear', modelType: 'Keras', processes: [] },
    ...{ createdAt: 0, trainedAt: null, columns: imageColumns, imageColumns, rowCount: null, metrics: {}, error: null },
  };
  candidates.push(candidate);
  return candidate;
}

const compute = ({ projectId, id }: Candidate, kind: InsightKind = 'embeddings') =>
  call(insights.compute, { projectId, candidateId: id, kind });
const get = ({ projectId, id }: Candidate, kind: InsightKind = 'embeddings', column = 'image') =>
  call(insights.get, { projectId, candidateId: id, kind, column });
const jobOf = (id: string) =>
  app.get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false }).findById(id).lean();
const blobs = () => app.get<BlobStore>(BLOB_STORE, { strict: false });

async function store(text: string): Promise<ContentReference> {
  const { sha256, size } = await blobs().put('insights', 'w1', Buffer.from(text), { maxBytes: 1000 });
  return { sha256, size, mediaType: 'image/jpeg' };
}

async function start(jobId: string): Promise<number> {
  const started = await call(reports.start, { jobId, worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  return started.attempt;
}

async function finish(jobId: string, columns: InsightColumn[]): Promise<void> {
  const attempt = await start(jobId);
  expect(await call(reports.complete, { jobId, attempt, result: { columns } })).toEqual({ accepted: true });
}

const columnOf = (file: ContentReference, column = 'image'): InsightColumn => ({
  ...{ column, file, images: 3, map: null, positions: null },
});

async function record(jobId: string, imageId: string, content: ContentReference): Promise<string> {
  const overlays = [{ imageId, content, width: 4, height: 3, map: MAP }];
  const { imageIds } = await call(insights.recordOverlays, { jobId, column: 0, overlays });
  return imageIds[0] ?? '';
}

const publish = <F extends Fact>({ name }: F, data: FactData<F>) =>
  new FactPublisher(connection).publish({
    ...{ id: newId(), name, data },
    context: { workspace: 'w1', traceId: 't', actor: 'a' },
  });
const removeProject = (projectId: string) => publish(projectDeleted, { projectId });

beforeAll(async () => {
  scope = testScope('image-insights');
  directory = await mkdtemp(path.join(tmpdir(), 'insights-'));
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'test', logger });
  bus = new Bus(connection);
  candidates = [];
  let numbers = 0;
  answerCalls(connection, counterContracts.next, () => ({ first: ++numbers }));
  answerCalls(connection, candidateContracts.list, ({ projectId }) => ({
    candidates: candidates.filter((candidate) => candidate.projectId === projectId),
  }));
  answerCalls(connection, candidateContracts.get, ({ projectId, candidateId }) => {
    const found = candidates.find(({ id }) => id === candidateId);
    if (found?.projectId !== projectId) throw new DomainError('NOT_FOUND', 'There is no such model.');
    return found;
  });
  const config = readConfig(insightsConfig, { ...scope.environment, BLOB_URL: pathToFileURL(directory).href });
  app = await createService(insightsService, config, logger);
  await app.listen();
});
afterAll(async () => {
  await app.close();
  await connection.nats.close();
  await scope.cleanUp();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => {
  candidates = [];
  project = newId();
});

describe('compute', () => {
  it('adds a job with a number, whose subject is the project, the model and its first image column', async () => {
    const candidate = newCandidate();
    const job = await compute(candidate);
    expect(job).toMatchObject({ type: 'insight.embeddings', state: 'queued', number: expect.any(Number) });
    expect(job.subject).toEqual({ projectId: project, candidateId: candidate.id, column: 'image' });
    expect((await jobOf(job.id))?.payload).toEqual({ workspace: 'w1', projectId: project, candidateId: candidate.id });
  });

  it('adds one job for twenty calls at once, and refuses the others as under way', async () => {
    const candidate = newCandidate();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => compute(candidate)));
    const reasons = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason.details.reason] : []));
    expect(reasons).toEqual(Array.from({ length: 19 }, () => 'under-way'));
  });

  it('refuses what is computed, and computes the other kind', async () => {
    const candidate = newCandidate();
    await finish((await compute(candidate)).id, []);
    await expect(compute(candidate)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      details: { reason: 'computed' },
    });
    expect(await compute(candidate, 'activation-maps')).toMatchObject({ type: 'insight.activation-maps' });
  });

  it.each(['training', 'failed'] as const)('refuses a model that is %s', async (state) => {
    await expect(compute(newCandidate(state))).rejects.toMatchObject({ details: { reason: 'not-trained' } });
  });

  it('refuses a model without image columns', async () => {
    await expect(compute(newCandidate('trained', []))).rejects.toMatchObject({ details: { reason: 'no-images' } });
  });

  it('does not find a model of another project', async () => {
    const candidate = { ...newCandidate(), projectId: newId() };
    await expect(compute(candidate)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('can be requested again after an abort and after a failure', async () => {
    const candidate = newCandidate();
    await call(reports.abort, { jobId: (await compute(candidate)).id });
    const { id: jobId } = await compute(candidate);
    const attempt = await start(jobId);
    const error = { code: 'INTERNAL', message: 'as told' };
    await call(reports.fail, { jobId, attempt, error, retryable: false });
    expect(await compute(candidate)).toMatchObject({ state: 'queued' });
  });

  it('aborts a job that fails because its model was deleted', async () => {
    const { id: jobId } = await compute(newCandidate());
    const attempt = await start(jobId);
    candidates = [];
    await call(reports.fail, { jobId, attempt, error: { code: 'NOT_FOUND', message: 'as told' }, retryable: false });
    expect((await jobOf(jobId))?.state).toBe('aborted');
  });

  it('ends a job that waits when its model is deleted, and no other one', async () => {
    const [deleted, kept] = [newCandidate(), newCandidate()];
    const [{ id: waiting }, { id: other }] = [await compute(deleted), await compute(kept)];
    await publish(candidateDeleted, { projectId: project, candidateId: deleted.id });
    await eventually(async () => expect((await jobOf(waiting))?.state).toBe('aborted'));
    expect((await jobOf(other))?.state).toBe('queued');
  });

  it('lets projects with fewer jobs that wait go first', async () => {
    const [first, second] = [newCandidate(), newCandidate()];
    const jobs = [await compute(first), await compute(second)];
    project = newId();
    const other = await compute(newCandidate());
    const priorities = await Promise.all([...jobs, other].map(async ({ id }) => (await jobOf(id))?.priority));
    expect(priorities).toEqual([0, 1, 0]);
  });
});

describe('insights that are computed', () => {
  it('are found by model and column, and listed oldest first', async () => {
    const [first, second] = [newCandidate('trained', ['image', 'a/b']), newCandidate()];
    const file = await store('positions');
    await finish((await compute(first)).id, [columnOf(file), columnOf(file, 'a/b')]);
    await finish((await compute(second)).id, [columnOf(file)]);
    expect(await get(first, 'embeddings', 'a/b')).toEqual({ insight: { file, images: 3, map: null } });
    const pairs = [
      { candidateId: first.id, column: 'image' },
      { candidateId: first.id, column: 'a/b' },
      { candidateId: second.id, column: 'image' },
    ];
    const of = { projectId: project, kind: 'embeddings' as const };
    expect(await call(insights.computed, of)).toEqual({ insights: pairs, total: 3 });
    expect(await call(insights.computed, { ...of, offset: 1, limit: 1 })).toEqual({
      insights: pairs.slice(1, 2),
      total: 3,
    });
    expect(await call(insights.computed, { ...of, kind: 'activation-maps' })).toEqual({ insights: [], total: 0 });
    candidates = [second];
    expect(await call(insights.computed, of)).toEqual({ insights: pairs.slice(2), total: 1 });
  });

  it('are null before the job has ended', async () => {
    const candidate = newCandidate();
    expect(await get(candidate)).toEqual({ insight: null });
    await compute(candidate);
    expect(await get(candidate)).toEqual({ insight: null });
    expect(await call(insights.computed, { projectId: project, kind: 'embeddings' })).toEqual({
      insights: [],
      total: 0,
    });
  });

  it('are found by the key of their positions in their workspace, until they are removed', async () => {
    const key = newId().padStart(64, '0');
    const file = await store('positions with a key');
    const columns = [columnOf(await store('of another column')), { ...columnOf(file, 'a/b'), positions: key }];
    await finish((await compute(newCandidate('trained', ['image', 'a/b']))).id, columns);
    expect(await call(insights.positions, { key })).toEqual({ file });
    expect(await call(insights.positions, { key }, 'w2')).toEqual({ file: null });
    expect(await call(insights.positions, { key: 'f'.repeat(64) })).toEqual({ file: null });
    candidates = [];
    await app.get(RemoveInsights, { strict: false }).tend();
    expect(await call(insights.positions, { key })).toEqual({ file: null });
  });

  it('are refused for a column that the model does not use', async () => {
    await expect(get(newCandidate(), 'embeddings', 'other')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('are not found in another workspace', async () => {
    const candidate = newCandidate();
    await finish((await compute(candidate)).id, [columnOf(await store('mine'))]);
    const request = { projectId: project, candidateId: candidate.id, kind: 'embeddings', column: 'image' } as const;
    expect(await call(insights.get, request, 'w2')).toEqual({ insight: null });
  });
});

describe('overlays', () => {
  it('keep their image ids when a job records them again', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const image = newId();
    const overlayId = await record(jobId, image, await store('first'));
    const content = await store('second');
    expect(await record(jobId, image, content)).toBe(overlayId);
    const found = await call(insights.overlay, { projectId: project, imageId: overlayId });
    expect(found).toEqual({ imageId: overlayId, content, width: 4, height: 3 });
  });

  it('are given back to their job with their maps, in pages, until it ends', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const images = [newId(), newId(), newId()];
    const content = await store('of three images');
    const overlayIds: string[] = [];
    for (const image of images) overlayIds.push(await record(jobId, image, content));
    const page = (after: string | null, column = 0, workspace = 'w1') =>
      call(insights.recordedOverlays, { jobId, column, after, limit: 2 }, workspace);
    const recorded = images.map((imageId, i) => ({ imageId, overlayImageId: overlayIds[i], map: MAP }));
    expect(await page(null)).toEqual({ overlays: recorded.slice(0, 2) });
    expect(await page(images[1] ?? '')).toEqual({ overlays: recorded.slice(2) });
    expect(await page(null, 1)).toEqual({ overlays: [] });
    await expect(page(null, 0, 'w2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await call(reports.abort, { jobId });
    await expect(page(null)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are refused if their map has not one byte for each place', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const overlay = {
      imageId: newId(),
      content: await store('of a map'),
      width: 4,
      height: 3,
      map: { ...MAP, rows: 2 },
    };
    const recording = call(insights.recordOverlays, { jobId, column: 0, overlays: [overlay] });
    await expect(recording).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('are no longer found as soon as their model is deleted', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const request = { projectId: project, imageId: await record(jobId, newId(), await store('of a deleted model')) };
    expect(await call(insights.overlay, request)).toMatchObject({ width: 4 });
    candidates = [];
    await expect(call(insights.overlay, request)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are not found in another project, nor by the id of the original', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const image = newId();
    const overlayId = await record(jobId, image, await store('one'));
    for (const request of [
      { projectId: newId(), imageId: overlayId },
      { projectId: project, imageId: image },
    ])
      await expect(call(insights.overlay, request)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are refused after the end of the job, and removed if it was aborted', async () => {
    const { id: jobId } = await compute(newCandidate(), 'activation-maps');
    const content = await store('aborted');
    const overlayId = await record(jobId, newId(), content);
    await call(reports.abort, { jobId });
    await expect(record(jobId, newId(), content)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await app.get(RemoveInsights, { strict: false }).tend();
    await expect(call(insights.overlay, { projectId: project, imageId: overlayId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('removal', () => {
  it('ends the jobs of a deleted project and removes what they computed', async () => {
    const [computed, waiting] = [newCandidate(), newCandidate()];
    await finish((await compute(computed)).id, [columnOf(await store('gone'))]);
    const { id: jobId } = await compute(waiting, 'activation-maps');
    const overlayId = await record(jobId, newId(), await store('gone, too'));
    await removeProject(project);
    await eventually(async () => expect((await jobOf(jobId))?.state).toBe('aborted'));
    await eventually(async () => expect(await get(computed)).toEqual({ insight: null }));
    await eventually(async () =>
      expect(call(insights.overlay, { projectId: project, imageId: overlayId })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      }),
    );
  });

  it('removes the insights of a deleted model and keeps those of others', async () => {
    const [gone, kept] = [newCandidate(), newCandidate()];
    for (const each of [gone, kept]) await finish((await compute(each)).id, [columnOf(await store('both'))]);
    candidates = [kept];
    await app.get(RemoveInsights, { strict: false }).tend();
    candidates = [gone, kept];
    expect([(await get(gone)).insight, (await get(kept)).insight]).toEqual([null, expect.anything()]);
  });

  it('keeps files that a record refers to and removes others after a while', async () => {
    const candidate = newCandidate();
    const [file, content, lost] = [await store('a file'), await store('an overlay'), await store('of no record')];
    await finish((await compute(candidate)).id, [columnOf(file)]);
    const { id: jobId } = await compute(candidate, 'activation-maps');
    await record(jobId, newId(), content);
    const exists = (each: ContentReference) =>
      blobs().stat({ area: 'insights', workspace: 'w1', sha256: each.sha256 }).then(Boolean);
    const sweep = app.get(SweepInsights, { strict: false });
    await sweep.sweep();
    expect(await exists(lost)).toBe(true);
    await sweep.sweep(Date.now() + INSIGHT_FILE_GRACE_MS + 10_000);
    expect(await Promise.all([file, content, lost].map(exists))).toEqual([true, true, false]);
  });

  it('reports files that are missing', async () => {
    const missing = { sha256: 'f'.repeat(64), size: 1, mediaType: 'application/x-ndjson' };
    const lost = app.get(FindLostInsights, { strict: false });
    const before = await lost.pass();
    const candidate = newCandidate();
    await finish((await compute(candidate)).id, [columnOf(missing)]);
    const { id: jobId } = await compute(candidate, 'activation-maps');
    await record(jobId, newId(), { ...missing, sha256: 'e'.repeat(64) });
    const after = await lost.pass();
    expect(after).toEqual({ checked: before.checked + 2, missing: before.missing + 2 });
  });
});
