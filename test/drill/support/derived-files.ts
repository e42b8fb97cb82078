import type { Random } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { pick } from '../drill.js';
import { SampleJobs } from './sample-jobs.js';
import { settled } from './settled.js';
import { DAMAGES, filesOf, harm, isRight, type Damage } from './stored-files.js';

/** Milliseconds from the end of a scrub until what it has found is made again. */
const REMADE_WITHIN_MS = 60_000;

/** Files that the system has made of photos: pictures, which it can make again, and samples, which it cannot. */
export class DerivedFiles {
  private constructor(
    private readonly faulty: FaultyStack,
    private readonly pictures: readonly string[],
    private readonly samples: readonly string[],
  ) {}

  static async make(faulty: FaultyStack, random: Random): Promise<DerivedFiles> {
    const jobs = await SampleJobs.start(faulty, random);
    try {
      await jobs.submit();
      const left = await settled(faulty, { undecodable: true });
      if (left.length > 0) throw new Error(`not settled: ${left[0]}`);
      const [pictures, samples] = await Promise.all(
        ['thumbnails', 'samples'].map(async (area) => [...(await filesOf(faulty.blobs, area)).values()]),
      );
      return new DerivedFiles(faulty, pictures ?? [], samples ?? []);
    } finally {
      await jobs.stop();
    }
  }

  /** Damages all pictures and all samples, each in another way than the one before. */
  async harm(random: Random): Promise<{ damaged: number; missing: number }> {
    for (const files of [this.pictures, this.samples])
      for (const [i, file] of files.entries()) await harm(file, damageOf(i), pick(random, [0, 0.5, 0.999]));
    const missing = removedOf(this.pictures);
    return { damaged: this.pictures.length - missing + this.damagedSamples, missing };
  }

  get size(): number {
    return this.pictures.length + this.samples.length;
  }

  /** Pictures that are not right, once all of them are or the time is up. */
  async notRemade(): Promise<string[]> {
    const look = async () => {
      const right = await Promise.all(this.pictures.map(isRight));
      return this.pictures.filter((_, i) => !right[i]);
    };
    const allRight = async () => {
      if ((await look()).length > 0) throw new Error('some pictures are not right');
    };
    await eventually(allRight, { timeoutMs: REMADE_WITHIN_MS, everyMs: 500 }).catch(() => undefined);
    return look();
  }

  /** Samples without a file that augmentation has found and the metrics tell of. */
  async lostSamplesFound(): Promise<number> {
    const answer = await fetch(`${this.faulty.stack.url}/metrics`);
    const line = (await answer.text())
      .split('\n')
      .find((each) => each.startsWith('pentaprism_scrub_found{') && each.includes('app="augmentation"'));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  get lostSamples(): number {
    return removedOf(this.samples);
  }

  /** Samples that are damaged still: they cannot be made again. */
  get damagedSamples(): number {
    return this.samples.length - this.lostSamples;
  }
}

/** The first file is removed: there are only a few. */
function damageOf(index: number): Damage {
  return DAMAGES[(index + DAMAGES.length - 1) % DAMAGES.length] ?? 'removed';
}

function removedOf(files: readonly string[]): number {
  return files.filter((_, index) => damageOf(index) === 'removed').length;
}
