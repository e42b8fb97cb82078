import type { Bus } from '@pentaprism/bus';
import { sampleContracts, type Sample, type SampleSet } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';

/** Samples that are kept, some 300 bytes each. With more of them, the least recently used sets are dropped. */
export const KEPT_SAMPLES = 50_000;
/** Sets that are read at the same time for one request. */
const LANES = 8;

/** The samples of sets. A set changes only by losing samples, so one with as many samples is the same one. */
export class SampleSets {
  readonly #bus: Bus;
  readonly #kept = new LRUCache<string, readonly Sample[]>({ maxSize: KEPT_SAMPLES });

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Returns the samples of each set. A set that has been removed since it was listed has none. */
  async read(workspace: string, sets: readonly SampleSet[]): Promise<Map<string, readonly Sample[]>> {
    const found = new Map<string, readonly Sample[]>();
    const left = [...sets];
    const lane = async () => {
      for (let set = left.pop(); set; set = left.pop()) found.set(set.id, await this.#samplesOf(workspace, set));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    return found;
  }

  async #samplesOf(workspace: string, { id: samplesId, count }: SampleSet): Promise<readonly Sample[]> {
    const key = `${workspace} ${samplesId} ${count}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const { samples } = await this.#bus
      .call(sampleContracts.list, { samplesId }, { context: { workspace } })
      .catch(noneIfGone);
    this.#kept.set(key, samples, { size: samples.length + 1 });
    return samples;
  }
}

function noneIfGone(error: unknown): { samples: Sample[] } {
  if (DomainError.is(error, 'NOT_FOUND')) return { samples: [] };
  throw error;
}
