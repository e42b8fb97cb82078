import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startS3Server, type S3Server } from '@pentaprism/testing';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, send } from './support/http.js';
import { png, tinyPng, unknownBytes } from './support/samples.js';
import { logsOf, startPrivateSystem, type ApiKey, type PrivateSystem } from './support/stack.js';
import { TaggedImages, urlOf, type ImageRecord } from './support/tagged-images.js';
import { deflateSync } from 'node:zlib';

/** Seconds that presigned URLs live. */
const LIFE = 8;
const MAX_BYTES = 3_000_000;

const s3 = await startS3Server();

(s3 ? describe : describe.skip)('with blobs in S3', () => {
  const server = s3 as S3Server;
  let system: PrivateSystem;
  let client: TaggedImages & { apiKey: ApiKey };
  let bucket: string;

  beforeAll(async () => {
    bucket = await server.createBucket();
    system = await startPrivateSystem({
      ...server.environment,
      BLOB_URL: `s3://${bucket}/images`,
      SIGNED_URL_TTL: String(LIFE),
      MAX_UPLOAD_BYTES: String(MAX_BYTES),
    });
    client = await TaggedImages.inFreshWorkspace(system);
  });
  afterAll(async () => {
    await system?.stop();
    await server.stop();
  });

  const put = (url: string, body: Buffer | string) => send('PUT', url, { body });
  const get = (url: string) => send('GET', url);
  const uploaded = (id: number, isNew: (record: ImageRecord) => boolean = () => true) =>
    eventually(
      async () => {
        const record = await client.record(id);
        expect(record.url).not.toBeNull();
        expect(isNew(record)).toBe(true);
        return record;
      },
      { timeoutMs: 20_000, everyMs: 100 },
    );
  const arrivals = async () => (await server.objects(bucket)).filter((name) => name.includes('/incoming/'));

  it('uploads to and downloads from S3 itself', async () => {
    const bytes = tinyPng();
    const { id, upload_url } = await client.create({ filename: 'a/b "c".png', tags: ['s3'] });
    expect(upload_url.startsWith(`${server.endpoint}/${bucket}/images/incoming/`)).toBe(true);
    expect((await client.record(id)).url).toBeNull();
    expect((await put(upload_url, bytes)).status).toBe(200);
    const record = await uploaded(id);
    expect(record).toMatchObject({ size: bytes.length, uploaded_timestamp: expect.any(Number) });
    const url = urlOf(record);
    expect(url.startsWith(`${server.endpoint}/${bucket}/images/blobs/originals/`)).toBe(true);
    const answer = await get(url);
    expect(answer.status).toBe(200);
    expect(answer.bytes.equals(bytes)).toBe(true);
    expect(answer.headers['content-type']).toBe('image/png');
    expect(answer.headers['content-disposition']).toBe('inline; filename="b \\"c\\".png"');
    // Nothing is left where it arrived, and the list shows the same.
    await eventually(async () => expect(await arrivals()).toEqual([]));
    const { results } = await client.page();
    expect((await get(urlOf(results[0] as ImageRecord))).bytes.equals(bytes)).toBe(true);
  });

  it('replaces the file with a second PUT', async () => {
    const [first, second] = [unknownBytes(500), unknownBytes(700)];
    const { id, upload_url } = await client.create();
    await put(upload_url, first);
    expect((await get(urlOf(await uploaded(id)))).bytes.equals(first)).toBe(true);
    expect((await put(upload_url, second)).status).toBe(200);
    const record = await uploaded(id, ({ size }) => size === second.length);
    expect((await get(urlOf(record))).bytes.equals(second)).toBe(true);
  });

  it('leaves the last of many quick PUTs', async () => {
    const { id, upload_url } = await client.create();
    const files = Array.from({ length: 15 }, (_, i) => unknownBytes(100 + i));
    for (const file of files) {
      await put(upload_url, file);
      await sleep(100);
    }
    const last = files.at(-1) as Buffer;
    const record = await uploaded(id, ({ size }) => size === last.length);
    expect((await get(urlOf(record))).bytes.equals(last)).toBe(true);
  });

  it('serves what is no known image as a download, HTML and SVG included', async () => {
    for (const text of ['<html><script>alert(1)</script>', '<svg xmlns="http://www.w3.org/2000/svg"/>']) {
      const { id, upload_url } = await client.create({ filename: 'page.html' });
      await send('PUT', upload_url, { body: text, headers: { 'content-type': 'text/html' } });
      const answer = await get(urlOf(await uploaded(id)));
      expect(answer.headers['content-type']).toBe('application/octet-stream');
      expect(answer.headers['content-disposition']).toBe('attachment; filename=page.html');
      expect(answer.bytes.toString()).toBe(text);
    }
  });

  it('takes one-shot uploads, and knows the bytes again', async () => {
    const bytes = tinyPng();
    const [one, two] = [await client.upload(bytes), await client.upload(bytes, { filename: 'again.png' })];
    const answers = [await get(urlOf(await client.record(one))), await get(urlOf(await client.record(two)))];
    for (const answer of answers) expect(answer.bytes.equals(bytes)).toBe(true);
  });

  it('refuses another method, another object and an expired URL', async () => {
    const { id, upload_url } = await client.create();
    await put(upload_url, 'file');
    const url = urlOf(await uploaded(id));
    expect((await put(url, 'x')).status).toBe(403);
    expect((await send('DELETE', url)).status).toBe(403);
    expect((await get(upload_url)).status).toBe(403);
    expect((await put(upload_url.replace(/incoming\/[^?]+/, 'incoming/other/x'), 'x')).status).toBe(403);
    expect((await get(urlOf(await client.record(id)))).bytes.toString()).toBe('file');
    await sleep((LIFE + 1) * 1000);
    expect((await get(url)).status).toBe(403);
    expect((await put(upload_url, 'late')).status).toBe(403);
    expect((await get(urlOf(await client.record(id)))).bytes.toString()).toBe('file');
  });

  it('removes what is too large, empty, or for an image that is gone, and goes on', async () => {
    const large = await client.create();
    const empty = await client.create();
    const gone = await client.create();
    expect((await client.delete(`/images/${gone.id}`)).status).toBe(204);
    await put(large.upload_url, Buffer.alloc(MAX_BYTES + 1));
    await put(empty.upload_url, '');
    await put(gone.upload_url, 'for nobody');
    await eventually(async () => expect(await arrivals()).toEqual([]), {
      timeoutMs: 20_000,
    });
    for (const { id } of [large, empty]) expect((await client.record(id)).url).toBeNull();
    await put(large.upload_url, Buffer.alloc(MAX_BYTES));
    expect((await uploaded(large.id)).size).toBe(MAX_BYTES);
  });

  it('deletes a record at once; URLs that were given out before live on until they expire', async () => {
    const id = await client.upload(tinyPng());
    const url = urlOf(await client.record(id));
    expect((await client.delete(`/images/${id}`)).status).toBe(204);
    expect((await client.get(`/images/${id}`)).status).toBe(404);
    expect((await get(url)).status).toBe(200);
  });

  it('decodes and augments images, whose samples the gateway serves', async () => {
    const { id, upload_url } = await client.create({ filename: 'red.png' });
    const pixels = Buffer.concat(
      Array.from({ length: 64 }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(64 * 3, 0xc0)])),
    );
    await put(upload_url, png(64, 64, deflateSync(pixels)));
    await uploaded(id);
    const headers = { authorization: `Bearer ${client.apiKey.key}`, 'content-type': 'application/json' };
    const api = `${system.url}/api/v2`;
    const [project] = json<{ id: string }[]>(await send('GET', `${api}/projects/`, { headers }));
    const recipe = { numberOfNewImages: 2, transformationProbability: 1, transformations: [{ name: 'rotation' }] };
    const body = JSON.stringify({ name: 's3', projectId: project?.id, ...recipe });
    const made = await send('POST', `${api}/imageAugmentationLists/`, { headers, body });
    const list = json<{ augmentationListId: string }>(made).augmentationListId;
    const samples = `${api}/imageAugmentationLists/${list}/samples/`;
    const asked = await send('POST', samples, { headers, body: '{"numberOfRows":1}' });
    expect(asked.status).toBe(202);
    const found = await eventually(
      async () => {
        const { data } = json<{ data: { imageId: string; originalImageId: string | null }[] }>(
          await send('GET', samples, { headers }),
        );
        expect(data).toHaveLength(3);
        return data;
      },
      { timeoutMs: 40_000, everyMs: 200 },
    );
    for (const { imageId } of found) {
      const file = await send('GET', `${api}/projects/${project?.id}/images/${imageId}/file/`, { headers });
      expect([file.status, file.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
      expect(file.bytes.length).toBeGreaterThan(50);
    }
  });

  it('keeps nothing in the data directory, and says nothing of the secret', async () => {
    expect(await readdir(path.join(system.data, 'blobs')).catch(() => [])).toEqual([]);
    const logs = await logsOf(system);
    expect(logs).not.toContain('arrivals: the look failed');
    expect(logs).not.toMatch(/"level":(50|60)/);
  });
});
