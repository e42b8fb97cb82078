import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  modalityContracts,
  radiographContracts,
  radiographIngestContracts as contracts,
  type ModalityReference,
} from '@pentaprism/contracts';
import { runWithContext } from '@pentaprism/observability';
import { grayPng, testScope } from '@pentaprism/testing';
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { imageInfoOf, StandInDevice } from '../sessions/dsio/stand-in-device.fixture.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { ACTIVE_MS, ActiveImages } from '../sessions/active-images.js';
import { GetRadiograph } from './get-radiograph.usecase.js';
import { WATCH_MS, WatchSessions } from '../sessions/watch-sessions.usecase.js';

const LUT = { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 };
const INFO = { binning: 'binned-2x2', lut: LUT } as const;
const PNG = grayPng();
const TTL = 90;

describe('radiographs, with a device', () => {
  const scope = testScope('radiographs');
  let device: StandInDevice;
  let service: StartedTrainingIngest;
  let session: ModalityReference;
  let skipped = 0;

  const add = () => service.call(contracts.addFromModality, session);
  const countOriginals = async () => {
    let count = 0;
    for await (const _ of service.blobs.list('originals')) count += 1;
    return count;
  };
  /** The answer that the service has kept is too old from now on. */
  const forgetAnswers = () => {
    skipped += ACTIVE_MS;
    service.app.get(ActiveImages, { strict: false }).now = () => performance.now() + skipped;
  };
  const answerInstead = (status: number) => {
    device.fault = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
  };

  beforeAll(async () => {
    device = await StandInDevice.start();
    service = await startTrainingIngest(scope, {
      MODALITY_API_URL: `${device.url}/`,
      MODALITY_API_USER: 'zähne',
      MODALITY_API_PASSWORD: 'geheim',
      MODALITY_TIMEOUT: '1',
      FILTERS_TTL: String(TTL),
    });
  });
  afterAll(async () => {
    await service.stop();
    await device.close();
  });
  beforeEach(() => {
    const sessionId = device.createSession();
    session = { sessionId, imageId: device.addImage(sessionId, PNG, imageInfoOf(INFO)) };
    service.catalog.radiographs.clear();
    service.catalog.changes.length = 0;
    device.requests.length = 0;
  });
  afterEach(() => {
    device.fault = () => false;
    service.catalog.failures.clear();
    service.catalog.before = () => Promise.resolve();
  });

  it('come in with the life that is configured, and without a session', async () => {
    const content = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/png' };
    const added = await service.call(contracts.add, { content, info: INFO }, 'w2');
    expect(added).toMatchObject({ source: content, info: INFO, session: null });
    const stored = [...service.catalog.radiographs.values()];
    expect(stored).toMatchObject([{ workspace: 'w2', timeToLive: TTL, radiograph: { key: added.key } }]);
    expect(await service.call(contracts.get, { key: added.key }, 'w2')).toEqual(added);
    expect(device.requests).toEqual([]);
  });

  it('are copied with the bytes, the information and the life that they should have', async () => {
    const added = await add();
    expect(added).toMatchObject({ info: INFO, session, source: { size: PNG.length, mediaType: 'image/png' } });
    const key = { area: 'originals', workspace: 'w1', sha256: added.source.sha256 };
    expect((await buffer(await service.blobs.open(key))).equals(PNG)).toBe(true);
    expect([...service.catalog.radiographs.values()]).toMatchObject([{ workspace: 'w1', timeToLive: TTL }]);
    const basic = `Basic ${Buffer.from('zähne:geheim').toString('base64')}`;
    expect(new Set(device.requests.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
  });

  it('are two when one image is copied twice', async () => {
    const [first, second] = [await add(), await add()];
    expect(second.key).not.toBe(first.key);
    expect(service.catalog.radiographs.size).toBe(2);
  });

  it('are not found where the device has none', async () => {
    const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
    await expect(service.call(contracts.addFromModality, { ...session, imageId: 'x' })).rejects.toEqual(notFound);
    await expect(service.call(contracts.addFromModality, { ...session, sessionId: '..' })).rejects.toEqual(notFound);
    answerInstead(400);
    await expect(add()).rejects.toEqual(notFound);
  });

  it.each([
    ['is cut short', () => PNG.subarray(0, -20), 'UPSTREAM_FAILED'],
    ['is empty', () => Buffer.alloc(0), 'UPSTREAM_FAILED'],
    ['has a wrong checksum', () => Buffer.from(PNG).fill(0x55, 45, 46), 'UPSTREAM_FAILED'],
    ['is no PNG', () => Buffer.from('GIF89a, and some more bytes than that'), 'UNSUPPORTED_MEDIA_TYPE'],
    ['has 8 bits', () => grayPng({ bitDepth: 8 }), 'UNSUPPORTED_MEDIA_TYPE'],
  ])('are refused when the image of the device %s, and leave nothing', async (_what, bytes, code) => {
    const before = await countOriginals();
    session.imageId = device.addImage(session.sessionId, bytes(), imageInfoOf(INFO));
    await expect(add()).rejects.toMatchObject({ code });
    expect(await countOriginals()).toBe(before);
    expect(service.catalog.radiographs.size).toBe(0);
  });

  it.each([401, 500, 503])('fail at status %i of the device, in words that name no address', async (status) => {
    answerInstead(status);
    const error: unknown = await add().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UPSTREAM_FAILED', message: expect.stringContaining('modality') });
    expect(JSON.stringify(error)).not.toMatch(/127\.0\.0\.1|geheim|zähne/);
  });

  it('fail at a device that hangs', async () => {
    device.fault = () => true;
    await expect(add()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('are not recorded when the session ends while its image is copied', async () => {
    device.fault = ({ url }) => {
      if (url?.endsWith('/media')) setImmediate(() => device.endSession(session.sessionId));
      return false;
    };
    await expect(add()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.catalog.radiographs.size).toBe(0);
  });

  it('are gone in every call once the session is over', async () => {
    const { key } = await add();
    expect(await service.call(contracts.get, { key })).toMatchObject({ key, session });
    device.endSession(session.sessionId);
    forgetAnswers();
    await expect(service.call(contracts.get, { key })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // Not removed for one answer, which may be that of a proxy: the watch does that.
    expect(service.catalog.changes).toEqual([]);
    await expect(service.call(contracts.get, { key })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are over with their image', async () => {
    const { key } = await add();
    device.sessions.get(session.sessionId)?.clear();
    const get = service.app.get(GetRadiograph, { strict: false });
    const at = (now: number) =>
      runWithContext({ workspace: 'w1', traceId: 't', actor: 'ann' }, () => get.get('w1', key, now));
    for (const now of [1000, 1000 + WATCH_MS - 1]) await expect(at(now)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.catalog.radiographs.size).toBe(1);
    await expect(at(1000 + WATCH_MS)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.catalog.radiographs.size).toBe(0);
  });

  it('are over also while the catalog cannot remove them', async () => {
    const { key } = await add();
    device.endSession(session.sessionId);
    service.catalog.failures.set(radiographContracts.delete.subject, 'UNAVAILABLE');
    await expect(service.call(contracts.get, { key })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(service.catalog.radiographs.size).toBe(1);
  });

  it('cost the device one question for many who ask, for some seconds', async () => {
    const { key } = await add();
    device.requests.length = 0;
    await Promise.all(Array.from({ length: 20 }, () => service.call(contracts.get, { key })));
    await service.call(contracts.get, { key });
    // The session and the image.
    expect(device.requests).toHaveLength(2);
    forgetAnswers();
    await service.call(contracts.get, { key });
    expect(device.requests).toHaveLength(4);
  });

  it('stay, and are not shown, while the device is down', async () => {
    const { key } = await add();
    for (const status of [500, 401, 400]) {
      answerInstead(status);
      await expect(service.call(contracts.get, { key })).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
    }
    device.fault = () => true;
    await expect(service.call(contracts.get, { key })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(service.catalog.changes).toEqual([]);
    device.fault = () => false;
    expect(await service.call(contracts.get, { key })).toMatchObject({ key });
  });

  it('are ended by the watch, with their workspace, and not while the device is down', async () => {
    const watch = service.app.get(WatchSessions, { strict: false });
    await add();
    await service.call(contracts.addFromModality, session, 'w2');
    const stays = device.createSession();
    const other = { sessionId: stays, imageId: device.addImage(stays, PNG, imageInfoOf(INFO)) };
    const kept = await service.call(contracts.addFromModality, other);
    device.endSession(session.sessionId);
    answerInstead(503);
    await watch.watch();
    expect(service.catalog.changes).toEqual([]);
    device.fault = () => false;
    await watch.watch();
    expect(service.catalog.changes).toEqual([]);
    await watch.watch();
    expect(service.catalog.changes.sort()).toEqual([`end w1 ${session.sessionId}`, `end w2 ${session.sessionId}`]);
    expect([...service.catalog.radiographs.keys()]).toEqual([`w1/${kept.key}`]);
  });

  it('have no sessions that are kept here', async () => {
    const sessionId = randomUUID();
    const refused = expect.objectContaining({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('MODALITY_API_URL'),
    });
    const content = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/png' };
    await expect(service.call(modalityContracts.createSession, {})).rejects.toEqual(refused);
    await expect(service.call(modalityContracts.getSession, { sessionId })).rejects.toEqual(refused);
    await expect(service.call(modalityContracts.endSession, { sessionId })).rejects.toEqual(refused);
    await expect(service.call(modalityContracts.listImages, { sessionId })).rejects.toEqual(refused);
    await expect(service.call(modalityContracts.getImage, session)).rejects.toEqual(refused);
    const image = { sessionId, content, info: INFO };
    await expect(service.call(modalityContracts.addImage, image)).rejects.toEqual(refused);
    expect(service.catalog.changes).toEqual([]);
  });
});
