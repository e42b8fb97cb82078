import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  basic,
  created,
  FILTERS,
  FiltersClient,
  grayPng,
  IMAGE_INFO,
  infoPart,
  mediaPart,
  type ImageResource,
  type Part,
} from './support/filters.js';
import { expectRefusal } from './support/filters-refusal.js';
import { send, type Answer } from './support/http.js';
import { chunk } from './support/samples.js';
import { createKey, freshWorkspace, sharedSystem, type ApiKey } from './support/stack.js';

const GOLDEN = path.resolve('test/e2e/golden');
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NOBODY = '160c98f9-d188-4118-94c4-697161fd5caf';
const MEDIA = grayPng();

const system = sharedSystem();
const workspace = freshWorkspace();
let key: ApiKey;
let client: FiltersClient;
beforeAll(async () => {
  key = await createKey(system, { workspace });
  client = new FiltersClient(system, key);
});

const media = (bytes: Buffer | string = MEDIA, ...headers: string[]) => mediaPart(bytes, ...headers);
const upload = (...parts: Part[]) => client.upload(parts);

describe('authentication', () => {
  const paths = [
    ['GET', FILTERS],
    ['GET', `${FILTERS}/`],
    ['GET', `${FILTERS}/images/${NOBODY}`],
    ['GET', `${FILTERS}/images/${NOBODY}/media`],
    ['DELETE', `${FILTERS}/images/${NOBODY}`],
    ['POST', `${FILTERS}/images`],
    ['POST', `${FILTERS}/images/modality`],
    ['GET', `${FILTERS}/unheard-of`],
  ] as const;
  const refused: readonly (readonly [string, () => Record<string, string>])[] = [
    ['no key', () => ({})],
    ['Basic and nothing', () => ({ authorization: 'Basic' })],
    ['no base64', () => ({ authorization: 'Basic !!!' })],
    ['no colon', () => ({ authorization: `Basic ${Buffer.from(key.key).toString('base64')}` })],
    ['another scheme with the right key', () => ({ authorization: `Bearer ${key.key}` })],
    ['another user', () => ({ authorization: basic('somebody', key.secret) })],
    ['another password', () => ({ authorization: basic(key.id, `${key.secret}x`) })],
  ];

  it.each(refused)('%s is 401 on every path, whatever is asked for', async (_what, headers) => {
    for (const [method, route] of paths) {
      const answer = await send(method, `${system.url}${route}`, { headers: headers() });
      expectRefusal(answer, 401, 'UNAUTHENTICATED');
      expect(answer.headers['www-authenticate']).toBe('Basic realm="Pentaprism", charset="UTF-8"');
    }
  });

  it.each(['Basic', 'basic', 'BASIC'])('%s is one scheme in any case', async (scheme) => {
    const headers = { authorization: basic(key.id, key.secret).replace('Basic', scheme) };
    expect((await send('GET', `${system.url}${FILTERS}`, { headers })).status).toBe(200);
  });

  it('a reader may look and not change', async () => {
    const reader = new FiltersClient(system, await createKey(system, { workspace, role: 'reader' }));
    const { id } = await client.create(MEDIA);
    expect((await reader.send('GET', `${FILTERS}/images/${id}/media`)).status).toBe(200);
    expectRefusal(await reader.send('DELETE', `${FILTERS}/images/${id}`), 403, 'PERMISSION_DENIED');
    expectRefusal(await reader.upload([infoPart(), media()]), 403, 'PERMISSION_DENIED');
  });

  it('another workspace finds nothing', async () => {
    const { id } = await client.create(MEDIA);
    const stranger = new FiltersClient(system, await createKey(system, {}));
    for (const [method, route] of [
      ['GET', ''],
      ['GET', '/media'],
      ['DELETE', ''],
    ] as const) {
      const [foreign, unknown] = await Promise.all(
        [id, NOBODY].map((each) => stranger.send(method, `${FILTERS}/images/${each}${route}`)),
      );
      expectRefusal(foreign as Answer, 404, 'NOT_FOUND');
      expect(foreign?.bytes.toString()).toBe(unknown?.bytes.toString());
    }
    expect((await client.send('GET', `${FILTERS}/images/${id}`)).status).toBe(200);
  });
});

describe('the base', () => {
  it.each([FILTERS, `${FILTERS}/`])('%s says that the service is there', async (route) => {
    expect((await client.send('GET', route)).status).toBe(200);
  });
});

