import { beforeAll, describe, expect, it } from '@jest/globals';
import { encodeHead, type Head, HEAD_KINDS, predict } from '@pentaprism/heads';
import type { HeadTrainer, TrainingData } from './head-trainer.js';

/** Data for the suite, made by a fixture of this library's tests. */
export interface TrainingFixtures {
  clusters(options: {
    readonly seed?: string;
    readonly kind?: TrainingData['kind'];
    readonly counts: readonly number[];
    readonly noise?: number;
  }): TrainingData;
  accuracy(data: TrainingData, probabilities: Float32Array): number;
}

function probabilitiesOf(head: Head, { embeddings, embeddingSize, labels, tags }: TrainingData): Float32Array {
  const probabilities = new Float32Array(labels.length);
  for (let example = 0; example < labels.length / tags; example++) {
    const embedding = embeddings.subarray(example * embeddingSize, (example + 1) * embeddingSize);
    probabilities.set(predict(head, embedding), example * tags);
  }
  return probabilities;
}

/** What every `HeadTrainer` has to do. */
export function headTrainerConformance(trainer: HeadTrainer, { clusters, accuracy }: TrainingFixtures): void {
  describe.each(HEAD_KINDS)('%s', (kind) => {
    const data = clusters({ kind, counts: [30, 30, 30] });
    let head: Head;
    beforeAll(async () => {
      head = await trainer.train({ ...data, seed: 'a' });
    });

    it('learns what generalises', () => {
      expect(head).toMatchObject({ kind });
      expect([head.weights.length, head.bias.length]).toEqual([32 * 3, 3]);
      const unseen = clusters({ seed: 'unseen', kind, counts: [40, 40, 40] });
      expect(accuracy(unseen, probabilitiesOf(head, unseen))).toBeGreaterThanOrEqual(0.9);
    });

    it('gives the same bytes for the same seed, and others for another', async () => {
      const again = await trainer.train({ ...data, seed: 'a' });
      expect(Buffer.compare(encodeHead(again), encodeHead(head))).toBe(0);
      const other = await trainer.train({ ...data, seed: 'b' });
      expect(Buffer.compare(encodeHead(other), encodeHead(head))).not.toBe(0);
    });

    it('does not forget a rare tag', async () => {
      const uneven = clusters({ kind, counts: [150, 150, 5] });
      const unseen = clusters({ seed: 'unseen', kind, counts: [0, 0, 60] });
      const probabilities = probabilitiesOf(await trainer.train({ ...uneven, seed: 'a' }), unseen);
      const found = Array.from({ length: 60 }, (_, i) => probabilities[i * 3 + 2] as number).filter((p) => p >= 0.5);
      expect(found.length).toBeGreaterThanOrEqual(50);
    });

    it.each([[[1, 1]], [[2, 1, 1]], [[600, 20]], [[19, 1]]])('trains with %j examples of the tags', async (counts) => {
      const few = clusters({ kind, counts, noise: 0.05 });
      const probabilities = probabilitiesOf(await trainer.train({ ...few, seed: 'a' }), few);
      expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true);
      if (kind === 'multiclass') expect(accuracy(few, probabilities)).toBe(1);
    });

    it('takes weights of tags', async () => {
      const mixed = clusters({ kind, counts: [40, 40], noise: 2 });
      const share = async (classWeights: Float32Array) => {
        const probabilities = probabilitiesOf(await trainer.train({ ...mixed, seed: 'a', classWeights }), mixed);
        return probabilities.reduce((sum, p, i) => sum + (i % 2 === 0 ? p : 0), 0) / 80;
      };
      expect(await share(Float32Array.of(10, 0.1))).toBeGreaterThan((await share(Float32Array.of(0.1, 10))) + 0.1);
    });
  });

  it('copes with a tag that no example has, and one that every example has', async () => {
    const { embeddings, embeddingSize } = clusters({ counts: [20, 20] });
    const labels = Uint8Array.from(Array.from({ length: 40 }, (_, i) => [Number(i < 20), 0, 1]).flat());
    const data = { kind: 'multilabel' as const, embeddings, embeddingSize, labels, tags: 3 };
    const probabilities = probabilitiesOf(await trainer.train({ ...data, seed: 'a' }), data);
    expect(accuracy(data, probabilities)).toBe(1);
  });

  it('reports progress that never falls and ends with 1, while other work goes on', async () => {
    const data = clusters({ counts: [300, 300, 300], noise: 1 });
    const shares: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await trainer.train({ ...data, seed: 'a', onProgress: (share) => shares.push(share) });
    clearInterval(timer);
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
    expect(shares.at(-1)).toBe(1);
    expect(shares[0]).toBeGreaterThan(0);
    // How many depends on the speed of the machine; a training that held the thread would leave none.
    expect(turns).toBeGreaterThan(0);
  });

  it('stops when it is aborted, and goes on with the next', async () => {
    const data = clusters({ counts: [300, 300, 300], noise: 1 });
    const reason = new Error('enough');
    const before = AbortSignal.abort(reason);
    await expect(trainer.train({ ...data, seed: 'a', signal: before })).rejects.toBe(reason);
    const controller = new AbortController();
    let last = 0;
    const running = trainer.train({
      ...data,
      seed: 'a',
      signal: controller.signal,
      onProgress: (share) => {
        last = share;
        controller.abort(reason);
      },
    });
    const next = trainer.train({ ...clusters({ counts: [5, 5] }), seed: 'a' });
    await expect(running).rejects.toBe(reason);
    expect(last).toBeLessThan(1);
    expect((await next).bias).toHaveLength(2);
  });

  it.each([
    ['labels', { labels: new Uint8Array(5) }, 'no whole number of rows'],
    ['no labels', { labels: new Uint8Array(0), embeddings: new Float32Array(0) }, 'no whole number of rows'],
    ['embeddings', { embeddings: new Float32Array(31) }, '4 embeddings of 32 numbers'],
    ['a label', { labels: Uint8Array.of(2, 0, 1, 0, 0, 1, 0, 1) }, 'A label is 0 or 1, not 2.'],
    ['two tags', { labels: Uint8Array.of(1, 1, 1, 0, 0, 1, 0, 1) }, 'Example 0 has 2 tags, not one.'],
    ['weights', { classWeights: new Float32Array(3) }, '2 tags have 3 weights'],
  ])('refuses %s that cannot be', async (_what, wrong, message) => {
    const request = { ...clusters({ counts: [2, 2] }), seed: 'a', ...wrong };
    await expect(trainer.train(request)).rejects.toThrow(message);
  });
}
