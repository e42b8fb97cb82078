import { describe, expect, it } from '@jest/globals';
import type { DatasetColumn } from '@pentaprism/contracts';
import { HOLD_OUT, NO_TARGET } from '@pentaprism/modeling';
import type { BeforeGivingWay } from '../datasets/turn.js';
import type { Embedder } from '../inference/embedder.js';
import type { AugmentationRequest, Embeddings } from '../inference/embeddings.js';
import type { JobParts } from '../job-parts.js';
import type { TargetValues } from '../targets/target-values.js';
import { FeatureMatrices } from './feature-matrices.js';
import { PredictorValues } from './predictor-values.js';
import type { RowsOfProject } from './project-rows.js';

const VECTORS: Readonly<Record<string, number[]>> = { a: [1, 0], b: [0, 1] };
const options = { signal: new AbortController().signal, onProgress: () => undefined };

let asked: AugmentationRequest[] = [];
/** The contents whose embeddings were wanted. */
let order: string[] = [];

/** Knows the embeddings of `a` and `b`. The i-th new image of one has the embedding [i + 2, i + 2]. */
function matrices(): FeatureMatrices {
  asked = [];
  const embeddings = {
    forEach: (_workspace: string, hashes: Iterable<string>, _options: object, use: (...args: unknown[]) => void) => {
      order = [...hashes];
      for (const sha256 of new Set(order)) if (VECTORS[sha256]) use(sha256, Float32Array.from(VECTORS[sha256]));
      return Promise.resolve();
    },
    augmented: (request: AugmentationRequest) => {
      asked.push(request);
      const { hashes, recipe } = request;
      return Promise.resolve(
        hashes.map(() => Array.from({ length: recipe.numberOfNewImages }, (_, i) => Float32Array.of(i + 2, i + 2))),
      );
    },
  } as unknown as Embeddings;
  return new FeatureMatrices(
    { embeddingSize: async () => 2, backboneId: async () => 'net' } as unknown as Embedder,
    embeddings,
  );
}

/** Of a job that was never interrupted. */
const NO_PARTS = {
  begin: () => undefined,
  beforeGivingWay: () => undefined,
  letOthersGoFirst: () => Promise.resolve(),
  noted: () => undefined,
  readInto: () => Promise.resolve(false),
};

function rowsOf(contents: (string | undefined)[][], predictors: PredictorValues[] = []): RowsOfProject {
  return {
    rowCount: contents[0]?.length ?? 0,
    table: 'f'.repeat(64),
    values: {} as TargetValues,
    targets: { type: 'regression', classes: [], rows: new Float64Array(0) },
    imageColumns: contents.map((_, index) => ({ index, name: `image ${index}` })),
    contents,
    predictors,
  };
}

const recipe = { transformationProbability: 1, numberOfNewImages: 2, transformations: [] };

describe('the numbers that a candidate learns from', () => {
  it('has the embeddings of all image columns side by side, and zeros for an image that is missing or unreadable', async () => {
    const rows = rowsOf([
      ['a', 'b', undefined],
      ['b', 'unreadable', 'a'],
    ]);
    const { plan, features, augmented } = await matrices().build(
      { workspace: 'w', rows, partitions: Uint8Array.of(0, 1, 2), recipe: null },
      options,
    );
    expect([plan.imageWidth, plan.width]).toEqual([4, 4]);
    expect([...features]).toEqual([1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0]);
    expect(augmented).toBeUndefined();
  });

  it('plans other columns from training rows only', async () => {
    const sizes = new PredictorValues({ name: 'size' } as DatasetColumn, 'number', 4);
    ['1', '3', '1000', '2000'].forEach((cell, row) => sizes.set(row, cell));
    const { plan, features } = await matrices().build(
      {
        workspace: 'w',
        rows: rowsOf([['a', 'b', 'a', 'b']], [sizes]),
        partitions: Uint8Array.of(0, 1, HOLD_OUT, NO_TARGET),
        recipe: null,
      },
      options,
    );
    expect(plan.others).toEqual([{ kind: 'number', column: 'size', mean: 2, deviation: 1 }]);
    expect([...features.subarray(0, 2 * plan.width)]).toEqual([1, 0, -1, 0, 0, 1, 1, 0]);
  });

  it('adds rows that are made of training rows, with the other values of these', async () => {
    const sizes = new PredictorValues({ name: 'size' } as DatasetColumn, 'number', 3);
    ['1', '3', '5'].forEach((cell, row) => sizes.set(row, cell));
    const rows = rowsOf([['a', undefined, 'b']], [sizes]);
    const partitions = Uint8Array.of(0, 1, HOLD_OUT);
    const { augmented } = await matrices().build({ workspace: 'w', rows, partitions, recipe }, options);
    expect(asked.map(({ hashes }) => hashes)).toEqual([['a']]);
    expect([...(augmented?.sources ?? [])]).toEqual([0, 0]);
    expect([...(augmented?.features ?? [])]).toEqual([2, 2, -1, 0, 3, 3, -1, 0]);
  });

  it('refuses more rows and columns than memory holds', async () => {
    const rows = { ...rowsOf([['a']]), rowCount: 200_000_000 };
    const request = { workspace: 'w', rows, partitions: Uint8Array.of(0), recipe: null };
    await expect(matrices().build(request, options)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('refuses more new images than memory holds', async () => {
    const rows = rowsOf([['a', 'b']]);
    const huge = { ...recipe, numberOfNewImages: 100_000_000 };
    const request = { workspace: 'w', rows, partitions: Uint8Array.of(0, 1), recipe: huge };
    await expect(matrices().build(request, options)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect(asked).toEqual([]);
  });

  it('begins behind the images that an earlier attempt has embedded, and reads the others last', async () => {
    const parts = { ...NO_PARTS, noted: () => 'a' } as unknown as JobParts;
    const rows = rowsOf([['a', 'b', 'c', 'b']]);
    const request = { workspace: 'w', rows, partitions: Uint8Array.of(0, 1, 2, 3), recipe: null, parts };
    const { features } = await matrices().build(request, options);
    expect(order).toEqual(['b', 'c', 'a']);
    expect([...features]).toEqual([1, 0, 0, 1, 0, 0, 0, 1]);
  });

  it.each([
    [8 * 4, ['large']],
    [8 * 4 - 1, []],
  ])('keeps the matrix if it gives way and there is room: %d bytes', async (room, expected) => {
    const kept: string[] = [];
    let keep: BeforeGivingWay | undefined;
    const parts = {
      ...NO_PARTS,
      beforeGivingWay: (next: BeforeGivingWay) => (keep = next),
      keepLarge: async () => void kept.push('large'),
    } as unknown as JobParts;
    const rows = rowsOf([['a', 'b', 'a', 'b']]);
    await matrices().build(
      { workspace: 'w', rows, partitions: Uint8Array.of(0, 1, 2, 3), recipe: null, parts },
      options,
    );
    await keep?.(room);
    expect(kept).toEqual(expected);
  });

  it('reads no embedding if an earlier attempt has kept the matrix', async () => {
    const readInto = async (_name: string, target: Uint8Array) => {
      target.set(new Uint8Array(Float32Array.of(5, 6, 7, 8).buffer));
      return true;
    };
    const parts = { ...NO_PARTS, readInto } as unknown as JobParts;
    order = [];
    const request = {
      workspace: 'w',
      rows: rowsOf([['a', 'b']]),
      partitions: Uint8Array.of(0, 1),
      recipe: null,
      parts,
    };
    const { features } = await matrices().build(request, options);
    expect(order).toEqual([]);
    expect([...features]).toEqual([5, 6, 7, 8]);
  });
});
