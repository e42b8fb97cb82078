/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { HEAD_KINDS, measurePerformance, predict } from '@pentaprism/heads';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createModelInput } from '@pentaprism/imaging';
import { activationMap, contributionMap } from './activation-map.js';
import type { FeatureMaps } from './backbone.js';
import { accuracy } from './clusters.fixture.js';
import { crossValidate } from './cross-validation.js';
import { rowsOf, type TrainingData } from './head-trainer.js';
import { openOnnxBackbone } from './onnx-backbone.js';
import { difference, rightShare, sideBySide } from './photo.fixture.js';
import { stratifiedFolds } from './stratified-folds.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';

/** A folder per tag, with photos in it. */
const FOLDER = process.env['PHOTOS'] ?? join(import.meta.dirname, '../../../../shared/data/photos');
const SEEDS = ['a', 'b', 'c', 'd'];

let photos: Omit<TrainingData, 'kind'>;
/** By tag, each in the order of their names. */
let paths: string[][];

async function embedPhotos(): Promise<typeof photos> {
  const tags = (await readdir(FOLDER)).sort();
  paths = await Promise.all(
    tags.map(async (tag) => (await readdir(join(FOLDER, tag))).sort().map((file) => join(FOLDER, tag, file))),
  );
  const backbone = await openOnnxBackbone();
  const embeddings: number[] = [];
  const labels: number[] = [];
  for (const [index, files] of paths.entries()) {
    for (const file of files) {
      const { pixels } = await createModelInput(await readFile(file), backbone.inputSize);
      for (const embedding of await backbone.embed([pixels])) embeddings.push(...embedding);
      labels.push(...tags.map((_, other) => Number(other === index)));
    }
  }
  await backbone.close();
  return {
    embeddings: Float32Array.from(embeddings),
    embeddingSize: backbone.embeddingSize,
    labels: Uint8Array.from(labels),
    tags: tags.length,
  };
}

// 60 photos of forks, scissors, hemlocks and Japanese cherries.
(existsSync(FOLDER) ? describe : describe.skip)('photos (skipped where ../shared/data/photos is not there)', () => {
  beforeAll(async () => {
    photos = await embedPhotos();
  });

  it.each(HEAD_KINDS)('are known by heads that were trained on three quarters of them (%s)', async (kind) => {
    const trainer = createTensorFlowHeadTrainer();
    const shares: number[] = [];
    for (const seed of SEEDS) {
      const folds = stratifiedFolds(photos, 4, seed);
      const indices = [...folds.keys()];
      const part = (of: number[]): TrainingData => ({
        ...photos,
        kind,
        embeddings: rowsOf(photos.embeddings, photos.embeddingSize, of),
        labels: rowsOf(photos.labels, photos.tags, of),
      });
      const head = await trainer.train({ ...part(indices.filter((i) => folds[i] !== 0)), seed });
      const heldOut = part(indices.filter((i) => folds[i] === 0));
      const probabilities = new Float32Array(heldOut.labels.length);
      for (let i = 0; i < heldOut.labels.length / photos.tags; i++) {
        const start = i * photos.embeddingSize;
        const embedding = heldOut.embeddings.subarray(start, start + photos.embeddingSize);
        probabilities.set(predict(head, embedding), i * photos.tags);
      }
      // By the tag that is most probable, for both kinds.
      shares.push(accuracy({ ...heldOut, kind: 'multiclass' }, probabilities));
    }
    const overall = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(overall).toBeGreaterThanOrEqual(0.97);
  });

  it('are judged well by cross-validation', async () => {
    const request = { ...photos, kind: 'multiclass' as const, seed: 'a' };
    const evaluation = await crossValidate(createTensorFlowHeadTrainer(), request);
    const { overall, perTag } = await measurePerformance({ ...evaluation, threshold: 0.5 });
    expect(overall.precision).toBeGreaterThanOrEqual(0.95);
    expect(overall.recall).toBeGreaterThanOrEqual(0.95);
    expect(Math.min(...perTag.map(({ averagePrecision }) => averagePrecision))).toBeGreaterThanOrEqual(0.95);
  });

  it('have activation maps on the side of their class, in 9 of 10 pairs of photos side by side', async () => {
    const backbone = await openOnnxBackbone();
    const means = paths.map((_, tag) => meanOf(tag));
    let [right, all] = [0, 0];
    for (const [leftTag, lefts] of paths.entries()) {
      for (const [rightTag, rights] of paths.entries()) {
        if (leftTag === rightTag) continue;
        for (const at of [0, 1, 2, 3]) {
          const files = [lefts[at], rights[at]] as [string, string];
          const pixels = await sideBySide(await readFile(files[0]), await readFile(files[1]));
          const [output] = await backbone.run([pixels]);
          const weights = difference(means[rightTag] as Float32Array, means[leftTag] as Float32Array);
          const map = activationMap(contributionMap(output?.activations as FeatureMaps, weights), 'positive');
          if (rightShare(map) > 0.5) right++;
          all++;
        }
      }
    }
    await backbone.close();
    expect(all).toBe(48);
    expect(right / all).toBeGreaterThanOrEqual(0.9);
  });
});

/** The mean embedding of a tag's photos. */
function meanOf(tag: number): Float32Array {
  const { embeddings, embeddingSize, labels, tags } = photos;
  const rows = [...Array(labels.length / tags).keys()].filter((row) => labels[row * tags + tag] === 1);
  const own = rowsOf(embeddings, embeddingSize, rows);
  return Float32Array.from({ length: embeddingSize }, (_, i) => {
    return rows.reduce((sum, _row, at) => sum + (own[at * embeddingSize + i] as number), 0) / rows.length;
  });
}
