import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SMALL_BLOB_BYTES, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import fastify, { type FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import { BlobContents } from './blob-contents.js';

const sha256 = 'a'.repeat(64);
const LARGE = SMALL_BLOB_BYTES + 1;

let server: FastifyInstance;
let opened: BlobKey[];
let contents: BlobContents;

const content = { area: 'originals', workspace: 'w', sha256, size: LARGE, mediaType: 'image/png' } as const;

beforeEach(() => {
  opened = [];
  const blobs = {
    open: async (key: BlobKey, { start = 0, end = LARGE - 1 } = {}) => {
      opened.push(key);
      return Readable.from([Buffer.alloc(end - start + 1)]);
    },
    stat: async () => ({ size: LARGE }),
  } as unknown as BlobStore;
  contents = new BlobContents(blobs, { error: () => {} });
  server = fastify();
  server.get('/', async (request, reply) => {
    await contents.send(request, reply, content);
    return reply;
  });
});

afterEach(() => server.close());

describe('BlobContents', () => {
  it('describes a file to HEAD without a look at its bytes', async () => {
    const [head, get] = [await server.inject({ method: 'HEAD', url: '/' }), await server.inject('/')];
    expect(get.rawPayload).toHaveLength(LARGE);
    expect(opened).toHaveLength(1);
    expect(head.statusCode).toBe(200);
    expect(head.rawPayload).toHaveLength(0);
    for (const name of ['content-length', 'content-type', 'etag', 'accept-ranges', 'content-security-policy'])
      expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
    expect(head.headers['content-length']).toBe(String(LARGE));
  });

  it('sends the Cache-Control of the API where it has one of its own', async () => {
    server.get('/own', async (request, reply) => {
      await contents.send(request, reply, content, { cacheControl: 'no-cache, must-revalidate' });
      return reply;
    });
    const [own, usual] = [await server.inject('/own'), await server.inject('/')];
    expect([own.headers['cache-control'], usual.headers['cache-control']]).toEqual([
      'no-cache, must-revalidate',
      'private, no-cache',
    ]);
  });

  it('opens a file to be read', async () => {
    let size = 0;
    for await (const chunk of await contents.open(content)) size += chunk.length;
    expect([size, opened]).toEqual([LARGE, [{ area: 'originals', workspace: 'w', sha256 }]]);
  });

  it.each(['GET', 'HEAD'] as const)('answers a conditional %s without a length', async (method) => {
    const answer = await server.inject({ method, url: '/', headers: { 'if-none-match': `"${sha256}"` } });
    expect([answer.statusCode, answer.headers['content-length'], answer.headers.etag]).toEqual([
      304,
      undefined,
      `"${sha256}"`,
    ]);
    expect(opened).toEqual([]);
  });

  it.each([
    ['bytes=0-9', 206, `bytes 0-9/${LARGE}`, 10],
    ['bytes=-5', 206, `bytes ${LARGE - 5}-${LARGE - 1}/${LARGE}`, 5],
    [`bytes=${LARGE}-`, 416, `bytes */${LARGE}`, 0],
    [`bytes=-${LARGE}`, 206, `bytes 0-${LARGE - 1}/${LARGE}`, LARGE],
    [`bytes=-${LARGE + 1}`, 206, `bytes 0-${LARGE - 1}/${LARGE}`, LARGE],
    [`bytes= -${'9'.repeat(30)}`, 206, `bytes 0-${LARGE - 1}/${LARGE}`, LARGE],
    ['bytes=-0', 416, `bytes */${LARGE}`, 0],
    ['bytes=0-1,4-5', 200, undefined, LARGE],
  ])('answers the range %s with %i', async (range, status, contentRange, length) => {
    const answer = await server.inject({ url: '/', headers: { range } });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.rawPayload).toHaveLength(length);
  });
});
