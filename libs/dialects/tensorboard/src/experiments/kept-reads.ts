import { LRUCache } from 'lru-cache';
import type { Experiment, ExperimentSource, Revised } from './experiment-source.js';
import { SharedReads } from './shared-reads.js';

/** Milliseconds for which a revision is cached where no signal ends it sooner. What is answered is never older. */
export const KEPT_MS = 1000;
/** Bytes of what was read and answered. With more of it, the least recently used is dropped. */
export const KEPT_BYTES = 64 * 1024 * 1024;
/** Values larger than `KEPT_BYTES` that are kept for `KEPT_MS`, one of an experiment, so that not every request reads them again. */
const KEPT_OVERSIZED = 4;
const KEPT_REVISIONS = 10_000;

interface Kept {
  readonly name: string;
  readonly revision: string;
  readonly value: NonNullable<unknown>;
}

interface Known {
  readonly revision: string;
  /** When the read began that found it. */
  readonly at: number;
}

/** A read that is under way. */
interface UnderWay {
  readonly at: number;
  /** Whether a signal has arrived since it began. What it finds may be older than that signal. */
  isOutdated: boolean;
}

export interface Read<T> {
  /** Identifies the read within the experiment. */
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
  /** By the experiment. */
  readonly #oversized: LRUCache<string, Kept>;
  readonly #known = new LRUCache<string, Known>({ max: KEPT_REVISIONS });
  readonly #revisions = new Map<string, Promise<string>>();
  readonly #reads = new SharedReads();
  /** By the experiment, which has none while nothing of it is read. */
  readonly #underWay = new Map<string, Set<UnderWay>>();
  readonly #maxBytes: number;
  readonly #now: () => number;

  constructor({ maxBytes = KEPT_BYTES, now = () => performance.now() } = {}) {
    this.#kept = new LRUCache({ maxSize: maxBytes });
    const lifetime = { ttl: KEPT_MS, ttlResolution: 0, ttlAutopurge: true, perf: { now } };
    this.#oversized = new LRUCache({ max: KEPT_OVERSIZED, ...lifetime });
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** Bytes that are kept, about, without values that are larger than the bound. */
  get heldBytes(): number {
    return this.#kept.calculatedSize;
  }

  /** Experiments of which something is being read. */
  get activeExperiments(): number {
    return this.#underWay.size;
  }

  /** Returns what `read` found at the present revision. */
  async get<T extends NonNullable<unknown>>({ key, source }: Experiment, read: Read<T>): Promise<T> {
    const revision = await this.#revision(key, source);
    const name = `${key} ${read.name}`;
    const find = (at: string) => this.#find(key, name, at) as T | undefined;
    return find(revision) ?? this.#reads.get(name, revision, { find, read: () => this.#read(key, name, read) });
  }

  /** Drops the cached revision of an experiment. Requests from now on wait for a read that begins later. */
  expire(key: string): void {
    for (const reading of this.#underWay.get(key) ?? []) reading.isOutdated = true;
    this.#known.delete(key);
    this.#revisions.delete(key);
  }

  #find(key: string, name: string, revision: string): NonNullable<unknown> | undefined {
    const all = [this.#kept.get(name), this.#oversized.get(key)];
    return all.find((kept) => kept?.name === name && kept.revision === revision)?.value;
  }

  async #revision(key: string, source: ExperimentSource): Promise<string> {
    const known = this.#known.get(key);
    if (known && this.#now() - known.at < KEPT_MS) return known.revision;
    const shared = this.#revisions.get(key);
    if (shared) return shared;
    const reading = this.#watched(key, async () => {
      const revision = await source.revision();
      return { revision, value: revision };
    }).finally(() => {
      if (this.#revisions.get(key) === reading) this.#revisions.delete(key);
    });
    this.#revisions.set(key, reading);
    return reading;
  }

  #read<T extends NonNullable<unknown>>(key: string, name: string, { read, size }: Read<T>): Promise<T> {
    return this.#watched(key, async () => {
      const { revision, value } = await read();
      const bytes = Math.max(1, Math.ceil(size(value)));
      if (bytes > this.#maxBytes) this.#oversized.set(key, { name, revision, value });
      this.#kept.set(name, { name, revision, value }, { size: bytes });
      return { revision, value };
    });
  }

  /** Reads, and caches the revision that was found unless a signal has arrived meanwhile. */
  async #watched<T>(key: string, read: () => Promise<Revised<T>>): Promise<T> {
    const underWay = this.#underWay.get(key) ?? new Set();
    const reading: UnderWay = { at: this.#now(), isOutdated: false };
    this.#underWay.set(key, underWay.add(reading));
    try {
      const { revision, value } = await read();
      if (!reading.isOutdated) this.#learn(key, { revision, at: reading.at });
      return value;
    } finally {
      underWay.delete(reading);
      if (underWay.size === 0) this.#underWay.delete(key);
    }
  }

  /** Several reads may be under way. The one that began last counts. */
  #learn(key: string, found: Known): void {
    const known = this.#known.get(key);
    if (!known || known.at <= found.at) this.#known.set(key, found);
  }
}
