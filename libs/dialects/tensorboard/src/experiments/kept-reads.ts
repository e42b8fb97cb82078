import { LRUCache } from 'lru-cache';
import type { Experiment, ExperimentSource, Revised } from './experiment-source.js';

/**
 * Milliseconds for which a revision is believed where no signal ends it sooner. What is answered is never older.
 */
export const KEPT_MS = 1000;
/** Bytes of what was read and answered. With more of it, what was not asked for the longest is dropped. */
export const KEPT_BYTES = 64 * 1024 * 1024;
const KEPT_REVISIONS = 10_000;

interface Kept {
  readonly revision: string;
  readonly value: NonNullable<unknown>;
}

interface Known {
  readonly revision: string;
  /** When the read began that found it. */
  readonly at: number;
}

export interface Read<T> {
  /** Tells what is read from all other reads of the experiment. */
  readonly name: string;
  read(): Promise<Revised<T>>;
  /** Bytes that the value takes, about. */
  size(value: T): number;
}

/**
 * Reads of experiments that are kept while the revision of the experiment stays the same. The revision is read once a
 * second, and again after a signal, whatever the number of requests. So is everything else once for each revision.
 */
export class KeptReads {
  readonly #kept: LRUCache<string, Kept>;
  readonly #known = new LRUCache<string, Known>({ max: KEPT_REVISIONS });
  /** Reads that are under way. */
  readonly #revisions = new Map<string, Promise<string>>();
  readonly #reads = new Map<string, Promise<NonNullable<unknown>>>();
  readonly #now: () => number;
  /** Signals heard. What a read has found that was under way when one came may be older than it. */
  #signals = 0;

  constructor({ maxBytes = KEPT_BYTES, now = () => performance.now() } = {}) {
    this.#kept = new LRUCache({ maxSize: maxBytes });
    this.#now = now;
  }

  /** Bytes that are kept, about. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  /** Returns what `read` found at the present revision. */
  async get<T extends NonNullable<unknown>>({ key, source }: Experiment, read: Read<T>): Promise<T> {
    const revision = await this.#revision(key, source);
    const name = `${key} ${read.name}`;
    const kept = this.#kept.get(name);
    if (kept?.revision === revision) return kept.value as T;
    // A read that began at this revision finds this one or a later one.
    const reading = `${revision} ${name}`;
    let value = this.#reads.get(reading) as Promise<T> | undefined;
    if (!value) {
      value = this.#read(key, name, read).finally(() => this.#reads.delete(reading));
      this.#reads.set(reading, value);
    }
    return value;
  }

  /** Ends what is believed of an experiment. Requests from now on wait for a read that begins later. */
  expire(key: string): void {
    this.#signals++;
    this.#known.delete(key);
    this.#revisions.delete(key);
  }

  async #revision(key: string, source: ExperimentSource): Promise<string> {
    const known = this.#known.get(key);
    if (known && this.#now() - known.at < KEPT_MS) return known.revision;
    const underWay = this.#revisions.get(key);
    if (underWay) return underWay;
    const [at, signals] = [this.#now(), this.#signals];
    const reading = source.revision().finally(() => {
      if (this.#revisions.get(key) === reading) this.#revisions.delete(key);
    });
    this.#revisions.set(key, reading);
    const revision = await reading;
    if (this.#signals === signals) this.#learn(key, { revision, at });
    return revision;
  }

  async #read<T extends NonNullable<unknown>>(key: string, name: string, { read, size }: Read<T>): Promise<T> {
    const [at, signals] = [this.#now(), this.#signals];
    const { revision, value } = await read();
    this.#kept.set(name, { revision, value }, { size: Math.max(1, Math.ceil(size(value))) });
    if (this.#signals === signals) this.#learn(key, { revision, at });
    return value;
  }

  /** Several reads may be under way. The one that began last counts. */
  #learn(key: string, found: Known): void {
    const known = this.#known.get(key);
    if (!known || known.at <= found.at) this.#known.set(key, found);
  }
}
