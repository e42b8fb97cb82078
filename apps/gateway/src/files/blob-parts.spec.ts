import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CachedBlobStore, FileBlobStore, SMALL_BLOB_BYTES } from '@pentaprism/blob-store';
import type { ContentPart, SendOptions, StoredContent } from '@pentaprism/http';
import type { FastifyInstance } from 'fastify';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobContents } from './blob-contents.js';
import { codesServer } from './codes-server.fixture.js';

const LARGE = 2 * SMALL_BLOB_BYTES;
const SIZE = 2 * LARGE;
const SMALL = 5000;
const OFFSET = 70_000;

let root: string;
let files: FileBlobStore;
let contents: BlobContents;
let server: FastifyInstance;
let bytes: Buffer;
let path: string;
let content: StoredContent;
let options: SendOptions;
const error = jest.fn();

beforeEach(async () => {
  error.mockClear();
  options = {};
  root = await mkdtemp(join(tmpdir(), 'blob-parts-'));
  files = await FileBlobStore.open(root, { minFreeBytes: 0 });
  contents = new BlobContents(new CachedBlobStore(files), { error });
  bytes = randomBytes(SIZE);
  const { key } = await files.put('eventimages', 'w', bytes, { maxBytes: SIZE });
  path = files.localPath(key);
  content = { ...key, area: 'eventimages', size: SIZE, mediaType: 'image/png' };
  server = codesServer();
  server.get<{ Querystring: { offset: string; length: string } }>('/', async (request, reply) => {
    const part = partOf(Number(request.query.offset), Number(request.query.length));
    await contents.send(request, reply, { ...content, part }, options);
    return reply;
  });
});

afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

/** A part of the blob as it was stored. */
function partOf(offset: number, length: number): ContentPart {
  const sha256 = createHash('sha256')
    .update(bytes.subarray(offset, offset + length))
    .digest('hex');
  return { offset, length, sha256 };
}

function ask(length: number, { method = 'GET', ...headers }: { [name: string]: string | undefined } = {}) {
  return server.inject({ method: method as 'GET', url: `/?offset=${OFFSET}&length=${length}`, headers });
}

/** Changes a stored byte, and not what `partOf` reads. */
async function damage(at: number): Promise<void> {
  const damaged = Buffer.from(bytes);
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
  await writeFile(path, damaged);
}

describe.each([SMALL, LARGE])('BlobContents of a part of %i bytes', (length) => {
  it('answers with the bytes of the part and the ETag of its hash', async () => {
    const answer = await ask(length);
    expect([answer.statusCode, answer.headers['content-length']]).toEqual([200, String(length)]);
    expect(answer.rawPayload.equals(bytes.subarray(OFFSET, OFFSET + length))).toBe(true);
    const { sha256 } = partOf(OFFSET, length);
    expect([answer.headers.etag, answer.headers['content-type']]).toEqual([`"${sha256}"`, 'image/png']);
    const head = await ask(length, { method: 'HEAD' });
    expect([head.statusCode, head.rawPayload.length, head.headers['content-length']]).toEqual([200, 0, String(length)]);
    expect((await ask(length, { 'if-none-match': `"${sha256}"` })).statusCode).toBe(304);
    expect((await ask(length, { 'if-none-match': `"${content.sha256}"` })).statusCode).toBe(200);
  });

  it.each([
    ['bytes=0-9', 206, 0, 10],
    ['bytes=-5', 206, -5, undefined],
    ['bytes=4000-999999999', 206, 4000, undefined],
    ['bytes=999999999-', 416, 0, 0],
  ])('answers the range %s with %i, counted from the first byte of the part', async (range, status, from, to) => {
    const part = bytes.subarray(OFFSET, OFFSET + length);
    for (let round = 0; round < 2; round += 1) {
      const answer = await ask(length, { range });
      expect(answer.statusCode).toBe(status);
      expect(answer.rawPayload.equals(part.subarray(from, to))).toBe(true);
      const total = `/${length}`;
      expect(answer.headers['content-range']).toContain(total);
    }
  });

  it('gives the bytes of the part to an answer that is made of them', async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await contents.open({ ...content, part: partOf(OFFSET, length) })) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes.subarray(OFFSET, OFFSET + length))).toBe(true);
  });

  it('answers although other bytes of the blob are damaged', async () => {
    await damage(OFFSET - 1);
    const answer = await ask(length);
    expect(answer.rawPayload.equals(bytes.subarray(OFFSET, OFFSET + length))).toBe(true);
  });

  it('answers DATA_LOSS for a part that the blob ends in, to GET, HEAD and ranges', async () => {
    await truncate(path, OFFSET + length - 1);
    for (const headers of [{}, { method: 'HEAD' }, { range: 'bytes=0-9' }]) {
      const answer = await ask(length, headers);
      expect([answer.statusCode, answer.headers.etag]).toEqual([500, undefined]);
    }
  });

  it('answers DATA_LOSS for a missing blob, and NOT_FOUND if it may have been removed', async () => {
    await rm(path);
    expect((await ask(length)).json()).toEqual({ code: 'DATA_LOSS' });
    expect((await ask(length, { method: 'HEAD' })).statusCode).toBe(500);
    expect(error).toHaveBeenCalledTimes(2);
    options = { mayBeGone: true };
    expect((await ask(length)).json()).toEqual({ code: 'NOT_FOUND' });
    expect(error).toHaveBeenCalledTimes(2);
  });
});

describe('BlobContents of parts', () => {
  it('answers DATA_LOSS for a small part with a changed byte, also to a range, and keeps no caching headers', async () => {
    await damage(OFFSET + SMALL - 1);
    for (const headers of [{}, { range: 'bytes=0-9' }]) {
      const answer = await ask(SMALL, headers);
      expect(answer.json()).toEqual({ code: 'DATA_LOSS' });
      for (const name of ['etag', 'content-disposition', 'content-range', 'accept-ranges'])
        expect([name, answer.headers[name]]).toEqual([name, undefined]);
    }
  });

  it('ends a large part with a changed byte before its last bytes', async () => {
    await damage(OFFSET + 9);
    const reading = (async () => {
      let size = 0;
      try {
        for await (const chunk of await contents.open({ ...content, part: partOf(OFFSET, LARGE) }))
          size += chunk.length;
      } catch (failure) {
        return { size, failure };
      }
      return { size };
    })();
    const { size, failure } = (await reading) as { size: number; failure: unknown };
    expect(failure).toMatchObject({ code: 'DATA_LOSS' });
    expect(size).toBeLessThan(LARGE);
  });

  it('answers a part without bytes with an empty body, whether its blob is there or not', async () => {
    await rm(path);
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(0, { method });
      expect([answer.statusCode, answer.rawPayload.length, answer.headers['content-length']]).toEqual([200, 0, '0']);
      expect(answer.headers.etag).toBe(`"${partOf(OFFSET, 0).sha256}"`);
    }
  });

  it('serves a part from the cache while its blob is not there', async () => {
    await ask(SMALL);
    await rm(path);
    expect((await ask(SMALL)).rawPayload.equals(bytes.subarray(OFFSET, OFFSET + SMALL))).toBe(true);
  });
});
