/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createModelInput } from '@pentaprism/imaging';
import { openOnnxBackbone } from '@pentaprism/inference';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blueprintsFor } from '@pentaprism/domain';
import { allocateFeatures, encodeRow } from './feature-plan.js';
import { partitionsOf } from './partitions.js';
import { planFeatures } from './table.fixture.js';
import { targetsOf } from './targets.js';
import { createThreadedCandidates } from './threaded-candidates.js';

/** A folder per class, with photos in it. */
const FOLDER = process.env['PHOTOS'] ?? join(import.meta.dirname, '../../../../shared/data/photos');

async function embedPhotos() {
  const backbone = await openOnnxBackbone();
  const embeddings: Float32Array[] = [];
  const labels: string[] = [];
  for (const label of (await readdir(FOLDER)).sort()) {
    for (const file of (await readdir(join(FOLDER, label))).sort()) {
      const { pixels } = await createModelInput(await readFile(join(FOLDER, label, file)), backbone.inputSize);
      embeddings.push(...(await backbone.embed([pixels])));
      labels.push(label);
    }
  }
  await backbone.close();
  return { embeddings, labels };
}

// 60 photos of forks, scissors, hemlocks and Japanese cherries.
(existsSync(FOLDER) ? describe : describe.skip)('photos (skipped where ../shared/data/photos is not there)', () => {
  let photos: Awaited<ReturnType<typeof embedPhotos>>;
  beforeAll(async () => {
    photos = await embedPhotos();
  });

  it.each(['multiclass', 'multilabel'] as const)('are classified well by each candidate (%s)', async (type) => {
    const { embeddings, labels } = photos;
    const size = embeddings[0]?.length ?? 0;
    const plan = planFeatures({ images: [{ column: 'image', size }], others: [] }, []);
    const features = allocateFeatures(labels.length, size);
    embeddings.forEach((embedding, row) => {
      encodeRow(plan, { embeddings: [embedding], values: [] }, features.subarray(row * size, (row + 1) * size));
    });
    const classes = [...new Set(labels)];
    const targets = targetsOf({ type, classes, rowCount: labels.length, valueOf: (row) => labels[row] });
    const partitions = partitionsOf({ targets, contents: [], seed: 'photos' });
    const train = createThreadedCandidates();
    const request = { targets, backbone: 'test', plan, features, partitions, seed: 'a' };
    for (const blueprint of blueprintsFor({ targetType: type, hasAugmentation: false, hasOtherColumns: false })) {
      const { metrics } = await train({ ...request, blueprint });
      expect(metrics.LogLoss?.crossValidation).toBeLessThan(0.1);
      expect(metrics.LogLoss?.holdout).toBeLessThan(0.1);
      expect(metrics.AUC?.crossValidation).toBeGreaterThanOrEqual(0.99);
      if (type === 'multiclass') expect(metrics.Accuracy?.crossValidation).toBeGreaterThanOrEqual(0.97);
    }
  });
});
