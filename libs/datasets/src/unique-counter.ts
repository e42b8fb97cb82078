import { hash } from 'node:crypto';

/** Characters from which on a value is hashed outside of JavaScript. */
const LONG = 64;

const FIRST_CAPACITY = 64;

/** Counts different values, exactly up to `bound`. From there on, it returns `bound`. */
export class UniqueCounter {
  private size = 0;
  /** Hashes at the place that their lower bits name, or in the next free one. A set of JavaScript takes three times the memory. */
  private slots = new Float64Array(FIRST_CAPACITY);

  constructor(private readonly bound: number) {}

  get count(): number {
    return this.size;
  }

  add(value: string): void {
    if (this.size >= this.bound) return;
    // A free slot is 0.
    const hash = 1 + (value.length > LONG ? longHash(value) : shortHash(value));
    if (!insert(this.slots, hash)) return;
    this.size += 1;
    if (2 * this.size > this.slots.length) this.grow();
  }

  private grow(): void {
    const larger = new Float64Array(2 * this.slots.length);
    for (const hash of this.slots) if (hash !== 0) insert(larger, hash);
    this.slots = larger;
  }
}

/** Returns false if the hash is in the slots. */
function insert(slots: Float64Array, hash: number): boolean {
  const mask = slots.length - 1;
  // `>>> 0` takes the lower 32 bits.
  for (let at = (hash >>> 0) & mask; ; at = (at + 1) & mask) {
    if (slots[at] === hash) return false;
    if (slots[at] !== 0) continue;
    slots[at] = hash;
    return true;
  }
}

function longHash(value: string): number {
  return Number.parseInt(hash('sha1', value).slice(0, 12), 16);
}

/** Returns 52 bits of the value: two FNV-like hashes, mixed as MurmurHash3 does. */
function shortHash(value: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  const mixedHigh = mix(high) ^ mix(low ^ 0x85ebca6b);
  const mixedLow = mix(low) ^ mix(high ^ 0xc2b2ae35);
  return (mixedLow & 0xfffff) * 2 ** 32 + (mixedHigh >>> 0);
}

function mix(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
