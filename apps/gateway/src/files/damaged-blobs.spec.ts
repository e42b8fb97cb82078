import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FileBlobStore, SMALL_BLOB_BYTES, type BlobKey } from '@pentaprism/blob-store';
import type { SendOptions, StoredContent } from '@pentaprism/http';
import type { FastifyInstance } from 'fastify';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobContents } from './blob-contents.js';
import { codesServer } from './codes-server.fixture.js';

const LARGE = 4 * SMALL_BLOB_BYTES;
const SMALL = 5000;

let root: string;
let blobs: FileBlobStore;
let server: FastifyInstance;
let content: StoredContent;
let options: SendOptions;
const error = jest.fn();

beforeEach(async () => {
  error.mockClear();
  options = {};
  root = await mkdtemp(join(tmpdir(), 'damaged-blobs-'));
  blobs = await FileBlobStore.open(root, { minFreeBytes: 0 });
  const contents = new BlobContents(blobs, { error });
  server = codesServer();
  server.get('/', async (request, reply) => {
    await contents.send(request, reply, content, options);
    return reply;
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

async function store(size: number): Promise<{ key: BlobKey; bytes: Buffer; path: string }> {
  const bytes = randomBytes(size);
  const { key } = await blobs.put('originals', 'w', bytes, { maxBytes: size });
  content = { area: 'originals', workspace: 'w', sha256: key.sha256, size, mediaType: 'image/png' };
  return { key, bytes, path: blobs.localPath(key) };
}

/** What a client receives over a real connection, and whether the answer was cut off. */
async function download(headers: { readonly range?: string } = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port: (server.server.address() as AddressInfo).port, headers, agent: false }, resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  let isCut = false;
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch {
    isCut = true;
  }
  return { status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks), isCut };
}

describe('BlobContents of damaged blobs', () => {
  it('answers DATA_LOSS for a small blob with a changed byte, also to a range, and keeps no caching headers', async () => {
    const { bytes, path } = await store(SMALL);
    bytes.writeUInt8(bytes.readUInt8(4000) ^ 1, 4000);
    await writeFile(path, bytes);
    for (const headers of [{}, { range: 'bytes=0-9' }]) {
      const answer = await download(headers);
      expect([answer.status, answer.bytes.toString()]).toEqual([500, '{"code":"DATA_LOSS"}']);
      for (const name of ['etag', 'content-disposition', 'content-range', 'accept-ranges'])
        expect([name, answer.headers[name]]).toEqual([name, undefined]);
    }
  });

  it('cuts the connection before the end of a large blob with a changed byte', async () => {
    const { bytes, path } = await store(LARGE);
    bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
    await writeFile(path, bytes);
    const whole = await download();
    expect([whole.status, whole.isCut]).toEqual([200, true]);
    expect(whole.bytes.length).toBeLessThan(LARGE);
    const part = await download({ range: 'bytes=100-199' });
    // Nothing of the range was sent before the whole file was hashed.
    expect([part.status, part.bytes.toString(), part.headers.etag]).toEqual([500, '{"code":"DATA_LOSS"}', undefined]);
  });

  it.each([SMALL, LARGE])(
    'answers DATA_LOSS for a truncated blob of %i bytes, to GET, HEAD and ranges',
    async (size) => {
      const { path } = await store(size);
      await truncate(path, size - 1);
      for (const headers of [{}, { range: 'bytes=0-9' }]) expect((await download(headers)).status).toBe(500);
      expect((await server.inject({ method: 'HEAD', url: '/' })).statusCode).toBe(500);
    },
  );

  it.each([SMALL, LARGE])('answers DATA_LOSS for a missing blob of %i bytes, and logs it', async (size) => {
    const { path } = await store(size);
    await rm(path);
    const answer = await download();
    expect([answer.status, answer.bytes.toString()]).toEqual([500, '{"code":"DATA_LOSS"}']);
    expect((await server.inject({ method: 'HEAD', url: '/' })).statusCode).toBe(500);
    expect(error).toHaveBeenCalledTimes(2);
    expect(error.mock.calls[0]).toEqual([
      { area: 'originals', workspace: 'w', sha256: content.sha256, size },
      'blobs: stored bytes are missing',
    ]);
  });

  it('answers NOT_FOUND for a missing blob that may have been collected', async () => {
    const { path } = await store(SMALL);
    options = { mayBeGone: true };
    await rm(path);
    expect((await download()).status).toBe(404);
    expect(error).not.toHaveBeenCalled();
  });

  it('serves the bytes again once they were stored again', async () => {
    const { bytes, path } = await store(LARGE);
    await truncate(path, 5);
    await blobs.put('originals', 'w', bytes, { maxBytes: LARGE });
    const answer = await download();
    expect([answer.status, answer.isCut, answer.bytes.equals(bytes)]).toEqual([200, false, true]);
  });
});
