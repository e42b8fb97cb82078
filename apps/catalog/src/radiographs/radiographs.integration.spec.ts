import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import {
  imageContracts as images,
  jobReportContracts,
  projectContracts as projects,
  radiographContracts as radiographs,
  type ContentReference,
  type JobPayload,
  type ModalityReference,
  type Radiograph,
  type RadiographInfo,
  type renderRadiograph,
  type RequestOf,
  type ResponseOf,
  type Rpc,
} from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { IMAGE_MODEL, type ImageDocument } from '../images/image.schema.js';
import { setClock, startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { TRANSIENT_BLOB_GRACE } from '../config/config.js';
import { CollectBlobs } from '../housekeeping/collect-blobs.usecase.js';
import { ExpireImages } from '../housekeeping/expire-images.usecase.js';

const reports = jobReportContracts.catalog;
const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));

const INFO: RadiographInfo = {
  binning: 'binned-2x2',
  lut: { gamma: 2.3, slope: 65535, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 },
};
const TIME_TO_LIVE = 3600;

let catalog: StartedCatalog;
let blobs: BlobStore;
let workspace: string;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, of = workspace): Promise<ResponseOf<R>> {
  return catalog.call(rpc, request, of);
}

const model = <T>(name: string) => catalog.app.get<Model<T>>(getModelToken(name), { strict: false });
const findContent = (sha256: string) => model<ContentDocument>(CONTENT_MODEL).findOne({ workspace, sha256 }).lean();
const findImage = (id: string) => model<ImageDocument>(IMAGE_MODEL).findById(id).lean();

async function putBytes(area = 'originals'): Promise<ContentReference> {
  const { sha256, size } = await blobs.put(area, workspace, randomBytes(40), { maxBytes: 1000 });
  return { sha256, size, mediaType: 'image/png' };
}

const isStored = async (sha256: string, area = 'originals') => (await blobs.stat({ area, workspace, sha256 })) !== null;

async function add(changes: { source?: ContentReference; session?: ModalityReference } = {}, of = workspace) {
  const { source = await putBytes(), session = null } = changes;
  return call(radiographs.create, { source, info: INFO, session, timeToLive: TIME_TO_LIVE }, of);
}

async function renderJobOf({ imageId }: Radiograph): Promise<JobDocument> {
  const job = await model<JobDocument>(JOB_MODEL).findOne({ type: 'radiograph.render', 'payload.imageId': imageId });
  if (!job) throw new Error('there is no job');
  return job.toObject();
}

