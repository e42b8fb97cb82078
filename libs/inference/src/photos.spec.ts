/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { HEAD_KINDS, measurePerformance, predict } from '@pentaprism/heads';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createModelInput } from '@pentaprism/imaging';
import { accuracy } from './clusters.fixture.js';
import { crossValidate } from './cross-validation.js';
import { rowsOf, type TrainingData } from './head-trainer.js';
import { openOnnxBackbone } from './onnx-backbone.js';
import { stratifiedFolds } from './stratified-folds.js';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';

/** A folder per tag, with photos in it. */
const FOLDER = process.env['PHOTOS'] ?? join(import.meta.dirname, '../../../../shared/data/photos');
const SEEDS = ['a', 'b', 'c', 'd'];

let photos: Omit<TrainingData, 'kind'>;

async function embedPhotos(): Promise<typeof photos> {
  const tags = (await readdir(FOLDER)).sort();
  const backbone = await openOnnxBackbone();
  const embeddings: number[] = [];
  const labels: number[] = [];
  for (const [index, tag] of tags.entries()) {
    for (const file of (await readdir(join(FOLDER, tag))).sort()) {
      const { pixels } = await createModelInput(await readFile(join(FOLDER, tag, file)), backbone.inputSize);
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
});
