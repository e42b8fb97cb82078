import type { Random } from '@pentaprism/domain';
import { pick, wholeWithin } from '../drill.js';
import { flipped, noise } from './malformed-pieces.js';

/** The most bytes that one change takes away, adds or repeats. */
const LONGEST = 200;

type Change = (random: Random, bytes: Buffer) => Buffer;

const place = (random: Random, bytes: Buffer) => wholeWithin(random, 0, bytes.length);

const CHANGES: readonly Change[] = [
  // Cut off, and cut out.
  (random, bytes) => bytes.subarray(0, place(random, bytes)),
  (random, bytes) => {
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + wholeWithin(random, 1, LONGEST))]);
  },
  (random, bytes) => (bytes.length === 0 ? bytes : flipped(random, bytes, wholeWithin(random, 1, 8))),
  (random, bytes) => {
    if (bytes.length === 0) return bytes;
    const [copy, at] = [Buffer.from(bytes), wholeWithin(random, 0, bytes.length - 1)];
    copy[at] = (copy[at] ?? 0) ^ (1 << wholeWithin(random, 0, 7));
    return copy;
  },
  (random, bytes) => {
    const at = place(random, bytes);
    return Buffer.concat([bytes.subarray(0, at), noise(random, wholeWithin(random, 1, LONGEST)), bytes.subarray(at)]);
  },
  (random, bytes) => {
    const at = place(random, bytes);
    const piece = bytes.subarray(at, at + wholeWithin(random, 1, LONGEST));
    const again = Array<Buffer>(wholeWithin(random, 1, 20)).fill(piece);
    return Buffer.concat([bytes.subarray(0, at), ...again, bytes.subarray(at)]);
  },
];

/** The same bytes after one to three accidents. */
export function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let left = wholeWithin(random, 1, 3); left > 0; left--) result = pick(random, CHANGES)(random, result);
  return result;
}
