import { describe, expect, it } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import { renderRadiograph, type JobPayload } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { DecodePool, RenderedRadiograph } from '@pentaprism/imaging';
import { createHash } from 'node:crypto';
import { SharedPool } from '../shared-pool.js';
import { jobControl } from '../job-control.fixture.js';
import { RenderRadiographHandler } from './render-radiograph.handler.js';

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const SOURCE = sha256Of(Buffer.from('the radiograph'));
const PICTURE = Buffer.from('the picture, a PNG');
const THUMBNAIL = Buffer.from('its thumbnail, a JPEG');
const RESIZED = Buffer.from('it, smaller');

const payload: JobPayload<typeof renderRadiograph> = {
  workspace: 'clinic',
  imageId: '0123456789abcdef01234567',
  source: { sha256: SOURCE, size: 14, mediaType: 'image/png' },
  lut: { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 },
};

const facts = {
  format: 'png',
  mediaType: 'image/png',
  width: 2400,
  height: 1708,
  orientation: 1,
  colorSpace: 'b-w',
  channels: 1,
  bitDepth: 8,
  hasAlpha: false,
  pages: 1,
  perceptualHash: '0123456789abcdef',
  pixelDigest: 'ab'.repeat(32),
  quality: { sharpness: 1.7, shadows: 0.1, highlights: 0.8, contrast: 0.2, entropy: 6 },
} as const;
const success: RenderedRadiograph = {
  content: { bytes: PICTURE, mediaType: 'image/png' },
  analysis: {
    ...facts,
    thumbnail: { bytes: THUMBNAIL, mediaType: 'image/jpeg', width: 256, height: 182 },
    resized: { bytes: RESIZED, mediaType: 'image/jpeg', width: 1024, height: 729 },
  },
};

const control = jobControl({ workspace: 'clinic' });

/** A handler over a store that keeps nothing but what it was told. */
function handlerWith(render: DecodePool['renderRadiograph']) {
  const stored: string[] = [];
  const asked: Parameters<DecodePool['renderRadiograph']>[] = [];
  const blobs = {
    localPath: ({ area, workspace, sha256 }: Record<string, string>) => `/blobs/${area}/${workspace}/${sha256}`,
    verify: async () => {},
    put: async (area: string, workspace: string, bytes: Buffer) => {
      stored.push(`${area}/${workspace}/${bytes.toString()}`);
      return { sha256: sha256Of(bytes), size: bytes.length };
    },
  } as unknown as BlobStore;
  const pool = {
    renderRadiograph: (...task: Parameters<typeof render>) => {
      asked.push(task);
      return render(...task);
    },
  } as unknown as DecodePool;
  return { handler: new RenderRadiographHandler(blobs, new SharedPool(pool, 1)), stored, asked };
}

describe('RenderRadiographHandler', () => {
  it('stores the picture and those made of it, and says where they are', async () => {
    const { handler, stored, asked } = handlerWith(async () => success);
    const result = await handler.run(payload, control);
    expect(asked).toEqual([[{ path: `/blobs/originals/clinic/${SOURCE}` }, payload.lut]]);
    expect(stored.sort()).toEqual([
      `originals/clinic/${PICTURE}`,
      `thumbnails/clinic/${RESIZED}`,
      `thumbnails/clinic/${THUMBNAIL}`,
    ]);
    expect(result).toEqual({
      state: 'decoded',
      ...facts,
      content: { sha256: sha256Of(PICTURE), size: PICTURE.length, mediaType: 'image/png' },
      thumbnail: {
        sha256: sha256Of(THUMBNAIL),
        size: THUMBNAIL.length,
        mediaType: 'image/jpeg',
        width: 256,
        height: 182,
      },
      resized: {
        sha256: sha256Of(RESIZED),
        size: RESIZED.length,
        mediaType: 'image/jpeg',
        width: 1024,
        height: 729,
      },
    });
    // What the queue takes: nothing of it is lost there.
    expect(renderRadiograph.result.parse(result)).toEqual(result);
  });

  it('without a lookup table', async () => {
    const { handler, asked } = handlerWith(async () => success);
    await handler.run({ ...payload, lut: null }, control);
    expect(asked[0]?.[1]).toBeNull();
  });

  it('says why there is no picture, and stores nothing', async () => {
    const { handler, stored } = handlerWith(async () => {
      throw new DomainError('UNDECODABLE_IMAGE', 'The file is truncated or damaged.', { reason: 'damaged' });
    });
    const result = await handler.run(payload, control);
    expect(result).toEqual({ state: 'undecodable', reason: 'The file is truncated or damaged.', code: 'damaged' });
    expect(renderRadiograph.result.parse(result)).toEqual(result);
    expect(stored).toEqual([]);
  });

  it('fails where trying again may help', async () => {
    const { handler } = handlerWith(async () => {
      throw new DomainError('INTERNAL', 'The decode process was lost.');
    });
    await expect(handler.run(payload, control)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
