import { randomUUID } from 'node:crypto';

/** Milliseconds by which wall clock and monotonic clock may part before a sender begins a new series of stamps. */
const JUMP_MS = 500;
/** Milliseconds for which the fastest message counts; monotonic clocks drift by about 0.5 ms/s at most. */
const WINDOW_MS = 60_000;
/** Senders that a receiver tracks; a process that sends has one series at a time. */
const MAX_SENDERS = 1000;

export interface Clocks {
  /** Milliseconds on the wall clock. */
  readonly wall: () => number;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number;
}

const CLOCKS: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/**
 * Stamps messages with the sender's monotonic clock. A machine that sleeps stops that clock. The stamps before and after
 * the sleep are then in different series, which are never compared.
 *
 * A paused virtual machine stops both clocks, which the sender cannot detect. `renew` begins a new series when a receiver
 * has dropped a message that was in time.
 */
export class Stamps {
  readonly #sender = randomUUID();
  #series = 0;
  #difference: number;

  constructor(private readonly clocks: Clocks = CLOCKS) {
    this.#difference = clocks.wall() - clocks.monotonic();
  }

  next(): string {
    const monotonic = this.clocks.monotonic();
    const difference = this.clocks.wall() - monotonic;
    if (Math.abs(difference - this.#difference) > JUMP_MS) this.#series += 1;
    this.#difference = difference;
    return `${this.#name} ${Math.round(monotonic)}`;
  }

  /** Begins a new series, unless this has happened since the stamp was made. */
  renew(stamp: string): void {
    if (stamp.startsWith(`${this.#name} `)) this.#series += 1;
  }

  get #name(): string {
    return `${this.#sender}.${this.#series}`;
  }
}

interface Series {
  /** Least difference of the clocks in this window and in the one before. */
  least: number;
  before: number;
  since: number;
}

/**
 * Measures how long messages were under way without comparing wall clocks. The fastest recent message of a series counts
 * as the one that took no time.
 */
export class TransitTimes {
  readonly #series = new Map<string, Series>();

  constructor(private readonly monotonic: () => number = CLOCKS.monotonic) {}

  /** Returns the milliseconds that a message took longer than the fastest of its series; 0 for an unknown stamp. */
  of(stamp: string | undefined): number {
    const [name = '', sent = ''] = (stamp ?? '').split(' ');
    if (!/^\d+$/.test(sent)) return 0;
    const now = this.monotonic();
    const difference = now - Number(sent);
    const known = this.#series.get(name) ?? { least: difference, before: difference, since: now };
    // The series seen last is at the end, and the first one is dropped when there are too many.
    this.#series.delete(name);
    this.#series.set(name, known);
    if (this.#series.size > MAX_SENDERS) this.#series.delete(this.#series.keys().next().value as string);
    const fastest = Math.min(known.least, known.before, difference);
    if (now - known.since > WINDOW_MS) Object.assign(known, { before: known.least, least: difference, since: now });
    else known.least = Math.min(known.least, difference);
    return difference - fastest;
  }
}
