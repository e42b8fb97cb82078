import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { DomainError } from '@pentaprism/domain';
import { PublicOrigin } from '@pentaprism/http';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';
import { BlobContents } from './blob-contents.js';
import { fileRoutes } from './files.routes.js';
import type { ImageContents } from './image-contents.js';
import { SignedFileUrls } from './signed-file-urls.js';

const config = { SIGNED_URL_TTL: 3600, SIGNING_SECRETS: ['s'.repeat(32)], MAX_UPLOAD_BYTES: 1000 } as GatewayConfig;
const urls = new SignedFileUrls(new PublicOrigin('http://files.example'), config);
const BYTES = Buffer.from('the bytes of a picture');
const content = {
  area: 'thumbnails',
  workspace: 'w',
  sha256: 'a'.repeat(64),
  size: BYTES.length,
  mediaType: 'image/jpeg',
} as const;
const pathOf = async (target: Parameters<SignedFileUrls['signContent']>[1]) =>
  (await urls.signContent({} as FastifyRequest, target)).replace('http://files.example', '');

let server: FastifyInstance;
let gone: boolean;
const read = jest.fn(async (_key: object, _options: object) => {
  if (gone) throw new DomainError('NOT_FOUND', 'gone');
  return BYTES;
});
beforeEach(async () => {
  gone = false;
  read.mockClear();
  server = fastify();
  await server.register(fileRoutes, {
    bus: {} as Bus,
    contents: new BlobContents({ read } as unknown as BlobStore, { error: () => {} }),
    images: {} as ImageContents,
    config,
    onError: (error, _request, reply) => {
      const status = DomainError.is(error, 'NOT_FOUND') ? 404 : 403;
      void reply.status(status).send({});
    },
  });
});
afterEach(() => server.close());

describe('a URL of a content', () => {
  it('opens it without a look at any record, and lets it be kept', async () => {
    const answer = await server.inject(await pathOf(content));
    expect([answer.statusCode, answer.headers['content-type'], answer.rawPayload]).toEqual([200, 'image/jpeg', BYTES]);
    expect(answer.headers['etag']).toBe(`"${content.sha256}"`);
    expect(answer.headers['cache-control']).toMatch(/^private, max-age=(3[6-9]|4[0-5])\d\d$/);
    const key = { area: 'thumbnails', workspace: 'w', sha256: content.sha256 };
    expect(read).toHaveBeenCalledWith(key, { size: BYTES.length });
  });

  it('knows ranges and conditions', async () => {
    const url = await pathOf(content);
    const part = await server.inject({ url, headers: { range: 'bytes=4-8' } });
    expect([part.statusCode, part.payload]).toEqual([206, 'bytes']);
    const known = await server.inject({ url, headers: { 'if-none-match': `"${content.sha256}"` } });
    expect([known.statusCode, known.payload]).toEqual([304, '']);
  });

  it('is the same one for a while', async () => {
    expect(await pathOf(content)).toBe(await pathOf(content));
  });

  it('is of its area, workspace, type and size, and for reading only', async () => {
    const url = await pathOf(content);
    for (const other of [
      url.replace('thumbnails', 'originals'),
      url.replace('/w/', '/v/'),
      url.replace('-jpeg', '-png'),
      url.replace(`-${BYTES.length}-`, '-1-'),
      url.replace('expires=1', 'expires=2'),
    ])
      expect((await server.inject(other)).statusCode).toBe(403);
    expect((await server.inject({ method: 'PUT', url, payload: 'x' })).statusCode).toBe(403);
  });

  it('of bytes that are gone is a 404 that nobody keeps', async () => {
    gone = true;
    const answer = await server.inject(await pathOf(content));
    expect([answer.statusCode, answer.headers['etag'], answer.headers['cache-control']]).toEqual([
      404,
      undefined,
      undefined,
    ]);
  });

  it('does not outlive what it is of', async () => {
    expect((await server.inject(await pathOf({ ...content, expiresAt: Date.now() - 1000 }))).statusCode).toBe(403);
    expect((await server.inject(await pathOf({ ...content, expiresAt: 5 }))).statusCode).toBe(403);
  });
});
