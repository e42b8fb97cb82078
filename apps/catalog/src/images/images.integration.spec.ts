import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import {
  analyseContent,
  imageContracts as images,
  jobDirectoryContracts,
  jobReportContracts,
  projectContracts as projects,
  type ContentReference,
  type Image,
  type JobResult,
  type RequestOf,
  type ResponseOf,
  type Rpc,
} from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { createHash, randomBytes } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { IMAGE_MODEL, type ImageDocument } from './image.schema.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { CollectBlobs } from '../housekeeping/collect-blobs.usecase.js';

const reports = jobReportContracts.catalog;
const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));

let catalog: StartedCatalog;
let blobs: BlobStore;
/** A new one for each test, so that totals are its own. */
let workspace: string;
let library: string;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, of = workspace): Promise<ResponseOf<R>> {
  return catalog.call(rpc, request, of);
}

const model = <T>(name: string) => catalog.app.get<Model<T>>(getModelToken(name), { strict: false });
const findContent = (sha256: string) => model<ContentDocument>(CONTENT_MODEL).findOne({ workspace, sha256 }).lean();
const jobsOf = (sha256: string) => model<JobDocument>(JOB_MODEL).find({ workspace, 'payload.sha256': sha256 }).lean();

async function putBytes(bytes = randomBytes(40)): Promise<ContentReference> {
  const { sha256, size } = await blobs.put('originals', workspace, bytes, { maxBytes: 1000 });
  return { sha256, size, mediaType: 'image/png' };
}

function create(content: ContentReference | null, changes: object = {}): Promise<Image> {
  return call(images.create, { fileName: 'a.png', announcedSize: 7, tags: [], content, ...changes });
}

/** Does what a worker does with the analysis job of some bytes. */
async function startAnalysis(sha256: string) {
  const [job] = await jobsOf(sha256);
  const jobId = job?._id.toHexString() ?? '';
  const started = await call(reports.start, { jobId, worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  return { jobId, attempt: started.attempt };
}

function analysisOf(thumbnail: string): JobResult<typeof analyseContent> {
  return {
    state: 'decoded',
    format: 'png',
    mediaType: 'image/png',
    width: 40,
    height: 30,
    orientation: 1,
    colorSpace: 'srgb',
    channels: 3,
    bitDepth: 8,
    hasAlpha: false,
    pages: 1,
    perceptualHash: '0'.repeat(16),
    thumbnail: { sha256: thumbnail, size: 3, width: 4, height: 3, mediaType: 'image/webp' },
    resized: null,
  };
}

async function analyse(sha256: string, thumbnail = createHash('sha256').update(sha256).digest('hex')): Promise<void> {
  const attempt = await startAnalysis(sha256);
  const { accepted } = await call(reports.complete, { ...attempt, result: analysisOf(thumbnail) });
  expect(accepted).toBe(true);
}

/** @returns what the totals say, after checking that they say what the records do */
async function totals(): Promise<{ total: number; uploaded: number }> {
  const [all, uploaded] = await Promise.all([
    call(images.list, { limit: 1000 }),
    call(images.list, { limit: 1000, uploadedOnly: true }),
  ]);
  expect(all.total).toBe(all.images.length);
  expect(uploaded.total).toBe(uploaded.images.length);
  expect((await call(projects.get, { id: library })).imageCount).toBe(all.total);
  return { total: all.total, uploaded: uploaded.total };
}

async function contentOf(imageId: string) {
  const { contents } = await call(images.getContents, { ids: [imageId, imageId] });
  expect(contents.length).toBeLessThan(2);
  return contents[0];
}

beforeAll(async () => {
  catalog = await startCatalog(testScope('catalog'));
  blobs = catalog.app.get<BlobStore>(BLOB_STORE, { strict: false });
});

afterAll(() => catalog.stop());

beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  library = (await call(projects.resolve, {})).project;
});