/** Does what a worker does: the picture and its thumbnail are stored, and reported. */
async function render(radiograph: Radiograph, changes: { content?: ContentReference } = {}) {
  const jobId = (await renderJobOf(radiograph))._id.toHexString();
  const started = await call(reports.start, { jobId, worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  const content = changes.content ?? (await putBytes());
  const thumbnail = { ...(await putBytes('thumbnails')), width: 1, height: 1 };
  const analysis = { orientation: 1, colorSpace: 'b-w', channels: 1, bitDepth: 8, hasAlpha: false, pages: 1 };
  const result = {
    state: 'decoded',
    format: 'png',
    mediaType: 'image/png',
    width: 3,
    height: 2,
    perceptualHash: '0'.repeat(16),
    ...analysis,
    thumbnail,
    content,
  };
  const { accepted } = await call(reports.complete, { jobId, attempt: started.attempt, result });
  expect(accepted).toBe(true);
  return { content, thumbnail };
}

const contentsOf = async ({ imageId }: Radiograph) =>
  (await call(images.getContents, { ids: [imageId] })).contents.map(({ sha256 }) => sha256);

beforeAll(async () => {
  catalog = await startCatalog(await testScope('radiographs'));
  blobs = catalog.app.get<BlobStore>(BLOB_STORE, { strict: false });
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
});

describe('a radiograph', () => {
  it('is found under a random UUID, with what the modality said of it and when it ends', async () => {
    const source = await putBytes();
    const session = { sessionId: 's/1', imageId: '画' };
    const made = await add({ source, session });
    expect(made).toEqual({
      key: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      imageId: expect.stringMatching(/^[0-9a-f]{24}$/),
      source,
      info: INFO,
      session,
      createdAt: expect.any(Number),
      expiresAt: made.createdAt + TIME_TO_LIVE * 1000,
    });
    expect(Math.abs(made.createdAt - Date.now())).toBeLessThan(5000);
    expect(await call(radiographs.get, { key: made.key })).toEqual(made);
    expect((await add({ source })).key).not.toBe(made.key);
  });

  it.each(['', 'x', '00000000-0000-4000-8000-000000000000'])('is not found under %j', async (key) => {
    await add();
    await expect(call(radiographs.get, { key })).rejects.toEqual(notFound);
    await expect(call(radiographs.delete, { key })).rejects.toEqual(notFound);
  });

  it('of another workspace is not found', async () => {
    const { key } = await add();
    const other = await catalog.makeWorkspace();
    await expect(call(radiographs.get, { key }, other)).rejects.toEqual(notFound);
    await expect(call(radiographs.delete, { key }, other)).rejects.toEqual(notFound);
    expect(await call(radiographs.get, { key })).toMatchObject({ key });
  });

  it('is an image of the one project `filters`, also when the first twenty come at once', async () => {
    await Promise.all(times(20, () => add()));
    const { projects: all } = await call(projects.list, {});
    expect(all.map(({ name, imageCount }) => [name, imageCount])).toEqual([
      ['library', 0],
      ['filters', 20],
    ]);
  });

  it('is an image like all others once its picture is there', async () => {
    const made = await add();
    const { imageId } = made;
    const image = await call(images.get, { id: imageId });
    expect(image).toMatchObject({ sha256: null, uploadedAt: null, size: 40, fileName: `${made.key}.png`, tags: [] });
    const of = { projectId: image.projectId, id: imageId };
    await expect(call(images.getPicture, of)).rejects.toEqual(notFound);
    expect(await call(images.choosePictures, { projectId: of.projectId, count: 1, seed: 'a' })).toMatchObject({
      pictures: [],
      pending: 1,
    });
    expect(await contentsOf(made)).toEqual([]);

    const { content, thumbnail } = await render(made);
    expect(await call(images.getPicture, of)).toMatchObject({ sha256: content.sha256, width: 3, height: 2 });
    expect(await contentsOf(made)).toEqual([content.sha256]);
    const list = await call(images.list, { projectId: image.projectId, uploadedOnly: true });
    expect(list).toMatchObject({ total: 1, images: [{ id: imageId, sha256: content.sha256 }] });
    expect(list.images[0]).not.toHaveProperty('radiograph');
    expect((await findContent(content.sha256))?.thumbnail?.sha256).toBe(thumbnail.sha256);
    // Its own API still has the bytes as they came.
    expect(await call(radiographs.get, { key: made.key })).toEqual(made);
  });

  it('tells its worker what to make the picture from', async () => {
    const made = await add();
    const payload = (await renderJobOf(made)).payload as JobPayload<typeof renderRadiograph>;
    expect(payload).toEqual({ workspace, imageId: made.imageId, source: made.source, lut: INFO.lut });
  });

  it('whose picture cannot be made stays in its own API, is hidden where pictures are, and says why', async () => {
    const made = await add();
    const jobId = (await renderJobOf(made))._id.toHexString();
    const started = await call(reports.start, { jobId, worker: 'test' });
    if (!started.taken) throw new Error('not taken');
    const reason = 'It claims 70000 × 2 pixels.';
    await call(reports.complete, { jobId, attempt: started.attempt, result: { state: 'undecodable', reason } });
    expect(await findImage(made.imageId)).toMatchObject({ state: 'undecodable', sha256: null });
    const image = await call(images.get, { id: made.imageId });
    expect(image).toMatchObject({ undecodable: reason });
    expect((await call(images.list, { projectId: image.projectId })).images).toMatchObject([{ undecodable: reason }]);
    await expect(call(images.getPicture, { projectId: image.projectId, id: made.imageId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `The image cannot be decoded. ${reason}`,
    });
    expect(await call(radiographs.get, { key: made.key })).toEqual(made);
    expect(await contentsOf(made)).toEqual([]);
  });
});

describe('the end of a radiograph', () => {
  const collect = (now: number) => catalog.app.get(CollectBlobs, { strict: false }).collectOrphans(now);
  const removeExpired = (now: number) => catalog.app.get(ExpireImages, { strict: false }).removeExpired(new Date(now));
  /** Well below the grace time of other bytes. */
  const soonAfter = (now: number) => now + (TRANSIENT_BLOB_GRACE + 10) * 1000;

  afterEach(() => {
    jest.useRealTimers();
  });

  it('comes at its very millisecond, in every call', async () => {
    const made = await add();
    await render(made);
    const { projectId } = await call(images.get, { id: made.imageId });
    setClock(made.expiresAt - 1);
    expect(await call(radiographs.get, { key: made.key })).toEqual(made);
    expect(await contentsOf(made)).toHaveLength(1);
    setClock(made.expiresAt);
    await expect(call(radiographs.get, { key: made.key })).rejects.toEqual(notFound);
    await expect(call(radiographs.delete, { key: made.key })).rejects.toEqual(notFound);
    await expect(call(images.get, { id: made.imageId })).rejects.toEqual(notFound);
    await expect(call(images.delete, { id: made.imageId })).rejects.toEqual(notFound);
    await expect(call(images.getPicture, { projectId, id: made.imageId })).rejects.toEqual(notFound);
    const { pictures } = await call(images.choosePictures, { projectId, count: 5, seed: 'a' });
    expect(pictures).toEqual([]);
    expect(await contentsOf(made)).toEqual([]);
  });

  it('is followed by that of its record and of all its bytes', async () => {
    const made = await add();
    const { content, thumbnail } = await render(made);
    await removeExpired(made.expiresAt - 1);
    expect(await findImage(made.imageId)).not.toBeNull();
    expect(await removeExpired(made.expiresAt)).toBeGreaterThanOrEqual(1);
    expect(await findImage(made.imageId)).toBeNull();
    const { projects: all } = await call(projects.list, {});
    expect(all.map(({ imageCount }) => imageCount)).toEqual([0, 0]);
    // An upload of the same bytes may be under way.
    await collect(Date.now());
    expect(await isStored(made.source.sha256)).toBe(true);
    await collect(soonAfter(Date.now()));
    expect(await isStored(made.source.sha256)).toBe(false);
    expect(await isStored(content.sha256)).toBe(false);
    expect(await isStored(thumbnail.sha256, 'thumbnails')).toBe(false);
  });

  it('needs no process that remembers it: the rounds of any catalog find it', async () => {
    const made = await add();
    await model<ImageDocument>(IMAGE_MODEL).updateOne({ _id: made.imageId }, { expiresAt: new Date(0) });
    // The running catalog's own round, a second later at most.
    for (let i = 0; i < 100 && (await findImage(made.imageId)); i++) await new Promise((next) => setTimeout(next, 50));
    expect(await findImage(made.imageId)).toBeNull();
  });

  it('comes early when it is deleted, once', async () => {
    const made = await add();
    const outcomes = await Promise.allSettled(times(8, () => call(radiographs.delete, { key: made.key })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toEqual(notFound);
    await expect(call(radiographs.get, { key: made.key })).rejects.toEqual(notFound);
    await collect(soonAfter(Date.now()));
    expect(await isStored(made.source.sha256)).toBe(false);
  });

  it('takes no bytes that another radiograph or image has', async () => {
    const [shared, twice] = [await putBytes(), await putBytes()];
    const [first, second] = [await add({ source: shared }), await add({ source: shared })];
    const third = await add({ source: twice });
    const other = await call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: twice });
    const { content } = await render(first);
    await render(second, { content });
    for (const { key } of [first, third]) await call(radiographs.delete, { key });
    await collect(soonAfter(Date.now()));
    for (const { sha256 } of [shared, twice, content]) expect(await isStored(sha256)).toBe(true);
    expect(await call(radiographs.get, { key: second.key })).toEqual(second);
    expect(await contentsOf(second)).toEqual([content.sha256]);
    // The last ones take them along.
    await call(radiographs.delete, { key: second.key });
    await call(images.delete, { id: other.id });
    await collect(soonAfter(Date.now()));
    for (const { sha256 } of [shared, content]) expect(await isStored(sha256)).toBe(false);
    // Not of an image that was to stay.
    expect(await isStored(twice.sha256)).toBe(true);
  });

  it('leaves record and bytes together when the bytes are too fresh, for the next round', async () => {
    const { key, source } = await add();
    await call(radiographs.delete, { key });
    // Due, but its bytes are younger than the slack of file systems' clocks.
    await collect(Date.now() + TRANSIENT_BLOB_GRACE * 1000 + 500);
    expect(await isStored(source.sha256)).toBe(true);
    expect(await findContent(source.sha256)).toMatchObject({ transient: true });
    await collect(soonAfter(Date.now()));
    expect(await isStored(source.sha256)).toBe(false);
    expect(await findContent(source.sha256)).toBeNull();
  });

  it('is completed by the next round when a catalog died between bytes and record', async () => {
    const { key, source } = await add();
    await call(radiographs.delete, { key });
    await rm(blobs.localPath?.({ area: 'originals', workspace, sha256: source.sha256 }) ?? '');
    await collect(soonAfter(Date.now()));
    expect(await findContent(source.sha256)).toBeNull();
  });

  it('takes dozens of the same bytes along at once, by two catalogs', async () => {
    const session = { sessionId: `s-${workspace}`, imageId: 'i' };
    const source = await putBytes();
    await Promise.all(times(60, () => add({ source, session })));
    const ends = times(2, () => call(radiographs.endSession, { sessionId: session.sessionId }));
    const deleted = (await Promise.all(ends)).reduce((sum, each) => sum + each.deleted, 0);
    expect(deleted).toBe(60);
    await collect(soonAfter(Date.now()));
    expect(await isStored(source.sha256)).toBe(false);
  });

  it('while its picture is being made leaves no picture', async () => {
    const made = await add();
    await call(radiographs.delete, { key: made.key });
    const { content, thumbnail } = await render(made);
    await collect(soonAfter(Date.now()));
    expect(await isStored(content.sha256)).toBe(false);
    expect(await isStored(thumbnail.sha256, 'thumbnails')).toBe(false);
  });
});

describe('what is asked of the database', () => {
  it('is answered from indexes, however many other images there are', async () => {
    const others = 300;
    await Promise.all(
      times(others, () => call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: null })),
    );
    const database = model<ImageDocument>(IMAGE_MODEL).db.db;
    const since = new Date();
    await database?.command({ profile: 2 });
    try {
      const session = { sessionId: `p-${workspace}`, imageId: 'i' };
      const made = [await add(), await add({ session })] as const;
      await render(made[0]);
      await call(radiographs.get, { key: made[0].key });
      await call(radiographs.listSessions, { limit: 10 });
      await call(radiographs.endSession, { sessionId: session.sessionId });
      await call(radiographs.delete, { key: made[0].key });
      await catalog.app.get(ExpireImages, { strict: false }).removeExpired();
      const collector = catalog.app.get(CollectBlobs, { strict: false });
      await collector.collectOrphans(Date.now() + (TRANSIENT_BLOB_GRACE + 10) * 1000);
    } finally {
      await database?.command({ profile: 0 });
    }
    const walks = await database
      ?.collection('system.profile')
      .find({ ts: { $gte: since }, docsExamined: { $gte: others / 2 } })
      .project({ ns: 1, command: 1, planSummary: 1, docsExamined: 1 })
      .toArray();
    expect(walks).toEqual([]);
  });
});

describe('bytes that a radiograph came with', () => {
  it('are analysed when they become an image of their own, and not before', async () => {
    const { source } = await add();
    const analyses = () =>
      model<JobDocument>(JOB_MODEL).countDocuments({ type: 'content.analyse', 'payload.sha256': source.sha256 });
    expect(await findContent(source.sha256)).toMatchObject({ state: 'unseen', orphanedAt: null });
    expect(await analyses()).toBe(0);
    const image = await call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: source });
    expect(await analyses()).toBe(1);
    const { contents } = await call(images.getContents, { ids: [image.id] });
    expect(contents).toMatchObject([{ sha256: source.sha256, state: 'pending' }]);
    await call(images.create, { fileName: 'b', announcedSize: 1, tags: [], content: source });
    expect(await analyses()).toBe(1);
  });
});

describe('a session that ends', () => {
  it('takes its radiographs along, of its workspace alone', async () => {
    const session = { sessionId: `s-${workspace}`, imageId: 'i' };
    const other = await catalog.makeWorkspace();
    const [first, second] = [await add({ session }), await add({ session: { ...session, imageId: 'j' } })];
    const kept = [await add(), await add({ session: { ...session, sessionId: 'another' } })];
    const foreign = await add({ session }, other);
    const { sessions } = await call(radiographs.listSessions, { limit: 1000 });
    expect(sessions.filter(({ sessionId }) => sessionId === session.sessionId)).toEqual(
      [workspace, other].sort().map((of) => ({ workspace: of, sessionId: session.sessionId })),
    );
    expect(await call(radiographs.endSession, { sessionId: session.sessionId })).toEqual({ deleted: 2 });
    for (const { key } of [first, second]) await expect(call(radiographs.get, { key })).rejects.toEqual(notFound);
    for (const { key } of kept) expect(await call(radiographs.get, { key })).toMatchObject({ key });
    expect(await call(radiographs.get, { key: foreign.key }, other)).toEqual(foreign);
    expect(await call(radiographs.endSession, { sessionId: session.sessionId })).toEqual({ deleted: 0 });
  });
});
