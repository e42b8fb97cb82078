import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import type { ContentReference } from '@pentaprism/contracts';
import { MAX_IMAGES_PER_MODALITY_SESSION, MAX_MODALITY_SESSIONS_PER_WORKSPACE } from '@pentaprism/domain';
import { testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readlink } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { MODALITY_IMAGE_MODEL, type ModalityImageDocument } from './modality-image.schema.js';
import { MODALITY_SESSION_MODEL, type ModalitySessionDocument } from './modality-session.schema.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { describeModalitySessionsConformance } from './modality-sessions.conformance.js';
import { MODALITY_AREA, StoredSessions } from './stored-sessions.js';

const scope = testScope('stored-sessions');
const INFO = { binning: 'unbinned', lut: null } as const;
const HOUR = 3600;
const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
let service: StartedTrainingIngest;
let stored: StoredSessions;
/** Of another instance. */
let other: StoredSessions;
let images: Model<ModalityImageDocument>;
let sessions: Model<ModalitySessionDocument>;

async function put(bytes: Uint8Array, workspace = 'clinic'): Promise<ContentReference> {
  const { sha256, size } = await service.blobs.put(MODALITY_AREA, workspace, bytes, { maxBytes: 100_000_000 });
  return { sha256, size, mediaType: 'image/png' };
}

/** Files of the blob store that this process has open, where that can be seen. */
async function countOpenBlobs(): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const descriptors = await readdir('/proc/self/fd');
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(service.directory)).length;
}

