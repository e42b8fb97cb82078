import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import {
  created,
  FILTERS,
  FiltersClient,
  grayPng,
  IMAGE_INFO,
  infoPart,
  mediaPart,
  MODALITY,
  startStandInDevice,
  type ImageResource,
  type StandInDevice,
} from './support/filters.js';
import { expectRefusal } from './support/filters-refusal.js';
import { json } from './support/http.js';
import { chunk } from './support/samples.js';
import {
  createKey,
  sharedSystem,
  startPrivateSystem,
  storedBlobs,
  type ApiKey,
  type PrivateSystem,
} from './support/stack.js';

const MEDIA = grayPng({ width: 40, height: 30 });

describe('sessions that are kept here', () => {
  const system = sharedSystem();
  let key: ApiKey;
  let client: FiltersClient;
  beforeAll(async () => {
    key = await createKey(system, {});
    client = new FiltersClient(system, key);
  });

  interface Session {
    readonly sessionId: string;
  }
  interface SessionImage {
    readonly id: string;
    readonly url: string;
  }

  const begin = async () => created<Session>(await client.send('POST', `${MODALITY}/acquisition`)).sessionId;
  const imagesOf = (sessionId: string) => `${MODALITY}/acquisition/${sessionId}/images`;
  const addImage = async (sessionId: string, media = MEDIA) =>
    created<SessionImage>(await client.upload([mediaPart(media), infoPart()], imagesOf(sessionId)));
  const copy = (sessionId: string, imageId: string) =>
    client.sendJson('POST', `${FILTERS}/images/modality`, { sessionId, imageId });

  it('make the filters API usable without a device, from the exposure to the end of the session', async () => {
    const sessionId = await begin();
    const session = await client.send('GET', `${MODALITY}/acquisition/${sessionId}`);
    expect(json(session)).toEqual({ sessionId, createdOn: expect.any(String), expires: expect.any(String) });
    const { id: imageId, url } = await addImage(sessionId);
    expect(json(await client.send('GET', imagesOf(sessionId)))).toEqual([
      {
        id: imageId,
        mediaType: 'image/png',
        url: `${system.url}${imagesOf(sessionId)}/${imageId}/media`,
        createdOn: expect.any(String),
        ...IMAGE_INFO,
      },
    ]);
    expect((await client.send('GET', url.slice(system.url.length))).bytes.equals(MEDIA)).toBe(true);

    const resource = created(await copy(sessionId, imageId));
    expect(resource).toMatchObject({ imageInfo: IMAGE_INFO, modalitySession: { sessionId, imageId } });
    const media = `${FILTERS}/images/${resource.id}/media`;
    expect((await client.send('GET', media)).bytes.equals(MEDIA)).toBe(true);

    expect((await client.send('DELETE', `${MODALITY}/acquisition/${sessionId}`)).status).toBe(204);
    for (const path of [
      media,
      `${FILTERS}/images/${resource.id}`,
      imagesOf(sessionId),
      `${imagesOf(sessionId)}/${imageId}`,
    ])
      expectRefusal(await client.send('GET', path), 404, 'NOT_FOUND');
    expectRefusal(await client.send('DELETE', `${MODALITY}/acquisition/${sessionId}`), 404, 'NOT_FOUND');
    expectRefusal(await copy(sessionId, imageId), 404, 'NOT_FOUND');
  });

  it('keep an image whose copy was deleted', async () => {
    const sessionId = await begin();
    const { id } = await addImage(sessionId);
    const resource = created(await copy(sessionId, id));
    expect((await client.send('DELETE', `${FILTERS}/images/${resource.id}`)).status).toBe(204);
    expect((await client.send('GET', `${imagesOf(sessionId)}/${id}`)).status).toBe(200);
    created(await copy(sessionId, id));
  });

  it('read the ids of an image in Pascal case, as the SDK sends them', async () => {
    const sessionId = await begin();
    const { id } = await addImage(sessionId);
    const body = { SessionId: sessionId, ImageId: id };
    created(await client.sendJson('POST', `${FILTERS}/images/modality`, body));
  });

  it.each([
    ['nothing', '', 400],
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    ['no imageId', '{"sessionId":"x"}', 400],
    ['an empty id', '{"sessionId":"x","imageId":""}', 400],
    ['a number', '{"sessionId":"x","imageId":1}', 400],
    ['null', '{"sessionId":null,"imageId":"x"}', 400],
    ['an operator', '{"sessionId":{"$ne":""},"imageId":"x"}', 400],
    ['an id that is too long', `{"sessionId":"${'x'.repeat(201)}","imageId":"x"}`, 400],
    ['an unknown session', '{"sessionId":"x","imageId":"y"}', 404],
    ['a path', '{"sessionId":"..","imageId":"."}', 404],
  ])('refuse %s', async (_what, body, status) => {
    const answer = await client.sendJson('POST', `${FILTERS}/images/modality`, body);
    expectRefusal(answer, status, status === 400 ? 'INVALID_ARGUMENT' : 'NOT_FOUND');
  });

  it('are those of their workspace', async () => {
    const sessionId = await begin();
    const { id } = await addImage(sessionId);
    const stranger = new FiltersClient(system, await createKey(system, {}));
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/images'],
      ['GET', `/images/${id}`],
      ['GET', `/images/${id}/media`],
      ['DELETE', ''],
    ] as const)
      expectRefusal(await stranger.send(method, `${MODALITY}/acquisition/${sessionId}${path}`), 404, 'NOT_FOUND');
    const foreign = { sessionId, imageId: id };
    expectRefusal(await stranger.sendJson('POST', `${FILTERS}/images/modality`, foreign), 404, 'NOT_FOUND');
    expect((await client.send('GET', `${imagesOf(sessionId)}/${id}`)).status).toBe(200);
  });

  it('take no image that a filters upload would not, and none for a session that is unknown', async () => {
    const sessionId = await begin();
    const own = await storedBlobs(system, 'modality', key.workspace);
    const broken = MEDIA.subarray(0, -5);
    expectRefusal(await client.upload([infoPart(), mediaPart(broken)], imagesOf(sessionId)), 400, 'INVALID_ARGUMENT');
    const other = [infoPart(), mediaPart('GIF89a')];
    expectRefusal(await client.upload(other, imagesOf(sessionId)), 415, 'UNSUPPORTED_MEDIA_TYPE');
    const large = grayPng({ width: 1500, height: 1500, value: (x, y) => (x * y * 31) % 65536 });
    expectRefusal(await client.upload([infoPart(), mediaPart(large)], imagesOf('unknown')), 404, 'NOT_FOUND');
    expect(await storedBlobs(system, 'modality', key.workspace)).toEqual(own);
  });
});

