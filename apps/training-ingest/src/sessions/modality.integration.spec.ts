import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import {
  healthContracts,
  modalityContracts as contracts,
  radiographContracts,
  radiographIngestContracts,
  type ContentReference,
} from '@pentaprism/contracts';
import { grayPng, testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import { MODALITY_IMAGE_MODEL, type ModalityImageDocument } from './modality-image.schema.js';
import { MODALITY_SESSION_MODEL, type ModalitySessionDocument } from './modality-session.schema.js';
import { MODALITY_AREA, StoredSessions } from './stored-sessions.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { MODALITY_BLOB_GRACE_MS, SweepModality } from './sweep-modality.usecase.js';
import { WatchSessions } from './watch-sessions.usecase.js';

const INFO = { binning: 'unbinned', lut: { gamma: 2.3 } } as const;
const TTL = 300;
const notFound = expect.objectContaining({ code: 'NOT_FOUND' });

/** Another image for each number. */
const pngOf = (seed: number) => grayPng({ value: (x, y) => (x + y) * seed });

describe('sessions that are kept here', () => {
  const scope = testScope('modality');
  let service: StartedTrainingIngest;
  /** What is over twice in a row is ended. */
  const watchTwice = async () => {
    const watch = service.app.get(WatchSessions, { strict: false });
    await watch.watch();
    await watch.watch();
  };
  let sweep: SweepModality;
  let sessionId: string;
  let seed = 1;

  const keyOf = ({ sha256 }: { sha256: string }, workspace = 'w1') => ({ area: MODALITY_AREA, workspace, sha256 });
  const put = async (png = pngOf((seed += 1)), workspace = 'w1'): Promise<ContentReference> => {
    const { sha256, size } = await service.blobs.put(MODALITY_AREA, workspace, png, { maxBytes: 1e6 });
    return { sha256, size, mediaType: 'image/png' };
  };
  const age = (content: ContentReference, milliseconds: number) => {
    const time = new Date(Date.now() - milliseconds);
    return utimes(service.blobs.localPath?.(keyOf(content)) ?? '', time, time);
  };
  const addImage = async (content?: ContentReference) =>
    service.call(contracts.addImage, { sessionId, content: content ?? (await put()), info: INFO });

  beforeAll(async () => {
    service = await startTrainingIngest(scope, { FILTERS_TTL: String(TTL) });
    sweep = service.app.get(SweepModality, { strict: false });
  });
  afterAll(() => service.stop());
  beforeEach(async () => {
    ({ sessionId } = await service.call(contracts.createSession, {}));
    service.catalog.radiographs.clear();
    service.catalog.changes.length = 0;
  });
  afterEach(() => {
    service.catalog.failures.clear();
    service.catalog.before = () => Promise.resolve();
    service.app.get(StoredSessions, { strict: false }).now = Date.now;
  });

  it('live as long as radiographs do', async () => {
    const session = await service.call(contracts.getSession, { sessionId });
    expect(session.sessionId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(session.expiresAt - session.createdAt).toBe(TTL * 1000);
    await expect(service.call(contracts.getSession, { sessionId }, 'w2')).rejects.toEqual(notFound);
  });

  it('show their images, in order', async () => {
    const [first, second] = [await addImage(), await addImage()];
    expect(first).toMatchObject({ sessionId, info: INFO, imageId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await service.call(contracts.listImages, { sessionId })).toEqual({ images: [first, second] });
    const { imageId } = second;
    expect(await service.call(contracts.getImage, { sessionId, imageId })).toEqual(second);
    await expect(service.call(contracts.getImage, { sessionId, imageId: randomUUID() })).rejects.toEqual(notFound);
  });

  it('are the source of radiographs, and end with them before the answer', async () => {
    const png = pngOf(99);
    const { imageId } = await addImage(await put(png));
    const added = await service.call(radiographIngestContracts.addFromModality, { sessionId, imageId });
    expect(added).toMatchObject({ info: INFO, session: { sessionId, imageId }, source: { size: png.length } });
    expect(await service.call(radiographIngestContracts.get, { key: added.key })).toEqual(added);
    await expect(service.call(radiographIngestContracts.addFromModality, { sessionId, imageId }, 'w2')).rejects.toEqual(
      notFound,
    );
    await service.call(contracts.endSession, { sessionId });
    expect(service.catalog.changes).toEqual([`end w1 ${sessionId}`]);
    await expect(service.call(radiographIngestContracts.get, { key: added.key })).rejects.toEqual(notFound);
    await expect(service.call(contracts.getSession, { sessionId })).rejects.toEqual(notFound);
    await expect(service.call(contracts.getImage, { sessionId, imageId })).rejects.toEqual(notFound);
    await expect(service.call(contracts.endSession, { sessionId })).rejects.toEqual(notFound);
    await expect(addImage()).rejects.toEqual(notFound);
  });

  it('end in the catalog by the watch when that was away at their end', async () => {
    const { imageId } = await addImage();
    await service.call(radiographIngestContracts.addFromModality, { sessionId, imageId });
    service.catalog.failures.set(radiographContracts.endSession.subject, 'UNAVAILABLE');
    await expect(service.call(contracts.endSession, { sessionId })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    service.catalog.failures.clear();
    expect(service.catalog.radiographs.size).toBe(1);
    await watchTwice();
    expect(service.catalog.radiographs.size).toBe(0);
  });

  it('take a radiograph along that is recorded at the moment of their end', async () => {
    const { imageId } = await addImage();
    service.catalog.before = async (subject) => {
      if (subject !== radiographContracts.create.subject) return;
      service.catalog.before = () => Promise.resolve();
      await service.call(contracts.endSession, { sessionId });
    };
    await service.call(radiographIngestContracts.addFromModality, { sessionId, imageId });
    expect(service.catalog.radiographs.size).toBe(1);
    await watchTwice();
    expect(service.catalog.radiographs.size).toBe(0);
  });

  it('are removed with their images after their time, and no others', async () => {
    const images = service.app.get<Model<ModalityImageDocument>>(getModelToken(MODALITY_IMAGE_MODEL), {
      strict: false,
    });
    const sessions = service.app.get<Model<ModalitySessionDocument>>(getModelToken(MODALITY_SESSION_MODEL), {
      strict: false,
    });
    const { imageId } = await addImage();
    await service.call(radiographIngestContracts.addFromModality, { sessionId, imageId });
    const { expiresAt } = await service.call(contracts.getSession, { sessionId });
    await sweep.sweepRecords(expiresAt - 1);
    expect(await sessions.countDocuments({ _id: sessionId })).toBe(1);
    await sweep.sweepRecords(expiresAt);
    expect(await sessions.countDocuments({ _id: sessionId })).toBe(0);
    expect(await images.countDocuments({ session: sessionId })).toBe(0);
    await watchTwice();
    expect(service.catalog.changes).toEqual([`end w1 ${sessionId}`]);
  });

  it('are over for the watch when they have expired and are not removed yet', async () => {
    const { imageId } = await addImage();
    await service.call(radiographIngestContracts.addFromModality, { sessionId, imageId });
    const { expiresAt } = await service.call(contracts.getSession, { sessionId });
    const stored = service.app.get(StoredSessions, { strict: false });
    stored.now = () => expiresAt - 1;
    await watchTwice();
    expect(service.catalog.changes).toEqual([]);
    stored.now = () => expiresAt;
    await watchTwice();
    expect(service.catalog.changes).toEqual([`end w1 ${sessionId}`]);
  });

  it('lose their bytes soon after their end; what another session has of them, and what is fresh, stays', async () => {
    const [gone, shared] = [await put(), await put()];
    await addImage(gone);
    await addImage(shared);
    const other = await service.call(contracts.createSession, {});
    await service.call(contracts.addImage, { sessionId: other.sessionId, content: shared, info: INFO });
    await service.call(contracts.endSession, { sessionId });
    const end = Date.now();
    const uploaded = await put();
    for (const content of [gone, shared]) await age(content, 10_000);

    expect(await sweep.sweepDueBlobs(end + MODALITY_BLOB_GRACE_MS - 10_000)).toBe(0);
    // Bytes are two minutes old in this look, and the upload ten seconds.
    await age(uploaded, -MODALITY_BLOB_GRACE_MS);
    expect(await sweep.sweepDueBlobs(end + MODALITY_BLOB_GRACE_MS + 10_000)).toBeGreaterThanOrEqual(1);
    expect(await service.blobs.stat(keyOf(gone))).toBeNull();
    expect(await service.blobs.stat(keyOf(shared))).not.toBeNull();
    expect(await service.blobs.stat(keyOf(uploaded))).not.toBeNull();
  });

  it('need a database, queues and a blob store, and say so', async () => {
    const { dependencies } = await service.call(healthContracts['training-ingest'], {});
    expect(dependencies).toEqual([
      { name: 'mongodb', ok: true },
      { name: 'valkey', ok: true },
      { name: 'blob store', ok: true },
    ]);
  });
});
