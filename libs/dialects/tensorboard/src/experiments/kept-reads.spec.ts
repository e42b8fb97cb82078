import { beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import type { Experiment, ExperimentSource } from './experiment-source.js';
import { KEPT_MS, KeptReads } from './kept-reads.js';

/** An experiment whose reads take until a test lets them end, if it wants that. */
class StandInExperiment implements Experiment {
  revision = 'r1';
  revisions = 0;
  reads = 0;
  /** Ends of reads that wait. */
  readonly waiting: (() => void)[] = [];
  waits = false;
  readonly source = {
    revision: async () => {
      this.revisions++;
      const { revision } = this;
      await this.#end();
      return revision;
    },
  } as ExperimentSource;

  constructor(readonly key = 'a') {}

  readonly read = async () => {
    this.reads++;
    const { revision } = this;
    await this.#end();
    return { revision, value: `value at ${revision}` };
  };

  async #end(): Promise<void> {
    if (this.waits) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  endAll(): void {
    for (const end of this.waiting.splice(0)) end();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

let now: number;
let reads: KeptReads;
let experiment: StandInExperiment;
beforeEach(() => {
  now = 5000;
  reads = new KeptReads({ now: () => now, maxBytes: 1000 });
  experiment = new StandInExperiment();
});

const get = (of = experiment, name = 'x', size = 10) => reads.get(of, { name, read: of.read, size: () => size });
const counts = () => [experiment.revisions, experiment.reads];

describe('KeptReads', () => {
  it('reads a revision once a second and a value once for each revision', async () => {
    for (let i = 0; i < 20; i++) expect(await get()).toBe('value at r1');
    expect(counts()).toEqual([1, 1]);
    now += KEPT_MS - 1;
    await get();
    expect(counts()).toEqual([1, 1]);
    now += 1;
    await get();
    expect(counts()).toEqual([2, 1]);
    experiment.revision = 'r2';
    expect(await get()).toBe('value at r1');
    now += KEPT_MS;
    expect(await get()).toBe('value at r2');
    expect(counts()).toEqual([3, 2]);
  });

  it('makes one call for requests at the same time', async () => {
    experiment.waits = true;
    const all = Promise.all(Array.from({ length: 16 }, () => get()));
    experiment.endAll();
    await turn();
    experiment.endAll();
    expect(new Set(await all)).toEqual(new Set(['value at r1']));
    expect(counts()).toEqual([1, 1]);
  });

  it('reads again at once after a signal', async () => {
    await get();
    experiment.revision = 'r2';
    reads.expire('b');
    expect(await get()).toBe('value at r1');
    reads.expire('a');
    expect(await get()).toBe('value at r2');
  });

  it('does not answer a request after a signal with a read that began before it', async () => {
    experiment.waits = true;
    const before = get();
    await turn();
    experiment.revision = 'r2';
    reads.expire('a');
    const after = get();
    await turn();
    expect(experiment.revisions).toBe(2);
    experiment.waits = false;
    experiment.endAll();
    await before;
    expect(await after).toBe('value at r2');
    expect(await get()).toBe('value at r2');
  });

  it('caches the revision that a value was read at', async () => {
    await get();
    experiment.revision = 'r2';
    expect(await get(experiment, 'y')).toBe('value at r2');
    expect(await get()).toBe('value at r2');
    expect(counts()).toEqual([1, 3]);
  });

  it('keeps no failure', async () => {
    const { read } = experiment;
    const failing = async () => Promise.reject(new DomainError('UNAVAILABLE', 'The bus is away.'));
    await expect(reads.get(experiment, { name: 'x', read: failing, size: () => 1 })).rejects.toThrow('away');
    expect(await get()).toBe('value at r1');
    experiment.source.revision = failing;
    now += KEPT_MS;
    await expect(get()).rejects.toThrow('away');
    experiment.source.revision = async () => 'r1';
    expect(await reads.get(experiment, { name: 'x', read, size: () => 1 })).toBe('value at r1');
  });

  it('keeps experiments apart', async () => {
    const other = new StandInExperiment('b');
    other.revision = 'r1 of another';
    expect([await get(), await get(other)]).toEqual(['value at r1', 'value at r1 of another']);
  });

  it('keeps no more than its bound, and drops the least recently used', async () => {
    for (let i = 0; i < 10; i++) await get(experiment, `value ${i}`, 300);
    expect(reads.heldBytes).toBe(900);
    expect(experiment.reads).toBe(10);
    await get(experiment, 'value 9', 300);
    expect(experiment.reads).toBe(10);
    await get(experiment, 'value 0', 300);
    expect(experiment.reads).toBe(11);
  });

  it('keeps one value of an experiment that is larger than its bound for a second', async () => {
    for (let i = 0; i < 3; i++) expect(await get(experiment, 'large', 1001)).toBe('value at r1');
    expect([reads.heldBytes, experiment.reads]).toEqual([0, 1]);
    await get(experiment, 'larger', 1002);
    await get(experiment, 'large', 1001);
    expect(experiment.reads).toBe(3);
    now += KEPT_MS + 1;
    await get(experiment, 'large', 1001);
    expect(experiment.reads).toBe(4);
  });

  it('has at most one read of a name running and one waiting, whatever the number of revisions', async () => {
    await get();
    experiment.source.revision = async () => experiment.revision;
    experiment.waits = true;
    const all = [];
    for (let i = 2; i < 10; i++) {
      experiment.revision = `r${i}`;
      reads.expire('a');
      all.push(get());
      await turn();
    }
    expect([experiment.reads, experiment.waiting.length]).toEqual([2, 1]);
    experiment.endAll();
    await turn();
    expect([experiment.reads, experiment.waiting.length]).toEqual([3, 1]);
    experiment.endAll();
    const [first, ...others] = await Promise.all(all);
    expect([first, new Set(others)]).toEqual(['value at r2', new Set(['value at r9'])]);
  });

  it('begins the waiting read after the running one has failed', async () => {
    await get();
    experiment.revision = 'r2';
    reads.expire('a');
    let fail: (error: Error) => void = () => undefined;
    const failing = () => new Promise<never>((_resolve, reject) => (fail = reject));
    const failed = reads.get(experiment, { name: 'x', read: failing, size: () => 1 }).catch(String);
    await turn();
    experiment.revision = 'r3';
    reads.expire('a');
    const next = get();
    await turn();
    fail(new Error('away'));
    expect([await failed, await next]).toEqual(['Error: away', 'value at r3']);
  });

  it('caches a revision despite signals of other experiments, and remembers no experiment without reads', async () => {
    experiment.waits = true;
    const first = get();
    await turn();
    reads.expire('b');
    expect(reads.activeExperiments).toBe(1);
    experiment.waits = false;
    experiment.endAll();
    await first;
    await get();
    expect([experiment.revisions, reads.activeExperiments]).toEqual([1, 0]);
  });
});
