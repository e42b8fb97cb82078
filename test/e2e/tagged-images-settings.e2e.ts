import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, RawConnection, send } from './support/http.js';
import { tinyPng, unknownBytes } from './support/samples.js';
import {
  createKey,
  metricLines,
  openFiles,
  startPrivateSystem,
  storedBlobs,
  temporaryFiles,
  type PrivateSystem,
} from './support/stack.js';
import { errorShape, TaggedImages, urlOf } from './support/tagged-images.js';

const LIFE = 5;
const IDLE = 2;
const MAX_BYTES = 7_000_000;
const RATE = 150;
const APP = 'https://app.example';

/** A system of its own: everything closed, short lives, small limits. */
let system: PrivateSystem;
let client: TaggedImages & { apiKey: { key: string; workspace: string } };

beforeAll(async () => {
  system = await startPrivateSystem({
    OPEN_DIALECTS: 'tensorboard',
    SIGNED_URL_TTL: String(LIFE),
    IDLE_TIMEOUT: String(IDLE),
    MAX_UPLOAD_BYTES: String(MAX_BYTES),
    RATE_LIMIT: String(RATE),
    CORS_ORIGINS: `${APP}, http://localhost:5173`,
    PUBLIC_URL: 'https://images.example/',
  });
  client = await TaggedImages.inFreshWorkspace(system);
});
afterAll(async () => system?.stop(), 30_000);

/** Where a public address leads on this machine. */
const local = (url: string) => url.replace('https://images.example', system.url);
const localUrl = async (id: number) => local(urlOf(await client.record(id)));