describe('images', () => {
  it('are recorded with their bytes, or announced and given them later', async () => {
    const content = await putBytes();
    const made = await create(content);
    expect(made).toMatchObject({ number: 1, projectId: library, createdBy: 'ann', size: 40, sha256: content.sha256 });
    const announced = await create(null);
    expect(announced).toMatchObject({ number: 2, uploadedAt: null, size: 7, sha256: null });
    expect(await contentOf(announced.id)).toBeUndefined();
    expect(await totals()).toEqual({ total: 2, uploaded: 1 });

    const other = await putBytes();
    const attached = await call(images.attach, { id: announced.id, content: other });
    expect(attached).toMatchObject({ id: announced.id, size: 40, sha256: other.sha256 });
    expect(await contentOf(announced.id)).toEqual({
      ...other,
      imageId: announced.id,
      fileName: 'a.png',
      expiresAt: null,
      state: 'pending',
      reason: null,
    });
    expect(await totals()).toEqual({ total: 2, uploaded: 2 });
    expect((await call(images.list, {})).images.map(({ number }) => number)).toEqual([2, 1]);
    expect(await call(images.get, { number: 2 })).toEqual(attached);
  });

  it('are in one workspace only', async () => {
    const { id, number, sha256 } = await create(await putBytes());
    const { jobId } = await startAnalysis(sha256 ?? '');
    const [own, other] = [workspace, await catalog.makeWorkspace()];
    const content = await putBytes();
    for (const [rpc, request] of [
      [images.get, { id }],
      [images.get, { number }],
      [images.attach, { id, content }],
      [images.delete, { id }],
      [images.delete, { number }],
      [images.list, { projectId: library }],
      [images.getPicture, { projectId: library, id }],
      [images.choosePictures, { projectId: library, count: 1, seed: '' }],
      [projects.get, { id: library }],
      [projects.resolve, { id: library }],
      [jobDirectoryContracts.get, { id: jobId }],
    ] as const)
      await expect(call(rpc as Rpc, request, other)).rejects.toEqual(notFound);
    expect((await call(images.getContents, { ids: [id] }, other)).contents).toEqual([]);
    expect((await call(images.list, {}, other)).total).toBe(0);
    expect((await call(projects.list, {}, other)).projects.map((project) => project.id)).not.toContain(library);
    expect(await call(images.get, { id }, own)).toMatchObject({ id, sha256 });
  });

  it('are counted exactly while ten are made and ten deleted at once', async () => {
    const shared = await putBytes();
    const old = await Promise.all(times(10, async (n) => create(n % 2 ? await putBytes() : shared)));
    const announced = await Promise.all(times(5, () => create(null)));
    expect(await totals()).toEqual({ total: 15, uploaded: 10 });
    const content = await putBytes();
    await Promise.all([
      ...times(10, async (n) => create(n % 2 ? await putBytes() : content)),
      ...old.map(({ id }) => call(images.delete, { id })),
      ...announced.map(({ id }) => call(images.attach, { id, content })),
    ]);
    expect(await totals()).toEqual({ total: 15, uploaded: 15 });
    const numbers = (await call(images.list, {})).images.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(15);
    expect(Math.min(...numbers)).toBeGreaterThan(10);
  });

  it('are deleted once, and counted once', async () => {
    const { id } = await create(await putBytes());
    const outcomes = await Promise.allSettled(times(5, () => call(images.delete, { id })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toEqual(notFound);
    expect(await totals()).toEqual({ total: 0, uploaded: 0 });
  });

  it('get their bytes once, however many bring them', async () => {
    const { id } = await create(null);
    const contents = await Promise.all(times(5, () => putBytes()));
    await Promise.all(contents.map((content) => call(images.attach, { id, content })));
    expect(await totals()).toEqual({ total: 1, uploaded: 1 });
    const { sha256 } = await call(images.get, { id });
    for (const content of contents) {
      const isOrphan = (await findContent(content.sha256))?.orphanedAt !== null;
      expect(isOrphan).toBe(content.sha256 !== sha256);
    }
  });
});

describe('contents', () => {
  it('are shared by images of the same bytes, with one analysis', async () => {
    const content = await putBytes();
    const made = await Promise.all(times(8, () => create(content)));
    expect(await jobsOf(content.sha256)).toHaveLength(1);
    await analyse(content.sha256);
    const states = await model<ImageDocument>(IMAGE_MODEL).distinct('state', { workspace });
    expect(states).toEqual(['decoded']);
    for (const { id } of made)
      expect(await call(images.getPicture, { projectId: library, id })).toMatchObject({ id, width: 40, height: 30 });
    // Bytes that are known need no second look.
    const { id } = await create(content);
    expect(await call(images.getPicture, { projectId: library, id })).toMatchObject({ sha256: content.sha256 });
    expect(await jobsOf(content.sha256)).toHaveLength(1);
  });

  it('tell an image what was found out, also one that is added at that moment', async () => {
    for (let round = 0; round < 15; round++) {
      const content = await putBytes();
      await create(content);
      const attempt = await startAnalysis(content.sha256);
      await Promise.all([
        ...times(3, () => create(content)),
        call(reports.complete, { ...attempt, result: analysisOf('a'.repeat(64)) }),
        ...times(3, () => create(content)),
      ]);
    }
    const { decoded, pending } = await call(images.choosePictures, { projectId: library, count: 0, seed: '' });
    expect({ decoded, pending }).toEqual({ decoded: 15 * 7, pending: 0 });
  });

  it('that cannot be decoded are kept, with the reason, and are no pictures', async () => {
    const content = await putBytes();
    const { id } = await create(content);
    const attempt = await startAnalysis(content.sha256);
    await call(reports.complete, { ...attempt, result: { state: 'undecodable', reason: 'It is cut off.' } });
    expect(await contentOf(id)).toMatchObject({ state: 'undecodable', reason: 'It is cut off.' });
    await expect(call(images.getPicture, { projectId: library, id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'The image cannot be decoded. It is cut off.',
    });
    expect(await call(images.get, { id })).toMatchObject({ undecodable: 'It is cut off.' });
  });

  it('that cannot be decoded say so in lists that were read before, and in those of images that are added later', async () => {
    const content = await putBytes();
    const { id } = await create(content);
    const page = { limit: 100, offset: 0 };
    const before = await call(images.list, page);
    expect(before.images.find((image) => image.id === id)).not.toHaveProperty('undecodable');
    const attempt = await startAnalysis(content.sha256);
    await call(reports.complete, { ...attempt, result: { state: 'undecodable', reason: 'It is cut off.' } });
    const later = await create(content);
    const after = await call(images.list, { ...page, known: before.revision });
    for (const each of [id, later.id])
      expect(after.images.find((image) => image.id === each)).toMatchObject({ undecodable: 'It is cut off.' });
  });

  it('whose analysis fails for good are marked too', async () => {
    const content = await putBytes();
    const { id } = await create(content);
    const attempt = await startAnalysis(content.sha256);
    const error = { code: 'INTERNAL', message: 'Decoding failed.' };
    await call(reports.fail, { ...attempt, error, retryable: false });
    expect(await contentOf(id)).toMatchObject({
      state: 'undecodable',
      reason: 'The file could not be decoded: each attempt ended with a failure of the decoder.',
    });
  });

  it.each(['DATA_LOSS', 'NOT_FOUND'])(
    'whose bytes could not be read (%s) stay pending, and are analysed when they are uploaded again',
    async (code) => {
      const content = await putBytes();
      const { id } = await create(content);
      const attempt = await startAnalysis(content.sha256);
      await call(reports.fail, { ...attempt, error: { code, message: 'They are damaged.' }, retryable: false });
      const choice = { projectId: library, count: 0, seed: '' };
      expect(await call(images.choosePictures, choice)).toMatchObject({ decoded: 0, pending: 1 });
      const second = await create(content);
      expect(await jobsOf(content.sha256)).toHaveLength(2);
      const again = (await jobsOf(content.sha256)).find(({ state }) => state !== 'failed');
      const started = await call(reports.start, { jobId: again?._id.toHexString() ?? '', worker: 'test' });
      if (!started.taken) throw new Error(`the job is ${started.state}`);
      const report = { jobId: again?._id.toHexString() ?? '', attempt: started.attempt };
      await call(reports.complete, { ...report, result: analysisOf('b'.repeat(64)) });
      for (const each of [id, second.id])
        expect(await call(images.getPicture, { projectId: library, id: each })).toMatchObject({ width: 40 });
    },
  );
});

describe('pictures', () => {
  it('are chosen by a seed: the same ones again, and from the beginning after the last', async () => {
    const ids = [];
    for (let n = 0; n < 6; n++) {
      const content = await putBytes();
      ids.push((await create(content)).id);
      await analyse(content.sha256);
    }
    await create(await putBytes());
    const choose = async (seed: string, count: number) => {
      const chosen = await call(images.choosePictures, { projectId: library, count, seed });
      expect(chosen).toMatchObject({ decoded: 6, pending: 1 });
      return chosen.pictures.map((picture) => picture.id);
    };
    const order = await choose('seed', 6);
    expect([...order].sort()).toEqual([...ids].sort());
    expect(await choose('seed', 3)).toEqual(order.slice(0, 3));
    expect(await choose('seed', 10)).toEqual(order);
    const starts = new Set<string>();
    for (const seed of times(20, String)) {
      const other = await choose(seed, 6);
      const start = order.indexOf(other[0] ?? '');
      expect(other).toEqual([...order.slice(start), ...order.slice(0, start)]);
      starts.add(other[0] ?? '');
    }
    expect(starts.size).toBeGreaterThan(1);
  });
});

describe('the collector', () => {
  const blobOf = (area: string, sha256: string) => ({ area, workspace, sha256 });
  const isThere = async (area: string, sha256: string) => (await blobs.stat(blobOf(area, sha256))) !== null;
  const collect = (now: number) => catalog.app.get(CollectBlobs, { strict: false }).collectOrphans(now);
  const afterGrace = () => Date.now() + catalog.config.BLOB_GRACE * 1000 + 10_000;

  // It looks through all workspaces: what other tests deleted is not to be counted.
  beforeEach(() => collect(afterGrace()));

  it('removes the bytes of deleted images after the grace time, and their thumbnails', async () => {
    const [gone, kept] = [await putBytes(), await putBytes()];
    const put = (text: string) => blobs.put('thumbnails', workspace, Buffer.from(text), { maxBytes: 1000 });
    const [own, shared] = [await put('own'), await put('shared')];
    const [first, second] = [await create(gone), await create(gone)];
    await create(kept);
    await analyse(gone.sha256, own.sha256);
    await analyse(kept.sha256, shared.sha256);
    await call(images.delete, { id: first.id });
    expect((await findContent(gone.sha256))?.orphanedAt).toBeNull();
    expect(await collect(afterGrace())).toBe(0);
    await call(images.delete, { id: second.id });
    expect(await contentOf(second.id)).toBeUndefined();
    expect(await collect(Date.now())).toBe(0);
    expect(await isThere('originals', gone.sha256)).toBe(true);
    expect(await collect(afterGrace())).toBe(1);
    expect(await findContent(gone.sha256)).toBeNull();
    expect(await isThere('originals', gone.sha256)).toBe(false);
    expect(await isThere('thumbnails', own.sha256)).toBe(false);
    expect(await isThere('originals', kept.sha256)).toBe(true);
    expect(await isThere('thumbnails', shared.sha256)).toBe(true);
  });

  it('leaves bytes that an image points to again, and bytes that were put again', async () => {
    const [again, fresh] = [await putBytes(), await putBytes()];
    for (const content of [again, fresh]) await call(images.delete, { id: (await create(content)).id });
    const { id } = await create(again);
    // Put again at the time of the round, and not recorded yet.
    const now = afterGrace();
    await utimes(blobs.localPath?.(blobOf('originals', fresh.sha256)) ?? '', now / 1000, now / 1000);
    expect(await collect(now)).toBe(0);
    expect(await contentOf(id)).toMatchObject(again);
    expect(await isThere('originals', again.sha256)).toBe(true);
    expect(await isThere('originals', fresh.sha256)).toBe(true);
    // What is known of them stays known.
    expect(await contentOf((await create(fresh)).id)).toMatchObject(fresh);
    expect(await jobsOf(fresh.sha256)).toHaveLength(1);
  });

  it('finds the bytes of images that were all deleted at once', async () => {
    for (let round = 0; round < 15; round++) {
      const content = await putBytes();
      const made = await Promise.all(times(4, () => create(content)));
      await Promise.all(made.map(({ id }) => call(images.delete, { id })));
      expect((await findContent(content.sha256))?.orphanedAt).toBeInstanceOf(Date);
    }
    expect(await collect(afterGrace())).toBe(15);
  });

  it('takes back a mark that an image came before', async () => {
    const content = await putBytes();
    const { id } = await create(content);
    await model<ContentDocument>(CONTENT_MODEL).updateOne({ workspace }, { orphanedAt: new Date(0) });
    expect(await collect(afterGrace())).toBe(0);
    expect((await findContent(content.sha256))?.orphanedAt).toBeNull();
    expect(await isThere('originals', content.sha256)).toBe(true);
    await call(images.delete, { id });
    expect((await findContent(content.sha256))?.orphanedAt).toBeInstanceOf(Date);
  });
});
