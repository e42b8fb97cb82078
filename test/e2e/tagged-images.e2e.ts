import { beforeAll, describe, expect, it } from '@jest/globals';
import { json, send } from './support/http.js';
import { tinyPng, unknownBytes } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { errorShape, TaggedImages, urlOf } from './support/tagged-images.js';

const system = sharedSystem();
const now = () => Math.floor(Date.now() / 1000);
/** The whole JSON body of a one-shot upload. */
const BODY_LIMIT = 3_960_000;

let client: TaggedImages;
beforeAll(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
});

/** The request is refused with this status, and nothing of it remains: no record and no tag. */
async function expectRefused(status: number, path: string, body: unknown, headers = {}): Promise<void> {
  const [total, tag] = [await client.total(), await client.tagId(`before ${Math.random()}`)];
  const answer = await client.post(path, body, headers);
  expect({ status: answer.status, body: json(answer) }).toEqual({ status, body: errorShape(status) });
  expect(await client.total()).toBe(total + 1);
  expect(await client.tagId(`after ${Math.random()}`)).toBe(tag + 1);
}

/** JSON of exactly this many bytes that is a valid upload. */
function uploadOf(bytes: number): string {
  const empty = JSON.stringify({ filename: 'large.bin', image_data: '' }).length;
  const padded = JSON.stringify({ filename: 'large.bin', image_data: 'A'.repeat(Math.floor((bytes - empty) / 4) * 4) });
  return padded.padEnd(bytes, ' ');
}

