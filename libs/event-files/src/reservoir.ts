import { SharedOutputs } from './mersenne-twister.js';

/** How many events of a tag are kept. 0 keeps all. */
export const DEFAULT_SAMPLES = 10;

/** What sampling a tag has to remember beside the events that it keeps. */
export interface SamplingState {
  /** Events offered so far, corrected at restarts. */
  seen: number;
  /** Outputs of the generator used so far. */
  drawn: number;
}

/** All tags draw from the same sequence, since TensorBoard seeds the generator of each with 0. */
const outputs = new SharedOutputs();

/**
 * A sample of the events of one tag in which each has the same chance and the newest is always kept.
 *
 * Keeps the same events as TensorBoard's Python loader (`reservoir.py` of 2.21), so that both show the same steps.
 */
export class Reservoir<T> {
  #items: T[];
  #seen: number;
  #drawn: number;

  /** @param size how many are kept, or 0 for all */
  constructor(
    private readonly size: number,
    items: readonly T[] = [],
    { seen, drawn }: SamplingState = { seen: 0, drawn: 0 },
  ) {
    this.#items = [...items];
    this.#seen = seen;
    this.#drawn = drawn;
  }

  /** The events that are kept, in the order in which they came. */
  get items(): readonly T[] {
    return this.#items;
  }

  get state(): SamplingState {
    return { seen: this.#seen, drawn: this.#drawn };
  }

  /** Offers an event. If the sample is full, it takes the place of another one, which is returned. */
  add(item: T): T | undefined {
    const isFull = this.size > 0 && this.#items.length >= this.size;
    const [replaced] = isFull ? this.#items.splice(Math.min(this.#draw(this.#seen + 1), this.size - 1), 1) : [];
    this.#items.push(item);
    this.#seen++;
    return replaced;
  }

  /** Removes events after a restart. The count of those seen shrinks by the same part. */
  keep(remains: (item: T) => boolean): void {
    const before = this.#items.length;
    this.#items = this.#items.filter(remains);
    this.#seen = before === 0 ? 0 : roundHalfToEven(this.#seen * (this.#items.length / before));
  }

  /** Returns a whole number from 0 up to, and without, `count`: Python's `randrange`. */
  #draw(count: number): number {
    const bits = 32 - Math.clz32(count);
    for (;;) {
      const value = outputs.at(this.#drawn++) >>> (32 - bits);
      if (value < count) return value;
    }
  }
}

function roundHalfToEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}