describe('an image resource', () => {
  it('looks as the document says', async () => {
    const answer = await upload(
      infoPart(IMAGE_INFO, 'Content-Type: application/json'),
      media(MEDIA, 'Content-Type: image/png'),
    );
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const resource = created(answer);
    expect(resource.id).toMatch(UUID_V4);
    expect(resource.url).toBe(`${system.url}${FILTERS}/images/${resource.id}/media`);
    for (const time of [resource.createdOn, resource.expires])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    expect(Date.parse(resource.expires) - Date.parse(resource.createdOn)).toBe(8 * 3600 * 1000);
    expect(Math.abs(Date.parse(resource.createdOn) - Date.now())).toBeLessThan(10_000);
    expect(golden(answer.bytes.toString(), resource)).toBe(
      readFileSync(path.join(GOLDEN, 'filters-image-resource.json'), 'utf8'),
    );
    const again = await client.send('GET', `${FILTERS}/images/${resource.id}`);
    expect(again.status).toBe(200);
    expect(again.bytes.toString()).toBe(answer.bytes.toString());
  });

  it('has the very bytes that came, under url too', async () => {
    const bytes = grayPng({ extra: [chunk('gAMA', Buffer.from([0, 0, 177, 143])), chunk('prVt', Buffer.from('x'))] });
    const { id, url } = await client.create(bytes);
    for (const route of [`${FILTERS}/images/${id}/media`, url.slice(system.url.length)]) {
      const answer = await client.send('GET', route);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'image/png',
        'content-length': String(bytes.length),
        'accept-ranges': 'bytes',
        'x-content-type-options': 'nosniff',
      });
      expect(answer.bytes.equals(bytes)).toBe(true);
    }
  });

  it('is fetched in ranges and under conditions', async () => {
    const { id } = await client.create(MEDIA);
    const get = (headers: Record<string, string>, method = 'GET') =>
      client.send(method, `${FILTERS}/images/${id}/media`, { headers });
    const { etag = '' } = (await get({})).headers;
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
    const part = await get({ range: 'bytes=8-15' });
    expect(part.status).toBe(206);
    expect(part.headers['content-range']).toBe(`bytes 8-15/${MEDIA.length}`);
    expect(part.bytes.equals(MEDIA.subarray(8, 16))).toBe(true);
    expect((await get({ range: `bytes=${MEDIA.length}-` })).status).toBe(416);
    expect((await get({ range: 'bytes=0-1', 'if-range': '"another"' })).status).toBe(200);
    const unchanged = await get({ 'if-none-match': etag });
    expect([unchanged.status, unchanged.bytes.length]).toEqual([304, 0]);
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.bytes.length]).toEqual([200, String(MEDIA.length), 0]);
  });

  it('is made again of the same file', async () => {
    const [first, second] = [await client.create(MEDIA), await client.create(MEDIA)];
    expect(second.id).not.toBe(first.id);
    expect((await client.send('DELETE', `${FILTERS}/images/${first.id}`)).status).toBe(204);
    const left = await client.send('GET', `${FILTERS}/images/${second.id}/media`);
    expect(left.bytes.equals(MEDIA)).toBe(true);
  });

  it('is deleted once', async () => {
    const { id } = await client.create(MEDIA);
    const answer = await client.send('DELETE', `${FILTERS}/images/${id}`);
    expect([answer.status, answer.bytes.length, answer.headers['content-type']]).toEqual([204, 0, undefined]);
    for (const [method, route] of [
      ['GET', ''],
      ['GET', '/media'],
      ['DELETE', ''],
    ] as const)
      expectRefusal(await client.send(method, `${FILTERS}/images/${id}${route}`), 404, 'NOT_FOUND');
  });

  it('is found under its id in capitals, and under nothing else', async () => {
    const { id } = await client.create(MEDIA);
    expect((await client.send('GET', `${FILTERS}/images/${id.toUpperCase()}`)).status).toBe(200);
    for (const other of ['x', NOBODY, `${id}x`, encodeURIComponent('{"$ne":""}'), '%00', 'a'.repeat(400), '..%2f'])
      expectRefusal(await client.send('GET', `${FILTERS}/images/${other}`), 404, 'NOT_FOUND');
  });

  it('survives its deletion for downloads that have begun', async () => {
    const bytes = grayPng({ width: 1200, height: 800, value: (x, y) => (x * 7919 + y * 104729) % 65536 });
    const resources = await Promise.all(Array.from({ length: 6 }, () => client.create(bytes)));
    const outcomes = await Promise.all(
      resources.flatMap(({ id }) => [
        ...Array.from({ length: 4 }, () => client.send('GET', `${FILTERS}/images/${id}/media`)),
        client.send('DELETE', `${FILTERS}/images/${id}`),
      ]),
    );
    for (const { status, bytes: got } of outcomes) {
      expect([200, 204, 404]).toContain(status);
      if (status === 200) expect(got.equals(bytes)).toBe(true);
    }
    expect(outcomes.filter(({ status }) => status === 204)).toHaveLength(6);
  });
});

describe('paths that are not served', () => {
  it.each(['unmap', 'select', 'supreme', 'ae'])('filters/%s is 404', async (filter) => {
    const { id } = await client.create(MEDIA);
    expectRefusal(await client.send('POST', `${FILTERS}/images/${id}/filters/${filter}`), 404, 'NOT_FOUND');
  });

  it('PUT of an image is 405', async () => {
    const answer = await client.send('PUT', `${FILTERS}/images/${NOBODY}`);
    expectRefusal(answer, 405, 'METHOD_NOT_ALLOWED');
  });
});

/** What differs from run to run, by name. */
function golden(text: string, { id, createdOn, expires }: ImageResource): string {
  return `${text.replaceAll(id, 'ID').replace(createdOn, 'CREATED').replace(expires, 'EXPIRES').replace(system.url, 'ORIGIN')}\n`;
}