/** A workspace of its own for each test. */
const newWorkspace = () => `w-${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  service = await startTrainingIngest(scope);
  stored = service.app.get(StoredSessions, { strict: false });
  other = (await service.startAnother()).get(StoredSessions, { strict: false });
  images = service.app.get(getModelToken(MODALITY_IMAGE_MODEL), { strict: false });
  sessions = service.app.get(getModelToken(MODALITY_SESSION_MODEL), { strict: false });
});
afterAll(() => service.stop());

describeModalitySessionsConformance('StoredSessions', async () => ({
  sessions: stored,
  createSession: async (workspace) => (await stored.create(workspace, HOUR)).sessionId,
  addImage: async (workspace, sessionId, { bytes, info }) =>
    (await stored.addImage(workspace, sessionId, { content: await put(bytes, workspace), info })).imageId,
  endSession: (workspace, sessionId) => stored.end(workspace, sessionId),
  countOpen: countOpenBlobs,
  close: async () => undefined,
}));

describe('sessions that are kept here', () => {
  let workspace: string;
  let content: ContentReference;
  beforeEach(async () => {
    workspace = newWorkspace();
    content = await put(Buffer.from('an image'), workspace);
  });
  afterEach(() => {
    stored.now = Date.now;
  });

  it('belong to one workspace', async () => {
    const { sessionId } = await stored.create(workspace, HOUR);
    const { imageId } = await stored.addImage(workspace, sessionId, { content, info: INFO });
    const reference = { sessionId, imageId };
    const stranger = newWorkspace();
    expect(await stored.isActive(stranger, sessionId)).toBe(false);
    expect(await stored.hasImage(stranger, reference)).toBe(false);
    await expect(stored.get(stranger, sessionId)).rejects.toEqual(notFound);
    await expect(stored.find(stranger, reference)).rejects.toEqual(notFound);
    await expect(buffer(stored.open(stranger, reference))).rejects.toEqual(notFound);
    await expect(stored.addImage(stranger, sessionId, { content, info: INFO })).rejects.toEqual(notFound);
    await expect(stored.listImages(stranger, sessionId)).rejects.toEqual(notFound);
    await expect(stored.getImage(stranger, reference)).rejects.toEqual(notFound);
    await expect(stored.end(stranger, sessionId)).rejects.toEqual(notFound);
    expect(await stored.hasImage(workspace, reference)).toBe(true);
  });

  it('are unknown from the millisecond on at which they expire', async () => {
    const start = Date.now();
    stored.now = () => start;
    const session = await stored.create(workspace, 60);
    expect(session).toMatchObject({ createdAt: start, expiresAt: start + 60_000 });
    const { sessionId } = session;
    const image = await stored.addImage(workspace, sessionId, { content, info: INFO });
    stored.now = () => start + 59_999;
    expect(await stored.get(workspace, sessionId)).toEqual(session);
    expect(await stored.hasImage(workspace, image)).toBe(true);
    stored.now = () => start + 60_000;
    expect(await stored.isActive(workspace, sessionId)).toBe(false);
    expect(await stored.hasImage(workspace, image)).toBe(false);
    await expect(stored.get(workspace, sessionId)).rejects.toEqual(notFound);
    await expect(stored.getImage(workspace, image)).rejects.toEqual(notFound);
    await expect(stored.listImages(workspace, sessionId)).rejects.toEqual(notFound);
    await expect(stored.addImage(workspace, sessionId, { content, info: INFO })).rejects.toEqual(notFound);
    await expect(stored.end(workspace, sessionId)).rejects.toEqual(notFound);
    // Not before the sweep, so that what is asked above is not answered by the lack of a record.
    expect(await sessions.countDocuments({ workspace })).toBe(1);
  });

  it('have as many images as the limit says, in the order in which they were taken', async () => {
    const { sessionId } = await stored.create(workspace, HOUR);
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1)
      ids.push((await stored.addImage(workspace, sessionId, { content, info: INFO })).imageId);
    expect((await stored.listImages(workspace, sessionId)).map(({ imageId }) => imageId)).toEqual(ids);
    await sessions.updateOne({ _id: sessionId }, { images: MAX_IMAGES_PER_MODALITY_SESSION - 1 });
    await stored.addImage(workspace, sessionId, { content, info: INFO });
    for (let attempt = 0; attempt < 2; attempt += 1)
      await expect(stored.addImage(workspace, sessionId, { content, info: INFO })).rejects.toMatchObject({
        code: 'RATE_LIMITED',
        message: expect.stringContaining('end it'),
        details: { limit: MAX_IMAGES_PER_MODALITY_SESSION },
      });
    expect(await stored.listImages(workspace, sessionId)).toHaveLength(4);
  });

  it('are as many as the limit says, also when several are made at once; expired ones do not count', async () => {
    const document = (n: number, expiresAt: number) => ({
      _id: randomUUID(),
      workspace,
      createdAt: new Date(n),
      expiresAt: new Date(expiresAt),
      images: 0,
    });
    const limit = MAX_MODALITY_SESSIONS_PER_WORKSPACE;
    const later = Date.now() + 3_600_000;
    await sessions.insertMany(Array.from({ length: limit - 3 }, (_, n) => document(n, later)));
    await sessions.insertMany(Array.from({ length: 10 }, (_, n) => document(n, Date.now() - 1)));
    const made = await Promise.allSettled(Array.from({ length: 8 }, () => stored.create(workspace, HOUR)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const each of made)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'RATE_LIMITED', details: { limit } });
    await expect(stored.create(newWorkspace(), HOUR)).resolves.toBeDefined();
  });

  it('take twenty images at once, of two instances, each with a place of its own', async () => {
    const { sessionId } = await stored.create(workspace, HOUR);
    const add = (n: number) => (n % 2 ? stored : other).addImage(workspace, sessionId, { content, info: INFO });
    const added = await Promise.all(Array.from({ length: 20 }, (_, n) => add(n)));
    const listed = await stored.listImages(workspace, sessionId);
    expect(new Set(listed.map(({ imageId }) => imageId))).toEqual(new Set(added.map(({ imageId }) => imageId)));
    const positions = (await images.find({ workspace }).lean()).map(({ position }) => position);
    expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it.each(Array.from({ length: 5 }, (_, n) => n))(
    'keep no image of twenty that come while they are ended (%i)',
    async (round) => {
      const { sessionId } = await stored.create(workspace, HOUR);
      await stored.addImage(workspace, sessionId, { content, info: INFO });
      const add = (n: number) => (n % 2 ? stored : other).addImage(workspace, sessionId, { content, info: INFO });
      const adding = Array.from({ length: 20 }, (_, n) => add(n));
      await Promise.allSettled(adding.slice(0, 2 * round));
      const results = await Promise.allSettled([stored.end(workspace, sessionId), ...adding]);
      expect(results[0]).toMatchObject({ status: 'fulfilled' });
      for (const result of results.slice(1)) if (result.status === 'rejected') expect(result.reason).toEqual(notFound);
      expect(await images.countDocuments({ workspace })).toBe(0);
      expect(await stored.isActive(workspace, sessionId)).toBe(false);
    },
  );

  it('are ended once, by one of twenty', async () => {
    const { sessionId } = await stored.create(workspace, HOUR);
    const ends = Array.from({ length: 20 }, (_, n) => (n % 2 ? stored : other).end(workspace, sessionId));
    const results = await Promise.allSettled(ends);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toEqual(notFound);
  });
});
