/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { type Head, HEAD_KINDS, type HeadKind, predict } from '@pentaprism/heads';
import { l2Normalised } from './backbone.js';
import { onTensorFlow } from './tensorflow.js';
import { exportTensorFlowJs } from './tensorflow-js-export.js';

const random = createRandom('export');
const LABELS = ['cup', 'two\nlines', '杯'];

function headOf(kind: HeadKind): Head {
  const weights = Float32Array.from({ length: 1280 * 3 }, () => (random() - 0.5) * 8);
  return { kind, weights, bias: Float32Array.of(0.3, -0.2, 0.1) };
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe.each(HEAD_KINDS)('the exported head (%s)', (kind) => {
  const head = headOf(kind);
  const files = exportTensorFlowJs({ head, labels: LABELS, name: 'cups' });

  it('is loaded by TensorFlow.js, and says the same', async () => {
    const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
    const model = JSON.parse(text(files['model.json'])) as {
      modelTopology: object;
      weightsManifest: { weights: never[] }[];
    };
    const embeddings = Array.from({ length: 4 }, () =>
      l2Normalised(Float32Array.from({ length: 1280 }, () => random() ** 4)),
    );
    const probabilities = await onTensorFlow('cpu', async (tf) => {
      const weightData = (files['weights.bin'] as Uint8Array).buffer as ArrayBuffer;
      const weightSpecs = model.weightsManifest.flatMap(({ weights }) => weights);
      const artifacts = { modelTopology: model.modelTopology, weightSpecs, weightData };
      const loaded = await loadLayersModel({ load: async () => artifacts });
      const input = tf.tensor2d(new Float32Array(embeddings.flatMap((embedding) => [...embedding])), [4, 1280]);
      return (loaded.predict(input) as typeof input).dataSync();
    });
    embeddings.forEach((embedding, i) => {
      predict(head, embedding).forEach((probability, tag) => {
        expect(Math.abs((probabilities[i * 3 + tag] as number) - probability)).toBeLessThan(1e-5);
      });
    });
  });

  it('comes as three files', () => {
    expect(Object.keys(files).sort()).toEqual(['labels.txt', 'model.json', 'weights.bin']);
    expect(text(files['labels.txt'])).toBe('cup\ntwo lines\n杯\n');
    const model = JSON.parse(text(files['model.json']));
    expect(model).toMatchObject({
      format: 'layers-model',
      weightsManifest: [{ paths: ['weights.bin'] }],
      userDefinedMetadata: { name: 'cups', kind, labels: LABELS },
    });
    expect(files['weights.bin']).toHaveLength((1280 * 3 + 3) * 4);
  });
});

it('is refused where labels do not fit', () => {
  expect(() => exportTensorFlowJs({ head: headOf('multiclass'), labels: [], name: 'x' })).toThrow(
    '3 tags have 0 labels.',
  );
});