describe('a modality elsewhere', () => {
  const [USER, PASSWORD] = ['röntgen', 'pass:wört'];
  let device: StandInDevice;
  let system: PrivateSystem;
  let key: ApiKey;
  let client: FiltersClient;
  beforeAll(async () => {
    device = await startStandInDevice(USER, PASSWORD);
    system = await startPrivateSystem({
      MODALITY_API_URL: device.url,
      MODALITY_API_USER: USER,
      MODALITY_API_PASSWORD: PASSWORD,
      MODALITY_TIMEOUT: '1',
      FILTERS_TTL: '15',
    });
    key = await createKey(system, {});
    client = new FiltersClient(system, key);
  });
  afterAll(async () => {
    await system.stop();
    await device.close();
  });

  /** What the Modality API says of an image is more than the filters API wants. */
  const INFO = {
    ...IMAGE_INFO,
    id: 'x',
    rotation: null,
    previewUrl: 'http://x/y',
    acquisitionInfo: { binning: 'Unbinned', enable: true },
  };
  let session: string;
  let sessions = 0;
  beforeEach(() => {
    device.fault = undefined;
    session = `session/${(sessions += 1)} ü`;
    device.sessions.set(session, new Map([['im age', { info: INFO, media: MEDIA }]]));
  });

  const copy = (imageId = 'im age', sessionId = session) =>
    client.sendJson('POST', `${FILTERS}/images/modality`, { sessionId, imageId });
  const statusOf = async ({ id }: ImageResource, path = '') =>
    (await client.send('GET', `${FILTERS}/images/${id}${path}`)).status;

  it('is where sessions are: the API for our own is of no use', async () => {
    expectRefusal(await client.send('POST', `${MODALITY}/acquisition`), 409, 'FAILED_PRECONDITION');
  });

  it('has its images copied, whatever its ids look like', async () => {
    const resource = created(await copy());
    expect(resource).toMatchObject({
      imageInfo: IMAGE_INFO,
      modalitySession: { sessionId: session, imageId: 'im age' },
    });
    const media = await client.send('GET', `${FILTERS}/images/${resource.id}/media`);
    expect(media.bytes.equals(MEDIA)).toBe(true);
    expect(device.requests).toContain(
      `GET /api/dsio/modality/v1/acquisition/${encodeURIComponent(session)}/images/im%20age/media`,
    );
  });

  it('knows what it has', async () => {
    expectRefusal(await copy('another'), 404, 'NOT_FOUND');
    expectRefusal(await copy('im age', 'another'), 404, 'NOT_FOUND');
    for (const id of ['.', '..']) expectRefusal(await copy('x', id), 404, 'NOT_FOUND');
    expect(device.requests.filter((request) => /\/\.\.?(?:\/|$)/.test(request))).toEqual([]);
  });

  it('that sends another kind of image, or a broken one, leaves nothing', async () => {
    device.sessions.get(session)?.set('gif', { info: INFO, media: Buffer.from('GIF89a and so on') });
    device.sessions.get(session)?.set('cut', { info: INFO, media: MEDIA.subarray(0, -9) });
    const before = await storedBlobs(system, 'originals', key.workspace);
    expectRefusal(await copy('gif'), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectRefusal(await copy('cut'), 502, 'UPSTREAM_FAILED');
    expect(before).toEqual(expect.arrayContaining(await storedBlobs(system, 'originals', key.workspace)));
  });

  it('ends a resource with its session', async () => {
    const [asked, unasked] = [created(await copy()), created(await copy())];
    expect(await statusOf(asked)).toBe(200);
    device.sessions.delete(session);
    await eventually(async () => expect(await statusOf(asked, '/media')).toBe(404), { timeoutMs: 7000 });
    expect(await statusOf(unasked)).toBe(404);
  });

  it('that is down gives 502 or 504, and ends nothing', async () => {
    const resource = created(await copy());
    for (const [fault, status, code] of [
      [500, 502, 'UPSTREAM_FAILED'],
      [401, 502, 'UPSTREAM_FAILED'],
      ['silent', 504, 'DEADLINE_EXCEEDED'],
    ] as const) {
      device.fault = fault;
      expectRefusal(await copy(), status, code);
    }
    // What was answered before is believed for a moment.
    await eventually(async () => expect([502, 504]).toContain(await statusOf(resource)), { timeoutMs: 8000 });
    device.fault = undefined;
    await eventually(async () => expect(await statusOf(resource, '/media')).toBe(200), { timeoutMs: 5000 });
    const refused = await (async () => {
      device.fault = 500;
      const answer = await copy();
      return answer.bytes.toString();
    })();
    expect(refused).not.toContain('127.0.0.1');
    expect(refused).not.toContain(PASSWORD);
  });

  it('leaves resources that were uploaded alone when it is down', async () => {
    device.fault = 500;
    const resource = await client.create(MEDIA);
    expect(await statusOf(resource, '/media')).toBe(200);
  });

  // That its bytes are gone soon after, which takes a minute and a half, is shown by a drill (radiographs that expire).
  it('or none: a resource is gone at the second of its end', async () => {
    const own = await createKey(system, {});
    const mine = new FiltersClient(system, own);
    const media = grayPng({ extra: [chunk('prVt', Buffer.from('only here'))] });
    const resource = await mine.create(media);
    const expires = Date.parse(resource.expires);
    expect(expires - Date.parse(resource.createdOn)).toBe(15_000);
    await eventually(async () => expect(await storedBlobs(system, 'originals', own.workspace)).toHaveLength(2), {
      timeoutMs: 10_000,
    });
    // Asked all the time: there until then, and not from then on.
    for (;;) {
      const before = Date.now();
      const { status } = await mine.send('GET', `${FILTERS}/images/${resource.id}/media`);
      if (before >= expires) {
        expect(status).toBe(404);
        break;
      }
      if (Date.now() < expires) expect(status).toBe(200);
    }
    for (const method of ['GET', 'DELETE'])
      expect((await mine.send(method, `${FILTERS}/images/${resource.id}`)).status).toBe(404);
  });
});
