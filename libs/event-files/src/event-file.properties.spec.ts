import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFileReader, type EventFileItem } from './event-file.js';
import { eventFile, imageMetadata, inPieces, record, strings } from './event-file.fixture.js';
import { RunReading, type RunChange } from './run-reading.js';

/** An event, by its step, the tag of its images, and its images. None for an event without a summary. */
const event = fc.record({
  step: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  wallTime: fc.double(),
  tag: fc.constantFrom('', 'a', '__proto__', 'a/b c\u0000'),
  images: fc.option(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 })),
});
const events = fc.array(event, { minLength: 1, maxLength: 8 });
const sizes = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 });
const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 5 });

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Returns the records of events, one by one. */
function recordsOf(list: readonly Event[]): Buffer[] {
  return list.map(({ step, wallTime, tag, images }) => {
    const tensor = images && strings('4', '5', ...images);
    const summary = tensor ? { summary: { value: [{ tag, metadata: imageMetadata(), tensor }] } } : {};
    return eventFile({ step: step.toString(), wallTime, ...summary });
  });
}

function itemsIn(pieces: readonly Uint8Array[], reader = new EventFileReader()): EventFileItem[] {
  return pieces.flatMap((piece) => [...reader.push(piece)]);
}

/** Returns what the run shows after a file, with all bytes. */
function changesOf(items: readonly EventFileItem[]): unknown[] {
  const run = new RunReading();
  const shown = (change: RunChange) =>
    change.kind === 'image'
      ? { ...change, images: change.images.map((bytes) => Buffer.from(bytes).toString('hex')) }
      : change;
  return items.flatMap((item): unknown[] =>
    item.kind === 'event' ? run.read(item.event, true).map(shown) : [item.kind],
  );
}

/** Returns the records that lie before an offset as a whole. */
function wholeBefore(records: readonly Buffer[], offset: number): Buffer[] {
  let end = 0;
  return records.filter(({ length }) => (end += length) <= offset);
}

/** Returns the same bytes with flipped bits, and the first place that differs. */
function flipped(file: Buffer, bits: readonly (readonly [number, number])[]) {
  const damaged = Buffer.from(file);
  for (const [position, bit] of bits) {
    const at = position % damaged.length;
    damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
  }
  const first = damaged.findIndex((byte, at) => byte !== file[at]);
  return { damaged, first };
}

describe('EventFileReader, for any file', () => {
  it('finds the same images however the file is cut into pieces', () => {
    fc.assert(
      fc.property(events, sizes, (list, pieces) => {
        const records = recordsOf(list);
        const items = itemsIn(inPieces(Buffer.concat(records), pieces));
        expect(items.map(({ kind }) => kind)).toEqual(records.map(() => 'event'));
        expect(changesOf(items)).toEqual(changesOf(itemsIn(records)));
      }),
    );
  });

  it('finds the images before the cut of a file that is cut off, and the others when the rest arrives', () => {
    fc.assert(
      fc.property(events, fc.nat(), sizes, (list, position, pieces) => {
        const records = recordsOf(list);
        const file = Buffer.concat(records);
        const cut = position % (file.length + 1);
        const reader = new EventFileReader();
        const before = itemsIn(inPieces(file.subarray(0, cut), pieces), reader);
        const whole = wholeBefore(records, cut);
        expect(changesOf(before)).toEqual(changesOf(itemsIn(whole)));
        expect(reader.offset).toBe(Buffer.concat(whole).length);
        const later = itemsIn(inPieces(file.subarray(reader.offset), pieces), new EventFileReader(reader.offset));
        expect(changesOf([...before, ...later])).toEqual(changesOf(itemsIn(records)));
      }),
    );
  });

  it('finds the images before the first flipped bit, and stops there for good', () => {
    fc.assert(
      fc.property(events, flips, sizes, (list, bits, pieces) => {
        const records = recordsOf(list);
        const { damaged, first } = flipped(Buffer.concat(records), bits);
        fc.pre(first >= 0);
        const reader = new EventFileReader();
        const items = itemsIn(inPieces(damaged, pieces), reader);
        const whole = wholeBefore(records, first);
        const at = Buffer.concat(whole).length;
        expect(changesOf(items.slice(0, whole.length))).toEqual(changesOf(itemsIn(whole)));
        expect(items.slice(whole.length)).toEqual([{ kind: 'damaged', at, part: expect.any(String) }]);
        expect(reader.offset).toBe(at);
        expect([...reader.push(Buffer.concat(records))]).toEqual([]);
      }),
    );
  });

  it('finds the images before bytes that are not an event under right checksums, and never throws', () => {
    fc.assert(
      fc.property(events, fc.uint8Array({ maxLength: 60 }), sizes, (list, bytes, pieces) => {
        const records = recordsOf(list);
        const file = Buffer.concat([...records, record(bytes), ...records]);
        const items = itemsIn(inPieces(file, pieces));
        expect(changesOf(items.slice(0, records.length))).toEqual(changesOf(itemsIn(records)));
        const kinds = items.slice(records.length).map(({ kind }) => kind);
        expect([['not-an-event'], ['event', ...records.map(() => 'event')]]).toContainEqual(kinds);
      }),
    );
  });
});