describe('PUBLIC_URL', () => {
  it('begins every address, whatever host the request names', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
    const created = json<{ id: number; upload_url: string }>(await client.post('/images', {}, headers));
    expect(created.upload_url).toMatch(/^https:\/\/images\.example\/files\//);
    await send('PUT', local(created.upload_url), { body: 'bytes' });
    const { url } = json<{ url: string }>(await client.get(`/images/${created.id}`, headers));
    expect(url).toMatch(/^https:\/\/images\.example\/files\//);
  });
});

describe('where keys are needed', () => {
  it.each([
    ['GET', '/images'],
    ['POST', '/images'],
    ['POST', '/upload'],
    ['GET', '/images/1'],
    ['DELETE', '/images/1'],
    ['PUT', '/images/1'],
    ['GET', '/tags'],
    ['POST', '/tags'],
    ['GET', '/tags/1'],
    ['PUT', '/tags/1'],
    ['DELETE', '/tags/1'],
    ['GET', '/tags/1/images'],
    ['GET', '/search/images?exact_tags=a'],
    ['GET', '/nothing'],
  ])('refuses %s %s without one', async (method, path) => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': 'wrong' }]) {
      const answer = await send(method, `${system.url}/v1${path}`, { headers });
      expect({ status: answer.status, body: json(answer) }).toEqual({ status: 401, body: errorShape(401) });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('takes it as a bearer token or as X-API-Key', async () => {
    const { key } = client.apiKey;
    for (const headers of [{ authorization: `Bearer ${key}` }, { 'X-API-Key': key }]) {
      expect((await send('GET', `${system.url}/v1/images`, { headers })).status).toBe(200);
    }
  });

  it('serves signed URLs without any', async () => {
    const { id, upload_url } = await client.create();
    expect((await send('PUT', local(upload_url), { body: tinyPng() })).status).toBe(200);
    expect((await send('GET', await localUrl(id))).status).toBe(200);
  });

  it('refuses a large body without a key in a way that the client sees', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await send('POST', `${system.url}/v1/upload`, { headers, body: Buffer.alloc(20_000_000, 0x20) });
    expect(answer.status).toBe(401);
  });
});

describe('a signed URL', () => {
  it('expires', async () => {
    const { id, upload_url } = await client.create();
    await send('PUT', local(upload_url), { body: unknownBytes() });
    const url = await localUrl(id);
    expect((await send('GET', url)).status).toBe(200);
    await sleep((LIFE + 1) * 1000);
    for (const answer of [await send('GET', url), await send('PUT', local(upload_url), { body: 'late' })]) {
      expect({ status: answer.status, body: json(answer) }).toMatchObject({ status: 403, body: { code: 403 } });
    }
    expect((await send('GET', await localUrl(id))).bytes).toHaveLength(1132);
  });
});

describe('CORS', () => {
  const preflight = (url: string, origin: string, method: string) =>
    send('OPTIONS', url, {
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it('lets browsers of the configured origins call, presigned PUT and GET included', async () => {
    const { id, upload_url } = await client.create();
    const put = local(upload_url);
    const before = await preflight(put, APP, 'PUT');
    expect(before.status).toBe(204);
    expect(before.headers['access-control-allow-origin']).toBe(APP);
    expect(before.headers['access-control-allow-methods']?.split(', ')).toEqual(
      expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']),
    );
    expect(before.headers['access-control-allow-headers']).toBe('authorization,content-type');
    const stored = await send('PUT', put, { headers: { origin: APP }, body: tinyPng() });
    expect([stored.status, stored.headers['access-control-allow-origin']]).toEqual([200, APP]);
    const file = await send('GET', await localUrl(id), { headers: { origin: APP } });
    expect([file.status, file.headers['access-control-allow-origin']]).toEqual([200, APP]);
    for (const [path, method] of Object.entries({ '/images': 'POST', '/images/1': 'DELETE', '/upload': 'POST' })) {
      const answer = await preflight(`${system.url}/v1${path}`, 'http://localhost:5173', method);
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([204, 'http://localhost:5173']);
    }
  });

  it.each([
    ['/images', 'GET'],
    ['/images', 'POST'],
    ['/images/1', 'PUT'],
    ['/images/1', 'DELETE'],
    ['/tags', 'POST'],
    ['/tags/1', 'PUT'],
    ['/tags/1', 'DELETE'],
    ['/tags/1/images', 'GET'],
    ['/search/images?exact_tags=a', 'GET'],
    ['/upload', 'POST'],
  ])('answers a preflight of %s for %s with the methods and headers of this API', async (path, method) => {
    const { status, headers } = await preflight(`${system.url}/v1${path}`, APP, method);
    expect([status, headers['access-control-allow-origin']]).toEqual([204, APP]);
    expect(headers['access-control-allow-methods']?.split(', ')).toEqual(
      expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']),
    );
    expect(headers['access-control-allow-headers']).toBe('authorization,content-type');
  });

  it('lets browsers read the headers that clients need, and keeps answers for other origins apart', async () => {
    const { upload_url } = await client.create();
    const answers = [
      await send('PUT', local(upload_url), { headers: { origin: APP }, body: tinyPng() }),
      await client.get('/images', { origin: APP }),
      await send('GET', `${system.url}/customvision/v3.3/training/domains`, {
        headers: { origin: APP, 'training-key': client.apiKey.key },
      }),
      await send('GET', `${system.url}/customvision/v3.3/training/domains`, { headers: { origin: APP } }),
    ];
    for (const { headers } of answers) {
      expect(headers['access-control-expose-headers']?.split(', ')).toEqual(
        expect.arrayContaining(['ETag', 'Content-Range', 'Retry-After', 'Location']),
      );
      expect(headers.vary).toContain('Origin');
    }
    expect(answers[0]?.headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect(answers[2]?.headers.vary).toBe('Origin, Accept');
  });

  it('lets browsers read answers of every kind of route', async () => {
    for (const path of ['/images', '/tags', '/search/images?match_tags=a', '/tags/0', '/search/images']) {
      expect((await client.get(path, { origin: APP })).headers['access-control-allow-origin']).toBe(APP);
    }
  });

  it('shows browsers refusals too', async () => {
    for (const answer of [
      await send('GET', `${system.url}/v1/images`, { headers: { origin: APP } }),
      await send('GET', `${system.url}/files/x`, { headers: { origin: APP } }),
      await client.get('/images/0', { origin: APP }),
    ]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.headers['access-control-allow-origin']).toBe(APP);
    }
  });

  it('lets no other origin call', async () => {
    for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'null']) {
      const answer = await preflight(`${system.url}/v1/images`, origin, 'GET');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect((await client.get('/images', { origin })).headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('MAX_UPLOAD_BYTES', () => {
  it('is taken, and one byte more refused with 413 that the client sees', async () => {
    const { id, upload_url } = await client.create();
    expect((await send('PUT', local(upload_url), { body: Buffer.alloc(MAX_BYTES, 1) })).status).toBe(200);
    const before = await client.record(id);
    const stored = await storedBlobs(system, 'originals', client.apiKey.workspace);
    const much = Buffer.alloc(MAX_BYTES + 1, 2);
    for (const body of [much, [much.subarray(0, MAX_BYTES), much.subarray(MAX_BYTES)]]) {
      const answer = await send('PUT', local(upload_url), { body });
      expect({ status: answer.status, body: json(answer) }).toMatchObject({ status: 413, body: { code: 413 } });
    }
    expect(await client.record(id)).toMatchObject({ size: MAX_BYTES, uploaded_timestamp: before.uploaded_timestamp });
    expect(await storedBlobs(system, 'originals', client.apiKey.workspace)).toEqual(stored);
    expect(await temporaryFiles(system)).toEqual([]);
  });
});

describe('a presigned PUT', () => {
  it('is answered with the ETag of the file', async () => {
    const { id, upload_url } = await client.create();
    const { status, headers } = await send('PUT', local(upload_url), { body: tinyPng() });
    const file = await send('HEAD', await localUrl(id));
    expect([status, headers.etag]).toEqual([200, file.headers.etag]);
    const known = await send('HEAD', await localUrl(id), { headers: { 'if-none-match': headers.etag ?? '' } });
    expect([known.status, known.headers['content-length']]).toEqual([304, undefined]);
  });

  it('with the Content-MD5 of other bytes is a 400 that leaves nothing', async () => {
    const { id, upload_url } = await client.create();
    const stored = await storedBlobs(system, 'originals', client.apiKey.workspace);
    const headers = { 'content-md5': createHash('md5').update('other bytes').digest('base64') };
    const answer = await send('PUT', local(upload_url), { headers, body: unknownBytes() });
    expect({ status: answer.status, body: json(answer) }).toMatchObject({ status: 400, body: { code: 400 } });
    expect(await client.record(id)).toMatchObject({ url: null, uploaded_timestamp: null });
    expect(await storedBlobs(system, 'originals', client.apiKey.workspace)).toEqual(stored);
    expect(await temporaryFiles(system)).toEqual([]);
  });

  it.each([
    ['that is right', '', 1000, 100],
    ['with a wrong signature', 'x', 1000, 403],
    ['of too many bytes', '', MAX_BYTES + 1, 413],
  ])(
    '%s gets its final status before the body is sent, if the client asks for it',
    async (_what, added, size, status) => {
      const { upload_url } = await client.create();
      const connection = await RawConnection.open(system.url);
      const path = local(upload_url).slice(system.url.length) + added;
      const expectation = 'Expect: 100-continue\r\nConnection: close';
      await connection.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n${expectation}\r\n\r\n`);
      const { text } = await connection.untilClosed(IDLE * 500);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    },
  );
});

describe('an upload that stops half-way', () => {
  const gateway = () => system.stack.parts.get('gateway')?.pid ?? 0;
  const temporary = () => `${system.data}/blobs/tmp`;

  /** A PUT of 1 MB of which half has arrived in a temporary file. */
  async function half(uploadUrl: string): Promise<RawConnection> {
    const connection = await RawConnection.open(system.url);
    const path = local(uploadUrl).slice(system.url.length);
    await connection.write(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    await connection.write(Buffer.alloc(500_000, 7));
    await eventually(async () => expect(await openFiles(gateway(), temporary())).toHaveLength(1));
    expect(await temporaryFiles(system)).toHaveLength(1);
    return connection;
  }

  async function expectNothingLeft(id: number, before: unknown): Promise<void> {
    await eventually(async () => {
      expect(await temporaryFiles(system)).toEqual([]);
      expect(await openFiles(gateway(), temporary())).toEqual([]);
    });
    expect(await client.record(id)).toEqual(before);
  }

  it('leaves nothing when the client goes away', async () => {
    const { id, upload_url } = await client.create({ size: 1_000_000 });
    const before = await client.record(id);
    const connection = await half(upload_url);
    connection.destroy();
    await expectNothingLeft(id, before);
  });

  it('leaves nothing when the client falls silent, and is given up', async () => {
    const { id, upload_url } = await client.create({ size: 1_000_000 });
    const before = await client.record(id);
    const connection = await half(upload_url);
    const { closed } = await connection.untilClosed((IDLE + 5) * 1000);
    expect(closed).toBe(true);
    await expectNothingLeft(id, before);
  });

  it('is no record when it was a one-shot', async () => {
    const total = await client.total();
    for (const silent of [false, true]) {
      const connection = await RawConnection.open(system.url);
      await connection.write(
        `POST /v1/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.apiKey.key}\r\n` +
          `Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"image_data": "QUJD", "tags": ["half"]`,
      );
      if (silent) expect((await connection.untilClosed((IDLE + 5) * 1000)).closed).toBe(true);
      else connection.destroy();
    }
    expect(await client.total()).toBe(total);
  });

  it('gives up headers that never end', async () => {
    const connection = await RawConnection.open(system.url);
    await connection.write('GET /v1/images HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect((await connection.untilClosed((IDLE + 5) * 1000)).closed).toBe(true);
  });
});

describe('RATE_LIMIT', () => {
  it('answers 429 with Retry-After beyond it, each key for itself', async () => {
    const { key } = await createKey(system, { name: 'busy' });
    const headers = { authorization: `Bearer ${key}` };
    const burst = Array.from({ length: RATE + 20 }, () => send('GET', `${system.url}/v1/images/0`, { headers }));
    const answers = await Promise.all(burst);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(20);
    for (const answer of refused) {
      expect(json(answer)).toEqual(errorShape(429));
      expect(answer.headers['retry-after']).toMatch(/^(?:[1-9]|10)$/);
    }
    expect((await client.get('/images')).status).toBe(200);
    const wait = Number(refused.at(-1)?.headers['retry-after']);
    await sleep(wait * 1000);
    expect((await send('GET', `${system.url}/v1/images`, { headers })).status).toBe(200);
  });
});

describe('afterwards', () => {
  it('no answer was a fault of ours', async () => {
    const requests = await metricLines(system, 'pentaprism_http_request_seconds_count');
    expect(requests.some((line) => line.includes('status="200"'))).toBe(true);
    // Until the start is done, 503 is what readiness has to say.
    const faults = requests.filter((line) => /status="5/.test(line) && !line.includes('route="/health/ready"'));
    expect(faults).toEqual([]);
  });
});
