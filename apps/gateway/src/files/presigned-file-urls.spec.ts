import { describe, expect, it } from '@jest/globals';
import type { DirectTransfers } from '@pentaprism/blob-store';
import type { Image } from '@pentaprism/contracts';
import type { FastifyRequest } from 'fastify';
import { PresignedFileUrls } from './presigned-file-urls.js';

const IMAGE = { id: 'a'.repeat(24), fileName: 'a.png', sha256: 'b'.repeat(64), mediaType: 'image/png' } as Image;

/** Seconds that the storage is told to let a URL live. */
async function livesFor(image: Image): Promise<number> {
  let seconds = 0;
  const storage = {
    downloadUrl: async (_key: unknown, { expiresIn }: { expiresIn: number }) => {
      seconds = expiresIn;
      return 'url';
    },
  } as unknown as DirectTransfers;
  const urls = new PresignedFileUrls(storage, { SIGNED_URL_TTL: 3600 });
  expect(await urls.sign({} as FastifyRequest, 'GET', 'w', image)).toBe('url');
  return seconds;
}

describe('PresignedFileUrls', () => {
  it('live as long as they are told to', async () => {
    expect(await livesFor(IMAGE)).toBe(3600);
    expect(await livesFor({ ...IMAGE, expiresAt: Date.now() + 2 * 3600 * 1000 })).toBe(3600);
  });

  it('do not outlive their image', async () => {
    const seconds = await livesFor({ ...IMAGE, expiresAt: Date.now() + 90_500 });
    expect([89, 90]).toContain(seconds);
    expect(await livesFor({ ...IMAGE, expiresAt: Date.now() + 300 })).toBe(1);
  });

  it('are not made for an image without a file', async () => {
    await expect(livesFor({ ...IMAGE, sha256: null })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
