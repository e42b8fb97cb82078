import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventFileReader } from './event-file.js';
import { eventFile, imageMetadata, inPieces, record, strings } from './event-file.fixture.js';
import { RunReading } from './run-reading.js';

const steps = [3n, -(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n];

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
