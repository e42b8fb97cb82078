import { createHook } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { checkGrayscalePng } from './check-grayscale-png.js';
import { BATCH_BYTES } from './image-data.js';
import {
  chunk,
  headerData,
  imageChunks,
  inPieces,
  png,
  scanlines,
  SIGNATURE,
  verdictOf,
  zeros,
} from './png.fixture.js';
import { RowCheck } from './row-check.js';

const MEGABYTE = 1024 * 1024;
const maxPixels = 64_000_000;
/** Of noise, so that its image data takes five batches, compressed or not. */
const size = { width: 800, height: 800 };
const rows = scanlines(size);
const large = deflateSync(rows, { level: 1 });
const pieceBytes = 64 * 1024;

/** What was inflated, in bytes, and into which buffers. */
let inflated = 0;
const buffers = new Set<unknown>();

beforeEach(() => {
  inflated = 0;
  buffers.clear();
  const take = RowCheck.prototype.take;
  jest.spyOn(RowCheck.prototype, 'take').mockImplementation(function (this: RowCheck, bytes) {
    inflated += bytes.length;
    buffers.add(bytes.buffer);
    return take.call(this, bytes);
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a file of many batches', () => {
  it('is inflated into one buffer', async () => {
    const long = { width: 4000, height: 1000 };
    const image = imageChunks(deflateSync(scanlines(long), { level: 1 }), 8192);
    expect(await verdictOf(inPieces(png(long, { image }), pieceBytes), maxPixels)).toBe('accepted');
    expect(inflated).toBe(long.height * (1 + 2 * long.width));
    expect(buffers.size).toBe(1);
  });

  it.each([1000, 8192, pieceBytes, 700_000, 10_000_000])('is taken in pieces of %i bytes', async (bytes) => {
    const whole = png(size, { image: imageChunks(large, 8192) });
    expect(await verdictOf(inPieces(whole, bytes), maxPixels)).toBe('accepted');
    expect(inflated).toBe(rows.length);
  });

  it('is taken when its image data ends with a batch', async () => {
    // Empty blocks fill up the rest: 5 bytes each, of which the stream may have any number before its last block.
    const stored = deflateSync(scanlines({ width: 5, height: 5 }), { level: 0 });
    const empty = Buffer.from('000000ffff', 'hex');
    for (const bytes of [16 * 1024, 16 * 1024 - 1, 16 * 1024 + 1, 32 * 1024]) {
      const blocks = Array<Buffer>(Math.floor((bytes - stored.length) / 5)).fill(empty);
      const data = Buffer.concat([stored.subarray(0, 2), ...blocks, stored.subarray(2)]);
      for (const image of [imageChunks(data), imageChunks(data, bytes), imageChunks(data, 1000)]) {
        expect(await verdictOf(png({ width: 5, height: 5 }, { image }))).toBe('accepted');
      }
    }
  });

  it('is inflated while it comes, and waited for when less than a megabyte is behind', async () => {
    const whole = png(size, { image: imageChunks(large, 8192) });
    let passed = 0;
    let behind = 0;
    for await (const bytes of checkGrayscalePng(inPieces(whole, pieceBytes), { maxPixels })) {
      passed += bytes.length;
      behind = Math.max(behind, passed - inflated);
    }
    expect(behind).toBeGreaterThan(BATCH_BYTES);
    // The two buffers and a piece.
    expect(behind).toBeLessThan(MEGABYTE);
  });
});

describe('a bomb', () => {
  it.each([1, 1000])('is refused once it gives more than the %i rows of its header', async (height) => {
    const image = imageChunks(zeros(1024 * MEGABYTE));
    const bomb = png({ width: 1000, height }, { image });
    expect(await verdictOf(inPieces(bomb, pieceBytes), maxPixels)).toBe('INVALID_ARGUMENT image_data');
    expect(inflated).toBeGreaterThan(2001 * height);
    expect(inflated).toBeLessThanOrEqual(2001 * height + BATCH_BYTES);
  });

  it('is neither inflated further nor received, should its source fall silent', async () => {
    const bomb = png({ width: 1000, height: 200 }, { image: imageChunks(zeros(1024 * MEGABYTE)) });
    let afterSilence = 0;
    const source = async function* () {
      yield bomb.subarray(0, BATCH_BYTES + 1000);
      while (inflated <= 2001 * 200) await turn();
      // Long enough for the 256 MB of a batch to be well on their way.
      await new Promise((resolve) => setTimeout(resolve, 100));
      for await (const piece of inPieces(bomb.subarray(BATCH_BYTES + 1000), 1000)) {
        afterSilence += 1;
        yield piece;
      }
    };
    expect(await verdictOf(source(), maxPixels)).toBe('INVALID_ARGUMENT image_data');
    expect(afterSilence).toBe(1);
    expect(inflated).toBeLessThanOrEqual(2001 * 200 + BATCH_BYTES);
  });
});

describe('damage', () => {
  // Behind a full flush comes the head of a block, and a type of block that deflate does not know: in the second batch.
  const damaged = Buffer.concat([
    deflateSync(rows.subarray(0, 270_000), { finishFlush: 3 }),
    Buffer.alloc(900_000, 0xff),
  ]);
  const wrongFilter = Buffer.from(rows);
  wrongFilter[1601 * 200] = 9;
  /** In the first of many buffers that its batch inflates to. */
  const wrongFirstFilter = Buffer.concat([Buffer.from([9]), Buffer.alloc(900_000), rows.subarray(900_001)]);
  const wrongChecksum = [chunk('IDAT', large.subarray(0, 900_000), 0), chunk('IDAT', large.subarray(900_000))];
  const files: [string, Buffer, string][] = [
    [
      'of the zlib stream, a batch before the file is cut',
      png(size, { image: imageChunks(damaged) }).subarray(0, 900_000),
      'image_data',
    ],
    [
      'of the zlib stream, in the batch that is cut',
      png(size, { image: imageChunks(damaged) }).subarray(0, 310_000),
      'cut_short',
    ],
    ['of a checksum', png(size, { image: wrongChecksum }), 'checksum'],
    [
      'of a checksum behind that of a row',
      png(size, { image: [chunk('IDAT', deflateSync(wrongFilter, { level: 1 }), 0)] }),
      'filter_type',
    ],
    [
      'of a row before those of a batch that is not read to its end',
      png(size, { image: imageChunks(deflateSync(wrongFirstFilter)) }),
      'filter_type',
    ],
    [
      'of the end behind that of the last batch',
      png(size, { image: imageChunks(large.subarray(0, -1)), end: chunk('IEND', Buffer.alloc(1)) }),
      'image_data',
    ],
    [
      'behind the zlib stream, a batch later',
      png(size, { image: imageChunks(Buffer.concat([large, Buffer.alloc(2 * BATCH_BYTES)])) }),
      'image_data',
    ],
  ];

  it.each(files)('%s is the same in pieces of any size and at any pace', async (_, bytes, reason) => {
    const verdicts = new Set<string>();
    for (const piece of [1000, pieceBytes, 10_000_000]) {
      verdicts.add(await verdictOf(inPieces(bytes, piece), maxPixels));
      verdicts.add(await verdictOf(slowly(inPieces(bytes, piece)), maxPixels));
    }
    expect([...verdicts]).toEqual([`INVALID_ARGUMENT ${reason}`]);
  });

  async function* slowly(pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      await turn();
      yield piece;
    }
  }
});

describe('handles of zlib', () => {
  const whole = png(size, { image: imageChunks(large, 8192) });
  let opened = 0;
  let closed = 0;
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type !== 'ZLIB') return;
      opened += 1;
      const handle = resource as { close(): void };
      const close = handle.close;
      handle.close = function () {
        closed += 1;
        close.call(this);
      };
    },
  });

  beforeEach(() => {
    [opened, closed] = [0, 0];
    hook.enable();
  });

  afterEach(() => {
    hook.disable();
  });

  const check = (source: AsyncIterable<Uint8Array>) => checkGrayscalePng(source, { maxPixels });
  const readTo = async (source: AsyncIterable<Uint8Array>, chunks: number) => {
    let left = chunks;
    for await (const _ of check(source)) if (--left === 0) break;
  };

  it.each([1, 3, 6, 9, 12])(
    'are closed when the consumer stops after %i chunks, in the middle of a batch',
    async (chunks) => {
      await readTo(inPieces(whole, pieceBytes), chunks);
      expect([opened, closed]).toEqual([1, 1]);
    },
  );

  it('are closed when all was right', async () => {
    await readTo(inPieces(whole, pieceBytes), Infinity);
    expect([opened, closed]).toEqual([1, 1]);
  });

  it('are closed when the source fails', async () => {
    const source = async function* () {
      yield whole.subarray(0, 2 * BATCH_BYTES);
      throw new Error('Gone.');
    };
    await expect(readTo(source(), Infinity)).rejects.toThrow('Gone.');
    expect([opened, closed]).toEqual([1, 1]);
  });

  it.each([
    ['by a chunk behind batches', png(size, { image: imageChunks(large), behindImage: [chunk('PLTE')] })],
    ['by the zlib stream', png(size, { image: imageChunks(Buffer.alloc(BATCH_BYTES)) })],
    ['by a row', png(size, { image: imageChunks(deflateSync(Buffer.alloc(BATCH_BYTES, 7))) })],
    ['at the end', whole.subarray(0, -1)],
  ])('are closed when the file is refused %s', async (_, bytes) => {
    await expect(readTo(inPieces(bytes, pieceBytes), Infinity)).rejects.toThrow('PNG');
    expect([opened, closed]).toEqual([1, 1]);
  });

  it('are not opened before the header is good', async () => {
    const header = chunk('IHDR', headerData({ ...size, depth: 8 }));
    await expect(readTo(inPieces(Buffer.concat([SIGNATURE, header, whole])), 1)).rejects.toThrow('grayscale');
    expect(opened).toBe(0);
  });
});
