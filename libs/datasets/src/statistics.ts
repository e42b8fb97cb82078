import { createRandom } from '@pentaprism/domain';
import type { NumericStatistics } from './dataset.js';

const FIRST_CAPACITY = 256;
const SEED = 'median';

/**
 * Collects statistics of the numbers of a column. All are exact but the median of more than `bound` numbers, which is
 * that of a random sample of `bound` ones, drawn with a fixed seed.
 */
export class NumberStatistics {
  private count = 0;
  private min = Infinity;
  private max = -Infinity;
  private mean = 0;
  /** Sum of squared differences from the mean, by Welford's method. */
  private squares = 0;
  private sample = new Float64Array(0);
  private readonly random = createRandom(SEED);

  constructor(private readonly bound: number) {}

  add(value: number): void {
    this.count += 1;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    const difference = value - this.mean;
    this.mean += difference / this.count;
    this.squares += difference * (value - this.mean);
    this.keep(value);
  }

  result(): NumericStatistics | null {
    if (this.count === 0) return null;
    const { min, max } = this;
    const deviation = this.count < 2 ? 0 : Math.sqrt(this.squares / (this.count - 1));
    return {
      min,
      max,
      mean: finite(this.mean),
      median: finite(this.median()),
      standardDeviation: finite(deviation),
    };
  }

  /** Reservoir sampling: each number has the same chance to be in the sample. */
  private keep(value: number): void {
    if (this.count <= this.bound) {
      if (this.sample.length < this.count) this.grow();
      this.sample[this.count - 1] = value;
      return;
    }
    const place = Math.floor(this.random() * this.count);
    if (place < this.bound) this.sample[place] = value;
  }

  private grow(): void {
    const larger = new Float64Array(Math.min(this.bound, Math.max(FIRST_CAPACITY, 2 * this.sample.length)));
    larger.set(this.sample);
    this.sample = larger;
  }

  private median(): number {
    const sorted = this.sample.slice(0, Math.min(this.count, this.bound)).sort();
    const middle = sorted.length >> 1;
    const upper = sorted[middle] ?? 0;
    return sorted.length % 2 === 1 ? upper : upper / 2 + (sorted[middle - 1] ?? 0) / 2;
  }
}

/** Numbers near the largest one overflow where they are added. JSON has no infinite numbers. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Math.sign(value || 0) * Number.MAX_VALUE;
}
