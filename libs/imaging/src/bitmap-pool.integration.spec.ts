import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createRandom, DomainError } from '@pentaprism/domain';
import { MASKS_565, MASKS_8888, writeBitmap, type BitmapKind } from './bitmap.fixture.js';
import { createDecodePool, type DecodePool } from './decode-pool.js';
import { DECODE_MEMORY, MAX_BITMAP_PIXELS } from './limits.js';

const MUTATIONS = 250;
const KINDS: Omit<BitmapKind, 'width' | 'height'>[] = [
  { bits: 8, rle: true },
  { bits: 4, rle: true },
  { bits: 1 },
  { bits: 8, header: 12 },
  { bits: 16, masks: MASKS_565 },
  { bits: 32, masks: MASKS_8888, header: 124, topDown: true },
];

let pool: DecodePool | undefined;
const start = (size: number): DecodePool => (pool = createDecodePool({ size }));
afterEach(() => pool?.close());

/** A file of the most pixels that are decoded, which says that all are stored or, packed, that there are none. */
function largest(bits: number, packed: boolean): Buffer {
  const [width, height] = [5000, MAX_BITMAP_PIXELS / 5000];
  const colors = bits <= 8 ? 2 ** bits : 0;
  const dataAt = 54 + colors * 4;
  const bytes = Buffer.alloc(dataAt + (packed ? 2 : Math.ceil((width * bits) / 32) * 4 * height));
  bytes.write('BM');
  bytes.writeUInt32LE(dataAt, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(bits, 28);
  bytes.writeUInt32LE(packed ? 1 : 0, 30);
  // The end of the picture.
  if (packed) bytes.writeUInt16BE(1, dataAt);
  return bytes;
}

/** Bytes that the decode processes of this one have held at most, each on its own. */
async function watchMemory(work: Promise<unknown>): Promise<number> {
  let peak = 0;
  let done = false;
  const finished = work.finally(() => (done = true));
  while (!done) {
    const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    for (const pid of children.split(' ').filter(Boolean)) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024);
    }
    await sleep(2);
  }
  await finished;
  return peak;
}

describe('BMP in decode processes', () => {
  it.each([
    ['1 bit', largest(1, false)],
    ['8 bits', largest(8, false)],
    ['8 bits, packed', largest(8, true)],
    ['24 bits', largest(24, false)],
    ['32 bits', largest(32, false)],
  ])('takes half of the memory at most, also for the largest of %s', async (_kind, bytes) => {
    const directory = await mkdtemp(join(tmpdir(), 'imaging-'));
    const path = join(directory, 'bitmap');
    await writeFile(path, bytes);
    const { analyse } = start(1);
    const analysis = analyse({ path });
    const peak = await watchMemory(analysis);
    expect(await analysis).toMatchObject({ format: 'bmp', width: 5000 });
    await rm(directory, { recursive: true });
    // Beside what the process has without it.
    expect(peak).toBeLessThan(DECODE_MEMORY / 2 + 100 * 1024 ** 2);
  });

  it('is watched while it is decoded, and ended where it takes too much', async () => {
    pool = createDecodePool({ size: 1, memoryBytes: 200 * 1024 ** 2 });
    await expect(pool.analyse({ bytes: largest(8, true) })).rejects.toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      details: { reason: 'too_much_memory' },
    });
    const { bytes } = writeBitmap({ width: 9, height: 9, bits: 24 }, createRandom('small'));
    expect(await pool.analyse({ bytes })).toMatchObject({ width: 9 });
  });

  it(`is a picture or is refused, and no process is lost, over ${MUTATIONS} broken files`, async () => {
    const { analyse } = start(2);
    const random = createRandom('mutations');
    const below = (limit: number) => Math.floor(random() * limit);
    const wholes = KINDS.map((kind) => writeBitmap({ ...kind, width: 21, height: 9 }, random).bytes);
    const outcomes = new Map<string, number>();
    const tasks = Array.from({ length: MUTATIONS }, async (_, n) => {
      const bytes = Buffer.from(wholes[n % wholes.length] as Buffer);
      // Mostly in the headers and the palette, where a byte means much.
      for (let changes = 1 + below(4); changes > 0; changes--)
        bytes[2 + below(random() < 0.7 ? 64 : bytes.length - 2)] = random() < 0.3 ? 255 : below(256);
      const cut = random() < 0.3 ? bytes.subarray(0, 20 + below(bytes.length - 20)) : bytes;
      const outcome = await analyse({ bytes: cut }).then(
        ({ format }) => format,
        (error: unknown) => (DomainError.is(error) ? error.code : String(error)),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    });
    await Promise.all(tasks);
    // Were it only the one or the other, nothing would have been tried.
    expect([...outcomes.keys()].sort()).toEqual(['UNDECODABLE_IMAGE', 'bmp']);
  });
});
