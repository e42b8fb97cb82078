import { hash } from 'node:crypto';

/** Characters from which on a value is hashed outside of JavaScript. */
const LONG = 64;

/** Counts different values, exactly up to `bound`. From there on, it returns `bound`. */
export class UniqueCounter {
  private readonly hashes = new Set<number>();

  constructor(private readonly bound: number) {}

  get count(): number {
    return this.hashes.size;
  }

  add(value: string): void {
    if (this.hashes.size < this.bound) this.hashes.add(value.length > LONG ? longHash(value) : shortHash(value));
  }
}

function longHash(value: string): number {
  return Number.parseInt(hash('sha1', value).slice(0, 12), 16);
}

/** Returns 53 bits of the value: two FNV-like hashes, mixed as MurmurHash3 does. */
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
  return (mixedLow & 0x1fffff) * 2 ** 32 + (mixedHigh >>> 0);
}

function mix(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
