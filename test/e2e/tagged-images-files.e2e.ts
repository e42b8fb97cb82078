import { beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, send } from './support/http.js';
import { tinyPng, unknownBytes } from './support/samples.js';
import { sharedSystem, storedBlobs } from './support/stack.js';
import { TaggedImages, urlOf } from './support/tagged-images.js';

const system = sharedSystem();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let client: TaggedImages & { apiKey: { workspace: string } };
beforeAll(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
});

/** Uploads bytes in one shot, and returns the URL of the file. */
async function fileOf(bytes: Buffer, filename = 'file'): Promise<string> {
  return urlOf(await client.record(await client.upload(bytes, { filename })));
}

describe('a presigned PUT', () => {
  const types: [string, Record<string, string>][] = [
    ['without a content type', {}],
    ['as JSON', { 'content-type': 'application/json' }],
    ['as an image', { 'content-type': 'image/png' }],
    ['as HTML', { 'content-type': 'text/html; charset=utf-8' }],
    ['as a form', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['with a content type that is none', { 'content-type': 'rubbish' }],
    ['with a key that is none', { authorization: 'Bearer nobody' }],
  ];

  it.each(types)('takes the bytes as they are, %s', async (_what, headers) => {
    const { id, upload_url } = await client.create({ filename: 'x', size: 5 });
    const bytes = Buffer.concat([Buffer.from('{"broken": '), unknownBytes()]);
    const answer = await send('PUT', upload_url, { headers, body: bytes });
    expect({ status: answer.status, length: answer.bytes.length }).toEqual({ status: 200, length: 0 });
    const record = await client.record(id);
    expect(record).toMatchObject({ size: bytes.length, uploaded_timestamp: expect.any(Number) });
    expect((await send('GET', urlOf(record))).bytes.equals(bytes)).toBe(true);
  });

  it('takes chunks without a Content-Length', async () => {
    const { id, upload_url } = await client.create();
    const chunks = Array.from({ length: 40 }, () => randomBytes(10_000));
    expect((await send('PUT', upload_url, { body: chunks })).status).toBe(200);
    const file = await send('GET', urlOf(await client.record(id)));
    expect(file.bytes.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('takes 6 MB', async () => {
    const { id, upload_url } = await client.create();
    const bytes = randomBytes(6_000_000);
    expect((await send('PUT', upload_url, { body: bytes })).status).toBe(200);
    const file = await send('GET', urlOf(await client.record(id)));
    expect(file.headers['content-length']).toBe('6000000');
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it('replaces the file the second time', async () => {
    const { id, upload_url } = await client.create();
    const [first, second] = [unknownBytes(500), tinyPng()];
    await send('PUT', upload_url, { body: first });
    const before = await client.record(id);
    await sleep(1100);
    expect((await send('PUT', upload_url, { body: second })).status).toBe(200);
    const after = await client.record(id);
    expect(after.size).toBe(second.length);
    expect(after.uploaded_timestamp).toBeGreaterThan(before.uploaded_timestamp ?? Infinity);
    expect(after.created_timestamp).toBe(before.created_timestamp);
    // Also through the address of before: it is one of the image, not of the bytes.
    for (const url of [urlOf(before), urlOf(after)]) {
      const file = await send('GET', url);
      expect(file.bytes.equals(second)).toBe(true);
      expect(file.headers['content-type']).toBe('image/png');
    }
  });

  it('gives a one-shot upload no address to write to', async () => {
    const answer = await client.post('/upload', { image_data: 'QUJD' });
    expect(Object.keys(json(answer))).toEqual(['id']);
  });

  it('refuses an empty body, and leaves the record as it was', async () => {
    const { id, upload_url } = await client.create({ size: 9 });
    const before = await client.record(id);
    for (const body of [undefined, '', []]) {
      const answer = await send('PUT', upload_url, body === undefined ? {} : { body });
      expect({ status: answer.status, body: json(answer) }).toMatchObject({
        status: 400,
        body: { code: 400, message: expect.any(String) },
      });
    }
    expect(await client.record(id)).toEqual(before);
    const bytes = unknownBytes();
    await send('PUT', upload_url, { body: bytes });
    expect((await send('PUT', upload_url, { body: '' })).status).toBe(400);
    expect((await send('GET', urlOf(await client.record(id)))).bytes.equals(bytes)).toBe(true);
  });

  it('stores nothing for an image that was deleted', async () => {
    const { id, upload_url } = await client.create();
    await client.delete(`/images/${id}`);
    const bytes = unknownBytes();
    expect((await send('PUT', upload_url, { body: bytes })).status).toBe(404);
    const stored = await storedBlobs(system, 'originals', client.apiKey.workspace);
    expect(stored.length).toBeGreaterThan(0);
    expect(stored).not.toContain(sha256(bytes));
  });
});

describe('a file', () => {
  const behind = randomBytes(64);
  const start = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), behind]);

  it.each([
    ['image/png', start('\x89PNG\r\n\x1a\n')],
    ['image/jpeg', start('\xff\xd8\xff\xe0')],
    ['image/gif', start('GIF89a')],
    ['image/webp', start('RIFF\x24\0\0\0WEBPVP8 ')],
    ['image/bmp', start('BM\x9a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0')],
    ['image/tiff', start('II*\0')],
    ['image/x-portable-pixmap', start('P6\n4 4\n255\n')],
    ['image/x-portable-graymap', start('P5\n8 8\n255\n')],
    ['image/avif', start('\0\0\0\x1cftypavif\0\0\0\0mif1miaf')],
  ])('is served as %s by its first bytes, whatever its name', async (type, bytes) => {
    const { headers, ...file } = await send('GET', await fileOf(bytes, 'page.html'));
    expect(headers['content-type']).toBe(type);
    expect(headers['content-length']).toBe(String(bytes.length));
    expect(headers['content-disposition']).toMatch(/^inline/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['DICOM', unknownBytes()],
    ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
    ['XML', Buffer.from('<?xml version="1.0"?><x/>')],
    ['PDF', Buffer.from('%PDF-1.7 x')],
    ['text', Buffer.from('plain')],
    ['one byte', Buffer.from([0])],
  ])('of %s is served as bytes to save, never as active content', async (_what, bytes) => {
    const { status, headers, ...file } = await send('GET', await fileOf(bytes, 'picture.svg'));
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(headers['content-disposition']).toMatch(/^attachment/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toBe("default-src 'none'; sandbox");
    expect(file.bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['quotes', 'a "quoted" \\ name.png'],
    ['a line break', 'a\r\nSet-Cookie: x=1\r\n\r\n.png'],
    ['other scripts', 'фото 写真 📷.png'],
    ['a path', '../../etc/passwd'],
  ])('keeps a name with %s out of the headers', async (_what, name) => {
    const { status, headers } = await send('GET', await fileOf(tinyPng(), name));
    expect(status).toBe(200);
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers['content-disposition']).toMatch(/^inline; filename=[\x20-\x7e]*$/);
    expect(headers['content-disposition']).not.toContain('/');
  });

  it('is served in parts', async () => {
    const bytes = randomBytes(1000);
    const url = await fileOf(bytes);
    const part = (range: string, more = {}) => send('GET', url, { headers: { range, ...more } });
    for (const [range, from, to] of [
      ['bytes=0-9', 0, 9],
      ['bytes=990-', 990, 999],
      ['bytes=-10', 990, 999],
      ['bytes=5-99999', 5, 999],
    ] as const) {
      const { status, headers, bytes: got } = await part(range);
      expect(status).toBe(206);
      expect(headers['content-range']).toBe(`bytes ${from}-${to}/1000`);
      expect(headers['content-length']).toBe(String(to - from + 1));
      expect(got.equals(bytes.subarray(from, to + 1))).toBe(true);
    }
    const beyond = await part('bytes=1000-');
    expect([beyond.status, beyond.headers['content-range'], beyond.bytes.length]).toEqual([416, 'bytes */1000', 0]);
    // Several parts at once, another unit, nonsense, and parts of other bytes than these: the whole.
    for (const range of ['bytes=0-1,5-6', 'lines=0-1', 'bytes=x', 'bytes=9-1']) {
      const whole = await part(range);
      expect([range, whole.status === 416 || whole.bytes.equals(bytes)]).toEqual([range, true]);
    }
    const other = await part('bytes=0-9', { 'if-range': '"something else"' });
    expect([other.status, other.bytes.length]).toEqual([200, 1000]);
    const same = await part('bytes=0-9', { 'if-range': `"${sha256(bytes)}"` });
    expect([same.status, same.bytes.length]).toEqual([206, 10]);
  });

  it('is served in parts also when it is large', async () => {
    const bytes = randomBytes(3_000_000);
    const url = await fileOf(bytes.subarray(0, 2_900_000));
    const { status, bytes: got } = await send('GET', url, { headers: { range: 'bytes=1500000-1500099' } });
    expect(status).toBe(206);
    expect(got.equals(bytes.subarray(1_500_000, 1_500_100))).toBe(true);
  });

  it('is not sent again to who has it', async () => {
    const bytes = unknownBytes();
    const url = await fileOf(bytes);
    const { headers } = await send('GET', url);
    expect(headers.etag).toBe(`"${sha256(bytes)}"`);
    for (const condition of [headers.etag ?? '', `"other", W/${headers.etag}`, '*']) {
      const again = await send('GET', url, { headers: { 'if-none-match': condition } });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
    }
    expect((await send('GET', url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('is described by HEAD', async () => {
    const { status, headers, bytes } = await send('HEAD', await fileOf(tinyPng()));
    expect([status, headers['content-type'], bytes.length]).toEqual([200, 'image/png', 0]);
    expect(Number(headers['content-length'])).toBeGreaterThan(50);
  });
});

describe('a signed URL', () => {
  let upload: string;
  let download: string;
  let otherDownload: string;
  beforeAll(async () => {
    const { id, upload_url } = await client.create();
    upload = upload_url;
    await send('PUT', upload, { body: unknownBytes() });
    download = urlOf(await client.record(id));
    otherDownload = await fileOf(unknownBytes());
  });

  it('is made anew at each read', async () => {
    const id = await client.upload(unknownBytes());
    const first = urlOf(await client.record(id));
    await sleep(1100);
    expect(urlOf(await client.record(id))).not.toBe(first);
  });

  it('serves its own method only', async () => {
    const body = { body: unknownBytes() };
    expect((await send('GET', upload)).status).toBe(403);
    expect((await send('HEAD', upload)).status).toBe(403);
    expect((await send('PUT', download, body)).status).toBe(403);
    for (const method of ['POST', 'DELETE', 'PATCH']) {
      for (const url of [upload, download]) expect((await send(method, url)).status).toBe(405);
    }
  });

  it('serves its own image only', async () => {
    const idOf = (url: string) => /originals\/([0-9a-f]{24})/.exec(url)?.[1] ?? '';
    expect(idOf(download)).not.toBe(idOf(otherDownload));
    expect((await send('GET', download.replace(idOf(download), idOf(otherDownload)))).status).toBe(403);
  });

  it('cannot be made to live longer, to read or to write', async () => {
    const changed = [
      download.replace(/expires=(\d+)/, (_all, seconds: string) => `expires=${Number(seconds) + 1}`),
      download.replace('method=get', 'method=put'),
      upload.replace('method=put', 'method=get'),
      download.replace(/expires=\d+/, 'expires=99999999999'),
      download.replace(/signature=.*/, 'signature='),
      download.replace(/&signature=.*/, ''),
      download.replace('/originals/', '/thumbnails/'),
      download.replace(/files\/[^/]+/, 'files/default'),
    ];
    for (const url of changed) {
      expect([url, (await send('GET', url)).status]).toEqual([url, 403]);
      expect((await send('PUT', url, { body: 'x' })).status).toBe(403);
    }
  });

  it('has one spelling', async () => {
    const { origin, pathname, search } = new URL(download);
    const parameters = search.slice(1).split('&');
    const spellings = [
      `${pathname}?${[...parameters].reverse().join('&')}`,
      `${pathname}${search}&x=1`,
      `${pathname}?x=1&${search.slice(1)}`,
      `${pathname}${search}&method=get`,
      `${pathname}/${search}`,
      `/files/.${pathname.slice('/files'.length)}${search}`,
      `${pathname.replace('originals', 'original%73')}${search}`,
      `${pathname}${search.replace('get', 'ge%74')}`,
      `${pathname.toUpperCase().replace('/FILES', '/files')}${search}`,
      `${pathname}${search}%20`,
    ];
    for (const spelling of spellings) {
      expect([spelling, (await send('GET', origin + spelling)).status]).toEqual([spelling, 403]);
    }
    // A fragment has no place in a request at all.
    expect((await send('GET', `${download}#x`)).status).toBe(400);
    expect((await send('GET', download)).status).toBe(200);
  });

  it('dies of any changed character', async () => {
    const { origin } = new URL(download);
    const path = download.slice(origin.length);
    const survivors: string[] = [];
    for (let i = 1; i < path.length; i += 1) {
      const changed = path.slice(0, i) + (path[i] === 'b' ? 'c' : 'b') + path.slice(i + 1);
      const { status } = await send('GET', origin + changed);
      // Outside of /files, it is a path that does not exist or needs a key.
      if (![401, 403, 404].includes(status)) survivors.push(`${status} ${changed}`);
    }
    expect(survivors).toEqual([]);
  });
});
