/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { HEAD_KINDS, predict, type HeadKind } from '@pentaprism/heads';
import { embeddedPhotos, headOf } from './exported-model.fixture.js';
import { readOnnx, writeOnnx } from './onnx-protobuf.js';
import { onTensorFlow } from './tensorflow.js';
import { exportTensorFlowJs } from './tensorflow-js-export.js';

const LABELS = ['cup', 'cat', '杯'];
const [SIDE, TAGS] = [224, 3];
let backbone: Uint8Array;
let photos: Uint8Array[];
let embeddings: Float32Array[];
beforeAll(async () => {
  ({ backbone, photos, embeddings } = await embeddedPhotos());
});

const jsonOf = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));
const exported = (kind: HeadKind) =>
  exportTensorFlowJs({ backbone, head: headOf(kind), labels: LABELS, name: 'cups, cats' });

describe.each(HEAD_KINDS)('exportTensorFlowJs (%s)', (kind) => {
  it('makes a graph model that predicts from pixels what backbone and head predict', async () => {
    const files = exported(kind);
    const { weightsManifest, ...model } = jsonOf(files['model.json']);
    const weightData = Uint8Array.from(files['weights.bin'] ?? []).buffer;
    const artifacts = { ...model, weightSpecs: weightsManifest[0].weights, weightData };
    const found = await onTensorFlow('wasm', async (tf) => {
      const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
      const loaded = await loadGraphModel({ load: async () => artifacts });
      expect(loaded.inputs[0]?.shape).toEqual([-1, SIDE, SIDE, 3]);
      const shape: [number, number, number, number] = [photos.length, SIDE, SIDE, 3];
      const pixels = tf.tensor4d(Float32Array.from(photos.flatMap((photo) => [...photo])), shape);
      return (loaded.predict(pixels) as typeof pixels).data();
    });
    const expected = embeddings.map((embedding) => predict(headOf(kind), embedding));
    expect(found).toHaveLength(photos.length * TAGS);
    expect(Math.abs((expected[0]?.[0] as number) - (expected[1]?.[0] as number))).toBeGreaterThan(0.01);
    for (const [i, probabilities] of expected.entries()) {
      for (const [tag, probability] of probabilities.entries())
        expect(Math.abs((found[i * TAGS + tag] as number) - probability)).toBeLessThan(1e-3);
    }
  });

  it('says how pixels are written, and keeps labels, kind and name', () => {
    const files = exported(kind);
    expect(Object.keys(files)).toEqual(['model.json', 'weights.bin']);
    expect(jsonOf(files['model.json'])).toMatchObject({
      format: 'graph-model',
      weightsManifest: [{ paths: ['weights.bin'] }],
      userDefinedMetadata: { 'Image.BitmapPixelFormat': 'Rgb8', name: 'cups, cats', kind, labels: LABELS },
    });
    // Half precision, and without the 1000 classes.
    expect(files['weights.bin']?.length).toBeLessThan(backbone.length - 1280 * 1000 * 2);
  });
});

describe('exportTensorFlowJs', () => {
  it('refuses labels of another number than the head has', () => {
    const request = { backbone, head: headOf('multiclass'), labels: ['one'], name: 'x' };
    expect(() => exportTensorFlowJs(request)).toThrow('3 tags have 1 labels.');
  });

  it('refuses a backbone with an operator that it cannot write', () => {
    const model = readOnnx(backbone);
    const pooling = model.graph.node.find(({ opType }) => opType === 'GlobalAveragePool');
    Object.assign(pooling ?? {}, { opType: 'GlobalMaxPool' });
    const request = { head: headOf('multiclass'), labels: LABELS, name: 'x' };
    expect(() => exportTensorFlowJs({ ...request, backbone: writeOnnx(model) })).toThrow(
      'The operator GlobalMaxPool (pooled) of the backbone cannot be written for TensorFlow.js.',
    );
  });
});
