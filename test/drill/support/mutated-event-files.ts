import type { Random } from '@pentaprism/domain';
import { eventFile, eventRecord, type EventFields } from '@pentaprism/testing';
import { pick, wholeWithin } from '../drill.js';
import { mutated } from './mutations.js';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452000000100000000800000000', 'hex');
const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;

/** Names of files and tags that mean something to what they pass through. */
const ODD_NAMES = ['__proto__', 'constructor', '$where', 'a.b.$c', '../../x', 'a\nb', 'a\u0000b', '"\\', ' ', '標'];

export interface MutatedFile {
  readonly kind: string;
  readonly bytes: Buffer;
}

type Mutation = (random: Random) => Buffer;

/** Event files after accidents, most of them under right checksums, so that what reads records sees them. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'bytes of a file': (random) => mutated(random, Buffer.concat(recordsOf(random))),
  'bytes of events': (random) => {
    const records = recordsOf(random);
    const victim = wholeWithin(random, 0, records.length - 1);
    return Buffer.concat(records.map((each, i) => (i === victim ? eventRecord(mutated(random, dataOf(each))) : each)));
  },
  'bytes of all events': (random) =>
    Buffer.concat(recordsOf(random).map((each) => eventRecord(mutated(random, dataOf(each))))),
  'lengths of records': (random) => {
    const records = recordsOf(random);
    const at = wholeWithin(random, 0, records.length);
    const length = pick(random, [0n, 1n, 2n ** 20n, 2n ** 31n, 2n ** 40n, 2n ** 63n, 2n ** 64n - 1n]);
    return Buffer.concat([...records.slice(0, at), claim(length), ...records.slice(at)]);
  },
  'order of records': (random) => {
    const records = recordsOf(random);
    return Buffer.concat(Array.from({ length: records.length * 2 }, () => pick(random, records)));
  },
  'values of fields': (random) => eventFile(...Array.from({ length: 12 }, () => oddEvent(random))),
};

export function mutatedEventFile(random: Random): MutatedFile {
  const [kind, mutation] = pick(random, Object.entries(MUTATIONS));
  return { kind, bytes: mutation(random) };
}

/** Returns a file without accidents. */
export function wholeEventFile(random: Random): Buffer {
  return Buffer.concat(recordsOf(random));
}

function recordsOf(random: Random): Buffer[] {
  const events = Array.from({ length: wholeWithin(random, 2, 14) }, (_, i) => ({
    wallTime: 1_700_000_000 + i,
    step: i,
    values: [
      { tag: 'one', images: [picture(random), picture(random)], ...(i === 0 ? { plugin: 'images' } : {}) },
      { tag: 'old', image: picture(random) },
    ],
  }));
  return [{ fileVersion: 'brain.Event:2' }, ...events].map((event) => eventFile(event));
}

function oddEvent(random: Random): EventFields {
  const tag = pick(random, ODD_NAMES);
  const plugin = pick(random, ['images', 'scalars', 'images']);
  const images = Array.from({ length: wholeWithin(random, 0, 4) }, () =>
    pick(random, [Buffer.alloc(0), picture(random)]),
  );
  return {
    wallTime: pick(random, [NaN, Infinity, -Infinity, -0, 5e-324, 1.7e308, 1_700_000_000]),
    step: pick(random, [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, BigInt(wholeWithin(random, 0, 20))]),
    isStart: wholeWithin(random, 1, 4) === 1,
    ...(wholeWithin(random, 1, 6) === 1
      ? { fileVersion: pick(random, ['brain.Event:1', 'x', '', 'brain.Event:2']) }
      : {}),
    values: [{ tag, images, plugin, displayName: pick(random, ODD_NAMES), description: '<script>*'.repeat(3) }],
  };
}

function picture(random: Random): Buffer {
  return Buffer.concat([PNG, Buffer.from(random().toString())]);
}

function dataOf(record: Buffer): Buffer {
  return record.subarray(HEADER_BYTES, record.length - FOOTER_BYTES);
}

/** Returns the beginning of a record that claims a length, under a right checksum. */
function claim(bytes: bigint): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(bytes);
  // A record is a length, its checksum, the data, and their checksum.
  return Buffer.concat([length, eventRecord(length).subarray(-FOOTER_BYTES)]);
}
