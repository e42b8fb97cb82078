import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFileReader } from './event-file.js';
import { eventFile, imageMetadata, inPieces, record, strings } from './event-file.fixture.js';
import { MAX_STRINGS, MAX_VALUES } from './event-protobuf.js';
import { RunReading } from './run-reading.js';

const steps = [3n, -(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n];

/** Repeats the bytes of an element. */
const bytesOf = (count: number, ...element: number[]): Buffer =>
  Buffer.alloc(count * element.length, Buffer.from(element));
/** A message as the field of another one, which its tag names. */
function message(tag: number, content: Buffer): Buffer {
  const length = Buffer.from([
    (content.length & 127) | 128,
    ((content.length >>> 7) & 127) | 128,
    content.length >>> 14,
  ]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}
const summaryOf = (values: Buffer): Buffer => message(0x2a, values);
const tensorOf = (fields: Buffer): Buffer => message(0x0a, message(0x42, fields));

describe('EventFileReader', () => {
  it('reads steps of 64 bits and wall times that are not finite', () => {
    const times = [NaN, Infinity, -Infinity, -0, 1440210599.246];
    const file = eventFile(
      ...steps.map((step) => ({ step: step.toString() })),
      ...times.map((wallTime) => ({ wallTime })),
    );
    const events = [...new EventFileReader().push(file)].map((item) =>
      item.kind === 'event' ? item.event : undefined,
    );
    expect(events.slice(0, steps.length).map((event) => event?.step)).toEqual(steps);
    expect(events.slice(steps.length).map((event) => event?.wallTime)).toEqual(times);
  });

  it('takes the last member of a oneof, joins parts of a message, and skips fields that it has no use for', () => {
    const part = (tag: string): number[] => [0x0a, tag.length + 2, 0x0a, tag.length, ...Buffer.from(tag)];
    const summary = (tag: string): number[] => [0x2a, tag.length + 4, ...part(tag)];
    // A graph, two parts of a summary, an unknown group and an unknown number.
    const bytes = [0x22, 1, 7, ...summary('a'), ...summary('b'), 0x7b, 0x08, 1, 0x7c, 0xa0, 0x06, 5];
    const [item] = [...new EventFileReader().push(record(Uint8Array.from(bytes)))];
    expect(item?.kind === 'event' && item.event.summary?.value.map(({ tag }) => tag)).toEqual(['a', 'b']);
  });

  it.each([
    ['text that is not UTF-8', [0x1a, 2, 0xff, 0xff]],
    ['field number 0', [0x00, 1]],
    ['a field that ends after the record', [0x2a, 50, 1]],
    ['words', [...Buffer.from('\xff\xff not a protobuf')]],
  ])('ends at a whole record that holds %s', (_, bytes) => {
    const good = eventFile({ step: 1 });
    const reader = new EventFileReader();
    const items = [...reader.push(Buffer.concat([good, record(Uint8Array.from(bytes)), good]))];
    expect(items.map(({ kind }) => kind)).toEqual(['event', 'not-an-event']);
    expect(items[1]).toMatchObject({ at: good.length });
    expect([...reader.push(good)]).toEqual([]);
  });

  it.each([
    ['value', MAX_VALUES, (count: number) => summaryOf(bytesOf(count, 0x0a, 0))],
    ['stringVal', MAX_STRINGS, (count: number) => summaryOf(tensorOf(bytesOf(count, 0x42, 0)))],
    ['dim', MAX_STRINGS, (count: number) => summaryOf(tensorOf(message(0x12, bytesOf(count, 0x12, 0))))],
  ])('leaves out an event with more than its limit of %s, and reads on', (field, most, eventOf) => {
    const good = eventFile({ step: 1 });
    const allowed = record(eventOf(most));
    const file = Buffer.concat([allowed, record(eventOf(most + 1)), good]);
    const items = [...new EventFileReader().push(file)];
    expect(items.map(({ kind }) => kind)).toEqual(['event', 'too-many', 'event']);
    expect(items[1]).toMatchObject({ field, most, end: file.length - good.length });
  });

  it('counts the elements of all parts of a message', () => {
    const half = bytesOf(MAX_STRINGS / 2, 0x42, 0);
    const parts = Buffer.concat([tensorOf(half), tensorOf(half), tensorOf(bytesOf(1, 0x42, 0))]);
    const items = [...new EventFileReader().push(record(summaryOf(parts)))];
    expect(items.map(({ kind }) => kind)).toEqual(['too-many']);
  });

  it('keeps nothing of fields that are not in the schema', () => {
    const [item] = [...new EventFileReader().push(record(bytesOf(1000, 0x60, 1)))];
    expect(item?.kind === 'event' && Object.keys(Object.getOwnPropertyDescriptors(item.event))).toEqual(['step']);
  });

  it('never throws for bytes under right checksums, whatever they are', () => {
    const run = new RunReading();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const item of new EventFileReader().push(record(bytes))) {
          if (item.kind === 'event') run.read(item.event, true);
        }
      }),
    );
  });

  it('never throws for a mutated event of images', () => {
    const value = { tag: 'a', metadata: imageMetadata(), tensor: strings('4', '4', 'image') };
    const event = eventFile({ wallTime: 5, step: 7, summary: { value: [value] } });
    const data = event.subarray(12, event.length - 4);
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (position, byte, cut) => {
        const mutated = Buffer.from(data.subarray(0, data.length - (cut % 4)));
        mutated[position % mutated.length] = byte;
        for (const item of new EventFileReader().push(record(mutated))) {
          if (item.kind === 'event') new RunReading().read(item.event, true);
        }
      }),
    );
  });

  it('goes on in the middle of a file and after a record above the limit', () => {
    const file = eventFile({ step: 1 }, { step: 2, fileVersion: 'x'.repeat(500) }, { step: 3 });
    const first = eventFile({ step: 1 }).length;
    const reader = new EventFileReader(first, 200);
    const items = inPieces(file.subarray(first), [64]).flatMap((piece) => [...reader.push(piece)]);
    expect(items.map(({ kind }) => kind)).toEqual(['too-long', 'event']);
    expect(reader.offset).toBe(file.length);
    expect(reader.awaitedEnd).toBeUndefined();
  });
});
