/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { HEAD_KINDS, type HeadKind, predict } from '@pentaprism/heads';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as onnxRuntime from 'onnxruntime-node';
import { embeddedPhotos, headOf } from './exported-model.fixture.js';
import { exportOnnx, type OnnxVariant } from './onnx-export.js';
import { readOnnx, writeOnnx } from './onnx-protobuf.js';

const LABELS = ['Tasse', 'chat "Chelsea"', '杯'];
let backbone: Uint8Array;
let photos: Uint8Array[];
let embeddings: Float32Array[];
beforeAll(async () => {
  ({ backbone, photos, embeddings } = await embeddedPhotos());
});

const exported = (kind: HeadKind, variant: OnnxVariant = 'float32') =>
  exportOnnx({ backbone, head: headOf(kind), labels: LABELS, name: 'cups, cats', variant });

const AREA = 224 * 224;
/** Interleaved RGB → planes of BGR, as programs for exports of Custom Vision write them. */
const planesOf = (photo: Uint8Array) =>
  Float32Array.from({ length: 3 * AREA }, (_, i) => photo[(i % AREA) * 3 + 2 - Math.floor(i / AREA)] as number);

describe.each(HEAD_KINDS)('the exported model (%s)', (kind) => {
  it.each(['float32', 'onnx-1.2'] as const)('predicts what backbone and head predict (%s)', async (variant) => {
    const session = await onnxRuntime.InferenceSession.create(exported(kind, variant));
    expect([session.inputNames, session.outputNames]).toEqual([['data'], ['model_output']]);
    expect(session.inputMetadata[0]).toMatchObject({ type: 'float32', shape: ['batch', 3, 224, 224] });
    const expected = embeddings.map((embedding) => predict(headOf(kind), embedding));
    expect(Math.abs((expected[0]?.[0] as number) - (expected[1]?.[0] as number))).toBeGreaterThan(0.01);
    const ask = async (pictures: readonly Uint8Array[]) => {
      const planes = Float32Array.from(pictures.flatMap((photo) => [...planesOf(photo)]));
      const data = new onnxRuntime.Tensor('float32', planes, [pictures.length, 3, 224, 224]);
      const { model_output: output } = await session.run({ data });
      expect(output?.dims).toEqual([pictures.length, 3]);
      return output?.data as Float32Array;
    };
    const together = await ask(photos);
    for (const [i, photo] of photos.entries()) {
      const alone = await ask([photo]);
      expected[i]?.forEach((probability, tag) => {
        expect(Math.abs((alone[tag] as number) - probability)).toBeLessThan(1e-4);
        expect(Math.abs((together[i * 3 + tag] as number) - probability)).toBeLessThan(1e-4);
      });
    }
    await session.release();
  });

  it('takes and gives half-precision floats in the variant float16', async () => {
    const session = await onnxRuntime.InferenceSession.create(exported(kind, 'float16'));
    expect(session.inputMetadata[0]).toMatchObject({ type: 'float16', shape: ['batch', 3, 224, 224] });
    expect(session.outputMetadata[0]).toMatchObject({ type: 'float16' });
    await session.release();
  });

  it('says how pixels are written, and has its labels, kind and name inside', () => {
    const { metadataProps } = readOnnx(exported(kind));
    const metadata = Object.fromEntries(metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toEqual({
      'Image.BitmapPixelFormat': 'Bgr8',
      'Image.ColorSpaceGamma': 'SRGB',
      'Image.NominalPixelRange': 'NominalRange_0_255',
      name: 'cups, cats',
      kind,
      labels: JSON.stringify(LABELS),
    });
  });
});

describe('the variant onnx-1.2', () => {
  it('has operator set 7 and format version 3', () => {
    const { irVersion, opsetImport, graph } = readOnnx(exported('multiclass', 'onnx-1.2'));
    expect([Number(irVersion), opsetImport.map(({ version }) => Number(version))]).toEqual([3, [7]]);
    // Bounds were attributes of Clip then, and all weights were inputs, too.
    expect(graph.node.filter(({ opType, input }) => opType === 'Clip' && input.length > 1)).toEqual([]);
    const inputs = graph.input.map(({ name }) => name);
    expect(inputs).toEqual(['data', ...graph.initializer.map(({ name }) => name)]);
  });

  it('is refused for a backbone with an operator that means something else there', () => {
    const model = readOnnx(backbone);
    const pooling = model.graph.node.find(({ opType }) => opType === 'GlobalAveragePool');
    Object.assign(pooling ?? {}, { opType: 'ReduceMean' });
    const request = { head: headOf('multiclass'), labels: LABELS, name: 'x', variant: 'onnx-1.2' as const };
    expect(() => exportOnnx({ ...request, backbone: writeOnnx(model) })).toThrow(
      'The operator ReduceMean cannot be written for operator set 7.',
    );
  });
});

describe('the exported model', () => {
  it('leaves out what only the other outputs need', () => {
    const { graph } = readOnnx(exported('multiclass'));
    const names = graph.initializer.map(({ name }) => name);
    expect(names).not.toContain('classifier.weight.half');
    expect(names).toContain('activations.weight.half');
    expect(graph.node.flatMap(({ output }) => output)).not.toContain('logits');
    // Half-precision weights of 1000 classes.
    expect(backbone.length - exported('multiclass').length).toBeGreaterThan(1280 * 1000 * 2 - 50_000);
  });

  it('takes the place of metadata that the backbone brought', () => {
    const model = readOnnx(backbone);
    model.metadataProps.push({ key: 'labels', value: '[]' }, { key: 'author', value: 'somebody' });
    const head = headOf('multilabel');
    const { metadataProps } = readOnnx(exportOnnx({ backbone: writeOnnx(model), head, labels: LABELS, name: 'x' }));
    expect(metadataProps.filter(({ key }) => key === 'labels')).toHaveLength(1);
    expect(metadataProps.find(({ key }) => key === 'author')?.value).toBe('somebody');
  });

  it('is refused where head, labels and backbone do not fit', () => {
    const head = headOf('multiclass');
    const request = { backbone, head, labels: LABELS, name: 'x' };
    expect(() => exportOnnx({ ...request, labels: ['one'] })).toThrow('3 tags have 1 labels.');
    const shorter = { ...head, weights: head.weights.subarray(0, 30) };
    expect(() => exportOnnx({ ...request, head: shorter })).toThrow('embeddings of 10 numbers, the backbone has 1280');
    expect(() => exportOnnx({ ...request, backbone: Buffer.from('text') })).toThrow();
    expect(() => exportOnnx({ ...request, backbone: new Uint8Array() })).toThrow('This is not an ONNX model');
    expect(() => exportOnnx({ ...request, backbone: exported('multiclass') })).toThrow('has no output "embedding"');
    const old = readOnnx(backbone);
    old.opsetImport = [{ version: 12 }];
    expect(() => exportOnnx({ ...request, backbone: writeOnnx(old) })).toThrow('operator set 13 or a later one');
  });
});

describe('reading and writing', () => {
  it('lose nothing that the schema does not name', async () => {
    const again = writeOnnx(readOnnx(backbone));
    // Field order may change, so lengths are compared, and what it says.
    expect(again).toHaveLength(backbone.length);
    const session = await onnxRuntime.InferenceSession.create(again);
    const image = new onnxRuntime.Tensor('uint8', photos[0] as Uint8Array, [1, 224, 224, 3]);
    const { embedding } = await session.run({ image }, ['embedding']);
    const [one, other] = [embedding?.data as Float32Array, embeddings[0] as Float32Array];
    const scale = Math.hypot(...one);
    one.forEach((value, i) => expect(value / scale).toBeCloseTo(other[i] as number, 6));
    await session.release();
  });
});
