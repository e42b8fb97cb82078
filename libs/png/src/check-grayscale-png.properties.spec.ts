import { deflateSync, inflateSync, type Inflate } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkGrayscalePng } from './check-grayscale-png.js';
import {
  adam7Passes,
  chunk,
  type HeaderFields,
  imageChunks,
  inPieces,
  png,
  scanlines,
  verdictOf,
} from './png.fixture.js';

const side = fc.integer({ min: 1, max: 20 });
const fields = fc.record({ width: side, height: side, interlace: fc.constantFrom(0, 1) });
const chunkSizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
const ancillary = fc
  .tuple(fc.stringMatching(/^[a-z][A-Za-z]{3}$/), fc.uint8Array({ maxLength: 50 }))
  .map(([type, data]) => chunk(type, data));

const files = fc
  .tuple(
    fields,
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 0, max: 9 }),
    fc.array(ancillary, { maxLength: 3 }),
  )
  .map(([header, size, level, extra]) =>
    png(header, {
      image: imageChunks(deflateSync(scanlines(header), { level }), size),
      beforeImage: extra,
      behindImage: extra,
    }),
  );

/** What a fault of a network, a disk or an enemy does to a file. */
const mutations = fc.array(
  fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('set', 'flip', 'remove', 'insert', 'double', 'zero'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(bytes: Buffer, changes: typeof mutations extends fc.Arbitrary<infer T> ? T : never): Buffer {
  return changes.reduce((before, change) => {
    const at = change.at % (before.length + 1);
    const count = change.bytes.length;
    const [head, here, tail] = [before.subarray(0, at), before.subarray(at, at + count), before.subarray(at + count)];
    const middle = {
      set: Buffer.from(change.bytes.subarray(0, here.length)),
      flip: Buffer.from(here.map((byte, index) => byte ^ (1 << ((change.bytes[index] as number) & 7)))),
      remove: Buffer.alloc(0),
      insert: Buffer.concat([change.bytes, here]),
      double: Buffer.concat([here, here]),
      zero: Buffer.alloc(here.length),
    }[change.kind];
    return Buffer.concat([head, middle, tail]);
  }, bytes);
}

/** What image data is, from the whole of it at once. */
function isRight(data: Uint8Array, { width = 0, height = 0, interlace }: HeaderFields): boolean {
  const passes = interlace === 1 ? adam7Passes(width, height) : [{ columns: width, rows: height }];
  const starts: number[] = [];
  let length = 0;
  for (const { columns, rows } of passes) {
    for (let row = 0; row < rows; row++, length += 1 + 2 * columns) starts.push(length);
  }
  try {
    const { buffer, engine } = inflateSync(data, { info: true }) as unknown as { buffer: Buffer; engine: Inflate };
    if (engine.bytesWritten !== data.length || buffer.length !== length) return false;
    return starts.every((at) => (buffer[at] as number) <= 4);
  } catch {
    return false;
  }
}

const run = <T extends [unknown, ...unknown[]]>(property: fc.IAsyncProperty<T>, numRuns = 300) =>
  fc.assert(property, { numRuns });

describe('any file', () => {
  it('of 16-bit grayscale is taken and passed on as it is, in pieces of any size', async () => {
    await run(
      fc.asyncProperty(files, chunkSizes, async (bytes, sizes) => {
        const passed: Uint8Array[] = [];
        const pieces = inPieces(bytes, ...sizes);
        for await (const piece of checkGrayscalePng(pieces, { maxPixels: 400 })) passed.push(piece);
        expect(Buffer.concat(passed).equals(bytes)).toBe(true);
      }),
    );
  });

  it('that was changed gets one verdict, in pieces of any size', async () => {
    const counts = { accepted: 0, refused: 0 };
    await run(
      fc.asyncProperty(files, mutations, chunkSizes, async (bytes, changes, sizes) => {
        const changed = mutate(bytes, changes);
        const verdict = await verdictOf(changed, 400);
        expect(await verdictOf(inPieces(changed, ...sizes), 400)).toBe(verdict);
        expect(await verdictOf(inPieces(changed, 1), 400)).toBe(verdict);
        // Only what changed nothing is taken.
        expect(verdict === 'accepted').toBe(changed.equals(bytes));
        counts[verdict === 'accepted' ? 'accepted' : 'refused'] += 1;
      }),
    );
    expect(counts.refused).toBeGreaterThan(200);
  });

  it('with changed image data and right checksums is judged as by inflating it at once', async () => {
    await run(
      fc.asyncProperty(fields, mutations, fc.integer({ min: 0, max: 9 }), async (header, changes, level) => {
        const data = mutate(deflateSync(scanlines(header), { level }), changes);
        const verdict = await verdictOf(png(header, { image: imageChunks(data, 100) }), 400);
        expect(verdict === 'accepted').toBe(isRight(data, header));
      }),
    );
  });

  it('with changed rows is judged as by inflating it at once', async () => {
    const verdicts = new Set<string>();
    await run(
      fc.asyncProperty(fields, mutations, async (header, changes) => {
        const data = deflateSync(mutate(scanlines(header), changes));
        const verdict = await verdictOf(png(header, { image: imageChunks(data) }), 400);
        expect(verdict === 'accepted').toBe(isRight(data, header));
        verdicts.add(verdict);
      }),
    );
    expect([...verdicts].sort()).toEqual(['INVALID_ARGUMENT filter_type', 'INVALID_ARGUMENT image_data', 'accepted']);
  });

  it('of nonsense is refused', async () => {
    await run(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 60 }), async (noise, kept) => {
        const bytes = Buffer.concat([png().subarray(0, kept), noise]);
        expect(await verdictOf(bytes)).toMatch(/^(INVALID_ARGUMENT|UNSUPPORTED_MEDIA_TYPE) /);
      }),
    );
  });
});