describe('POST /upload', () => {
  it('answers with the id alone, and the record is complete at once', async () => {
    const bytes = tinyPng();
    const before = now();
    const id = await client.upload(bytes, { filename: 'a photo.png', tags: ['zebra', 'Apple', 'zebra', 'apple'] });
    const record = await client.record(id);
    expect(record).toEqual({
      id,
      created_by: 'e2e editor',
      created_timestamp: expect.any(Number),
      filename: 'a photo.png',
      size: bytes.length,
      tags: ['Apple', 'apple', 'zebra'].map((name) => ({ id: expect.any(Number), name })),
      uploaded_timestamp: expect.any(Number),
      url: expect.stringMatching(/^http:\/\//),
    });
    for (const time of [record.created_timestamp, record.uploaded_timestamp]) {
      expect(Number.isInteger(time)).toBe(true);
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(now());
    }
    const file = await send('GET', urlOf(record));
    expect(file.status).toBe(200);
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it('needs nothing but image_data, and ignores properties that it does not know', async () => {
    const id = await client.upload(unknownBytes(), { id: 7, created_by: 'me', size: 1, url: 'x', colour: { a: [] } });
    expect(await client.record(id)).toMatchObject({ filename: '', tags: [], created_by: 'e2e editor', size: 1132 });
    expect(id).not.toBe(7);
  });

  it('tolerates line breaks in base64', async () => {
    const bytes = unknownBytes();
    const lines = bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
    const answer = await client.post('/upload', { image_data: `\t${lines}\t\n` });
    expect(answer.status).toBe(201);
    const file = await send('GET', urlOf(await client.record(json<{ id: number }>(answer).id)));
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['white space only', ' \n'],
    ['a number', 12],
    ['an array', ['QUJD']],
    ['not base64', 'no base64!'],
    ['without padding', 'QUI'],
    ['padding only', '===='],
    ['padding in the middle', 'QQ==QUJD'],
    ['of the URL alphabet', '_-_-'],
    ['base64 whose plus signs became spaces', Buffer.from('fbefbe', 'hex').toString('base64').replaceAll('+', ' ')],
  ])('refuses image_data that is %s', async (_what, image_data) => {
    await expectRefused(400, '/upload', { filename: 'x', image_data, tags: [`of ${_what}`] });
  });

  it('takes a body of 3,960,000 bytes', async () => {
    const answer = await client.post('/upload', uploadOf(BODY_LIMIT));
    expect(answer.status).toBe(201);
    const { size } = await client.record(json<{ id: number }>(answer).id);
    expect(size).toBeGreaterThan(2_960_000);
  });

  it.each([
    ['one byte more', BODY_LIMIT + 1],
    ['4.2 MB', 4_200_000],
    ['20 MB', 20_000_000],
  ])('refuses %s with 413 that the client sees', async (_what, bytes) => {
    await expectRefused(413, '/upload', uploadOf(bytes));
  });

  it('refuses too many bytes also when they come in chunks, without a Content-Length', async () => {
    const text = Buffer.from(uploadOf(6_000_000));
    const chunks = Array.from({ length: 60 }, (_, i) => text.subarray(i * 100_000, (i + 1) * 100_000));
    await expectRefused(413, '/upload', chunks);
  });
});

describe.each(['/upload', '/images'])('a body for POST %s', (path) => {
  const valid = { filename: 'f', image_data: 'QUJD', size: 3, tags: ['new'] };

  it.each([
    ['an array', []],
    ['null', null],
    ['a string', '"text"'],
    ['a number', 12],
    ['broken JSON', '{"filename": "x"'],
    ['JSON and more', '{} {}'],
    ['a filename that is a number', { ...valid, filename: 5 }],
    ['a filename that is null', { ...valid, filename: null }],
    ['a filename of 256 characters', { ...valid, filename: 'x'.repeat(256) }],
    ['tags that are a string', { ...valid, tags: 'new' }],
    ['tags that are an object', { ...valid, tags: { 0: 'new' } }],
    ['a tag that is a number', { ...valid, tags: ['new', 1] }],
    ['an empty tag', { ...valid, tags: ['new', ''] }],
    ['a tag of white space', { ...valid, tags: ['new', ' \t'] }],
    ['a tag of 161 characters', { ...valid, tags: ['new', 'x'.repeat(161)] }],
    ['a tag with a pipe', { ...valid, tags: ['new', 'a|b'] }],
  ])('may not be %s', async (_what, body) => {
    await expectRefused(400, path, body);
  });

  it('may not be missing', async () => {
    await expectRefused(400, path, '');
    const answer = await send('POST', `${system.url}/v1${path}`, { headers: client.authorization });
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 400, body: errorShape(400) });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'image/png', 'json'])(
    'may not be %s',
    async (type) => {
      await expectRefused(415, path, JSON.stringify(valid), { 'content-type': type });
    },
  );

  it('may name its charset', async () => {
    const answer = await client.post(path, valid, { 'content-type': 'Application/JSON; charset=UTF-8' });
    expect(answer.status).toBe(201);
  });

  it('may hold the longest names', async () => {
    const answer = await client.post(path, { ...valid, filename: 'é'.repeat(255), tags: ['t'.repeat(160)] });
    expect(answer.status).toBe(201);
    const { filename, tags } = await client.record(json<{ id: number }>(answer).id);
    expect([filename, tags[0]?.name]).toEqual(['é'.repeat(255), 't'.repeat(160)]);
  });
});

describe('POST /images', () => {
  it('answers with an id and an upload URL outside /v1, and the record has no file yet', async () => {
    const answer = await client.post('/images', { filename: 'later.jpg', size: 123, tags: ['b', 'a'] });
    expect(answer.status).toBe(201);
    const body = json<{ id: number; upload_url: string }>(answer);
    expect(body).toEqual({ id: expect.any(Number), upload_url: expect.stringMatching(/^http:\/\/[^/]+\/(?!v1\/)/) });
    expect(await client.record(body.id)).toMatchObject({
      filename: 'later.jpg',
      size: 123,
      tags: [{ name: 'a' }, { name: 'b' }],
      uploaded_timestamp: null,
      url: null,
    });
  });

  it('demands nothing', async () => {
    const { id } = await client.create({});
    expect(await client.record(id)).toMatchObject({ filename: '', size: 0, tags: [] });
  });

  it.each([-1, 1.5, '12', null, true, 1e300])('refuses the size %j', async (size) => {
    await expectRefused(400, '/images', { filename: 'x', size, tags: ['of a size'] });
  });
});

describe('tags', () => {
  it('are found by their exact name and made otherwise', async () => {
    const names = ['Cat', 'cat', ' cat', 'cat '];
    const ids = await Promise.all(names.map((name) => client.tagId(name)));
    expect(new Set(ids).size).toBe(4);
    expect(await Promise.all(names.map((name) => client.tagId(name)))).toEqual(ids);
  });

  it('are made once by many uploads at the same time', async () => {
    const names = ['both', 'of', 'these'];
    const ids = await Promise.all(Array.from({ length: 20 }, () => client.upload(unknownBytes(), { tags: names })));
    const records = await Promise.all(ids.map((id) => client.record(id)));
    for (const record of records) expect(record.tags).toEqual(records[0]?.tags);
    expect(records[0]?.tags.map((tag) => tag.name)).toEqual(names);
  });

  it('stay when their last image is deleted', async () => {
    const { id } = await client.create({ tags: ['stays'] });
    const tag = (await client.record(id)).tags[0]?.id;
    await client.delete(`/images/${id}`);
    expect(await client.tagId('stays')).toBe(tag);
  });
});

describe('GET and DELETE /images/{id}', () => {
  it('deletes once, with an empty 204, and the URLs are dead at once', async () => {
    const bytes = unknownBytes();
    const { id, upload_url } = await client.create();
    await send('PUT', upload_url, { body: bytes });
    const url = urlOf(await client.record(id));
    const answer = await client.delete(`/images/${id}`);
    expect(answer.status).toBe(204);
    expect(answer.bytes).toHaveLength(0);
    for (const gone of [await client.get(`/images/${id}`), await client.delete(`/images/${id}`)]) {
      expect({ status: gone.status, body: json(gone) }).toEqual({ status: 404, body: errorShape(404) });
    }
    expect((await send('GET', url)).status).toBe(404);
    expect((await send('PUT', upload_url, { body: bytes })).status).toBe(404);
  });

  it('keeps bytes that another image has too', async () => {
    const bytes = unknownBytes();
    const [first, second] = [await client.upload(bytes), await client.upload(bytes)];
    await client.delete(`/images/${first}`);
    const file = await send('GET', urlOf(await client.record(second)));
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it('never gives an id again', async () => {
    const { id } = await client.create();
    await client.delete(`/images/${id}`);
    expect((await client.create()).id).toBeGreaterThan(id);
  });

  it.each(['0', '-1', '1.5', '01', '+1', '1e0', 'abc', '%20', '9007199254740993', '1'.repeat(40), 'x'.repeat(600)])(
    'knows no image %s',
    async (id) => {
      for (const answer of [await client.get(`/images/${id}`), await client.delete(`/images/${id}`)]) {
        expect({ status: answer.status, body: json(answer) }).toEqual({ status: 404, body: errorShape(404) });
      }
    },
  );

  it('shows nothing of another workspace', async () => {
    const other = await TaggedImages.inFreshWorkspace(system);
    const hidden = await client.upload(unknownBytes());
    const [foreign, unknown] = [await other.get(`/images/${hidden}`), await other.get('/images/999999')];
    expect(foreign.status).toBe(404);
    expect(foreign.bytes.toString()).toBe(unknown.bytes.toString());
    expect((await other.delete(`/images/${hidden}`)).status).toBe(404);
    expect(await other.page()).toEqual({
      results: [],
      meta: { current_page: 0, has_more_pages: false, total_results: 0 },
    });
    expect((await client.get(`/images/${hidden}`)).status).toBe(200);
  });
});

describe('without a key, where the dialect is open', () => {
  it('serves the default workspace as anonymous', async () => {
    const anonymous = new TaggedImages(system.url);
    const id = await anonymous.upload(unknownBytes());
    expect(await anonymous.record(id)).toMatchObject({ id, created_by: 'anonymous' });
    expect(await new TaggedImages(system.url, system.ownerKey).record(id)).toMatchObject({ id });
  });
});

describe('paths', () => {
  it.each([
    '/nothing',
    '/images/1/file',
    '/tags/1/images/1',
    '/tags/1/nothing',
    '/search',
    '/search/tags',
    '/Tags',
    '',
  ])('answers 404 for %s, which is not served', async (path) => {
    const answer = await client.get(path);
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 404, body: errorShape(404) });
  });

  it.each([
    ['PUT', '/images', 'GET, HEAD, POST'],
    ['PATCH', '/images/1', 'DELETE, GET, HEAD, PUT'],
    ['POST', '/images/1', 'DELETE, GET, HEAD, PUT'],
    ['GET', '/upload', 'POST'],
    ['PUT', '/tags', 'GET, HEAD, POST'],
    ['DELETE', '/tags', 'GET, HEAD, POST'],
    ['POST', '/tags/1', 'DELETE, GET, HEAD, PUT'],
    ['POST', '/tags/1/images', 'GET, HEAD'],
    ['DELETE', '/tags/1/images', 'GET, HEAD'],
    ['POST', '/search/images', 'GET, HEAD'],
  ])('answers 405 for %s %s and says what it takes', async (method, path, allow) => {
    const answer = await send(method, `${system.url}/v1${path}`, { headers: client.authorization });
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 405, body: errorShape(405) });
    expect(answer.headers.allow).toBe(allow);
  });

  it('takes a slash at the end', async () => {
    expect((await client.get('/images/')).status).toBe(200);
    expect((await client.get('/images/?limit=1')).status).toBe(200);
    expect((await client.get('/tags/')).status).toBe(200);
    const tag = await client.post('/tags/', { name: 'slash' });
    expect(tag.status).toBe(201);
    expect((await client.get(`/tags/${json<{ id: number }>(tag).id}/images/`)).status).toBe(200);
    expect((await client.get('/search/images/?exact_tags=slash')).status).toBe(200);
    expect((await client.post('/images/', {})).status).toBe(201);
    expect((await client.post('/upload/', { image_data: 'QUJD' })).status).toBe(201);
  });
});
