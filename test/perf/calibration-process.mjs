/**
 * A process that trains the candidates of a table with photos: { directory, size, rows }, vectors.f32 being there. It writes rows.json for the
 * comparison, and answers with the probabilities by candidate. Parts of one photo lie in one partition.
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { blueprintsFor } from '../../libs/domain/dist/index.js';
import {
  allocateFeatures,
  createThreadedCandidates,
  partitionsOf,
  planFeatures,
  encodeRow,
  targetsOf,
} from '../../libs/modeling/dist/index.js';

const [{ directory, size, rows }] = await once(process, 'message');
const { buffer } = new Uint8Array(readFileSync(path.join(directory, 'vectors.f32')));
const vectors = new Float32Array(buffer);
const classes = [...new Set(rows.map(({ label }) => label))];
const targets = targetsOf({ type: 'multiclass', classes, rowCount: rows.length, valueOf: (row) => rows[row].label });
const partitions = partitionsOf({ targets, contents: [rows.map(({ photo }) => `${photo}`)], seed: 'bench' });
writeFileSync(
  path.join(directory, 'rows.json'),
  JSON.stringify({ classes: [...targets.rows], partitions: [...partitions] }),
);
const plan = planFeatures({ images: [{ column: 'image', size }], others: [] }, []);
const features = allocateFeatures(rows.length, size);
for (let row = 0; row < rows.length; row++) {
  const [start, end] = [row * size, (row + 1) * size];
  encodeRow(plan, { embeddings: [vectors.subarray(start, end)], values: [] }, features.subarray(start, end));
}
const train = createThreadedCandidates();
const request = { targets, backbone: 'bench', plan, features, partitions, seed: 'bench' };
const answer = {};
for (const blueprint of blueprintsFor({ targetType: 'multiclass', hasAugmentation: false, hasOtherColumns: false })) {
  const { predictions } = await train({ ...request, blueprint });
  answer[blueprint.modelType] = Array.from({ length: rows.length }, (_, row) =>
    Array.from(predictions.subarray(row * classes.length, (row + 1) * classes.length)),
  );
}
process.send({ classes: [...targets.rows], found: answer });
await once(process, 'disconnect');
