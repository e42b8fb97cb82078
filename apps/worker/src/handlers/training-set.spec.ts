import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { embeddingContracts, trainingImageContracts, trainModel, type Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { VariantOptions } from '@pentaprism/imaging';
import { toVectorText } from '@pentaprism/heads';
import { setImmediate as turn } from 'node:timers/promises';
import type { Embedder } from '../inference/embedder.js';
import type { UploadsFirst } from './uploads-first.js';
import { Embeddings } from '../inference/embeddings.js';
import { TrainingSets } from './training-set.js';

const id = (digit: number) => `${digit}`.repeat(24);
const hash = (n: number) => `${n}`.repeat(64);
const TAGS = [1, 2].map((digit) => ({ id: id(digit), name: `${digit}` }));
/** As a job of an earlier version has it. */
const EARLIER = {
  workspace: 'w',
  projectId: id(7),
  iterationId: id(8),
  classificationType: 'multiclass',
  tags: TAGS,
  seed: 5,
};
const RECIPE = {
  transformationProbability: 0.5,
  numberOfNewImages: 2,
  transformations: [{ name: 'rotation' }, { name: 'blur', enabled: false }],
};
const plain = trainModel.payload.parse(EARLIER);
const augmented = trainModel.payload.parse({ ...EARLIER, augmentation: RECIPE });

/** Four images, of tags in turn; the first number of an original's embedding is its image. */
const IMAGES = [1, 2, 3, 4].map((n) => ({ id: id(n), original: { sha256: hash(n) }, tags: [TAGS[n % 2]] }));

interface Asked {
  readonly sha256: string;
  readonly options: VariantOptions;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

let asked: Asked[];
let recorded: number;
let progress: number[];
let controller: AbortController;

function collect(payload: typeof plain) {
  const answers = new Map<Rpc, () => object>([
    [trainingImageContracts.list, () => ({ images: IMAGES, end: true })],
    [
      embeddingContracts.getMany,
      () => ({
        embeddings: [1, 2, 3, 4].map((n) => ({ sha256: hash(n), vector: toVectorText(Float32Array.of(n, 0)) })),
      }),
    ],
    [embeddingContracts.record, () => ({ recorded: ++recorded })],
  ]);
  const bus = { call: async (rpc: Rpc) => answers.get(rpc)?.() } as unknown as Bus;
  // Of what is made of image n with a seed that ends with /i, the embedding is [n, i + 1].
  const embedAugmented = ({ sha256 }: { sha256: string }, options: VariantOptions) =>
    new Promise<Float32Array[]>((resolve, reject) => {
      const end = () => resolve(options.seeds.map((seed) => Float32Array.of(+sha256.slice(-1), +seed.slice(-1) + 1)));
      asked.push({ sha256, options, end, fail: reject });
    });
  const embedder = { backboneId: async () => 'b', embedAugmented } as unknown as Embedder;
  const uploads = { wait: async () => undefined } as unknown as UploadsFirst;
  const running = new TrainingSets(bus, new Embeddings(bus, embedder, uploads)).collect(payload, {
    signal: controller.signal,
    onProgress: (share) => progress.push(share),
  });
  // What it rejects with is looked at in the end.
  running.catch(() => undefined);
  return running;
}

beforeEach(() => {
  [asked, recorded, progress, controller] = [[], 0, [], new AbortController()];
});

describe('a training set', () => {
  it('has nothing but the originals for a job of an earlier version', async () => {
    const set = await collect(plain);
    expect(set).toMatchObject({ ids: [1, 2, 3, 4].map(id), embeddingSize: 2, augmented: undefined });
    expect([...set.embeddings]).toEqual([1, 0, 2, 0, 3, 0, 4, 0]);
    expect([...set.labels]).toEqual([0, 1, 1, 0, 0, 1, 1, 0]);
    expect(progress).toEqual([1]);
    expect(asked).toEqual([]);
  });

  it('has new rows of each original in its order, whichever is made first, by seeds of its own', async () => {
    const running = collect(augmented);
    await turn();
    for (const at of [1, 0, 2, 3]) {
      asked[at]?.end();
      await turn();
    }
    const set = await running;
    expect([...(set.augmented?.embeddings ?? [])]).toEqual([1, 1, 1, 2, 2, 1, 2, 2, 3, 1, 3, 2, 4, 1, 4, 2]);
    expect([...(set.augmented?.sources ?? [])]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(set.embeddings).toHaveLength(8);
    expect(asked[0]?.options).toEqual({
      transformations: [{ name: 'rotation', params: { max_rotation_degrees: 30 } }],
      probability: 0.5,
      seeds: [`5/${hash(1)}/0`, `5/${hash(1)}/1`],
    });
    // A third for the originals, which were known already.
    expect(progress.map((share) => Math.round(share * 12))).toEqual([4, 6, 8, 10, 12]);
    expect(recorded).toBe(0);
  });

  it('is made of two pictures at a time', async () => {
    const running = collect(augmented);
    await turn();
    expect(asked).toHaveLength(2);
    asked[0]?.end();
    await turn();
    expect(asked).toHaveLength(3);
    for (let at = 1; at < 4; at++) {
      asked[at]?.end();
      await turn();
    }
    await running;
  });

  it('does without what cannot be made', async () => {
    const running = collect(augmented);
    await turn();
    asked[0]?.fail(new DomainError('UNDECODABLE_IMAGE', 'It takes too long.'));
    for (let at = 1; at < 4; at++) {
      asked[at]?.end();
      await turn();
    }
    const { ids, augmented: made } = await running;
    expect(ids).toHaveLength(4);
    expect([...(made?.sources ?? [])]).toEqual([1, 1, 2, 2, 3, 3]);
    expect([...(made?.embeddings ?? [])]).toEqual([2, 1, 2, 2, 3, 1, 3, 2, 4, 1, 4, 2]);
  });

  it('begins nothing new after an abort', async () => {
    const running = collect(augmented);
    await turn();
    controller.abort(new Error('over'));
    for (const { end } of asked) end();
    await expect(running).rejects.toThrow('over');
    expect(asked).toHaveLength(2);
  });

  it('begins nothing new after a failure', async () => {
    const running = collect(augmented);
    await turn();
    asked[0]?.fail(new Error('lost'));
    await expect(running).rejects.toThrow('lost');
    asked[1]?.end();
    await turn();
    expect(asked).toHaveLength(2);
  });
});
