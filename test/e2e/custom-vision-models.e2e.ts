/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { unzipSync } from 'fflate';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { json, send } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';
import {
  pictureOf,
  PREDICTION,
  SHAPE_NAMES,
  VisionProject,
  type ImagePrediction,
  type Iteration,
  type VisionImage,
} from './support/vision.js';

interface Export {
  readonly platform: string;
  readonly flavor: string | null;
  readonly downloadUri: string;
}

const COMPACT = '0732100f-1a38-4e49-a514-c9b44c697ab5';
const PICTURES = 8;

const system = sharedSystem();
let key: ApiKey;
let project: VisionProject;
let iteration: Iteration;
const first = new Map<string, string>();

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const errorOf = async (method: string, path: string, body?: object) => {
  const answer = await project.ask(method, path, body ? { body } : {});
  return [answer.status, json<{ code: string }>(answer).code];
};

beforeAll(async () => {
  key = await createKey(system, { role: 'owner' });
  const settings = { name: 'models', classificationType: 'Multiclass', domainId: COMPACT };
  project = await VisionProject.create(system, key, settings);
  for (const shape of SHAPE_NAMES) await project.addTag(shape);
});

describe('a training', () => {
  it('is refused before there is enough to learn from', async () => {
    expect(await errorOf('POST', '/train')).toEqual([400, 'BadRequestTrainingValidationFailed']);
    expect(await project.get('/iterations')).toEqual([]);
  });

  it('ends with a model that knows what it has seen', async () => {
    for (const shape of SHAPE_NAMES)
      for (let n = 0; n < PICTURES; n++) {
        const id = await project.addImage(await pictureOf(shape, n), shape);
        if (n === 0) first.set(shape, id);
      }
    iteration = await project.train();
    expect(iteration.status).toBe('Completed');
    for (const shape of SHAPE_NAMES) {
      const { predictions } = await project.quickTest(await pictureOf(shape, PICTURES + 2), iteration.id);
      expect(predictions.map(({ tagName }) => tagName).sort()).toEqual([...SHAPE_NAMES].sort());
      expect(predictions[0]).toMatchObject({ tagName: shape, tagId: project.tags.get(shape) });
      expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
    }
  });

  it('is not needed again, and gives the same model when it is forced', async () => {
    const answer = await project.ask('POST', '/train');
    expect([answer.status, json(answer)]).toEqual([
      400,
      { code: 'BadRequestTrainingNotNeeded', message: 'Nothing changed since last training' },
    ]);
    const again = await project.train('?forceTrain=true');
    const picture = await pictureOf('disc', PICTURES + 3);
    const [one, other] = await Promise.all([iteration, again].map(({ id }) => project.quickTest(picture, id)));
    expect(other?.predictions).toEqual(one?.predictions);
    expect((await project.ask('DELETE', `/iterations/${again.id}`)).status).toBe(204);
    expect(await errorOf('GET', `/iterations/${again.id}`)).toEqual([404, 'NotFoundIteration']);
  });

  it('of images with several tags each is refused in a multiclass project', async () => {
    const pairs = [{ imageId: first.get('disc'), tagId: project.tags.get('check') }];
    await project.get('/images/tags', 'POST', { body: { tags: pairs } });
    expect(await errorOf('POST', '/train')).toEqual([
      400,
      'BadRequestMultiClassClassificationTrainingValidationFailed',
    ]);
    const query = `imageIds=${first.get('disc')}&tagIds=${project.tags.get('check')}`;
    expect((await project.ask('DELETE', `/images/tags?${query}`)).status).toBe(204);
  });

  it('says how good it is on images that it had not seen', async () => {
    const path = `/iterations/${iteration.id}/performance`;
    const performance = await project.get<Record<string, number> & { perTagPerformance: object[] }>(path);
    for (const name of ['precision', 'recall', 'averagePrecision']) expect(performance[name]).toBeGreaterThan(0.85);
    expect(performance.perTagPerformance).toHaveLength(SHAPE_NAMES.length);
    const images = await project.get<{ predictions: unknown[] }[]>(`${path}/images?take=256`);
    expect(images).toHaveLength(SHAPE_NAMES.length * PICTURES);
    for (const { predictions } of images) expect(predictions).toHaveLength(SHAPE_NAMES.length);
  });
});

describe('an iteration', () => {
  const tagged = (shape: string, iterationId?: string) =>
    project.get<VisionImage[]>(
      `/images/tagged?take=256&tagIds=${project.tags.get(shape)}${iterationId ? `&iterationId=${iterationId}` : ''}`,
    );

  it('keeps its images and their files after they are deleted in the project', async () => {
    const id = first.get('stripes') as string;
    expect([202, 204]).toContain((await project.ask('DELETE', `/images?imageIds=${id}`)).status);
    expect((await tagged('stripes')).map((image) => image.id)).not.toContain(id);
    const kept = (await tagged('stripes', iteration.id)).find((image) => image.id === id);
    expect(kept).toBeDefined();
    const file = await send('GET', (kept as VisionImage).originalImageUri);
    expect([file.status, file.bytes.equals(await pictureOf('stripes', 0))]).toEqual([200, true]);
    await project.addImage(await pictureOf('stripes', 0), 'stripes');
  });

  it('is used under its name, until it has none', async () => {
    const path = `/iterations/${iteration.id}`;
    const publish = `${path}/publish?publishName=${encodeURIComponent('model 1')}&predictionId=here`;
    expect(await project.get(publish, 'POST')).toBe(true);
    const predict = async (name: string) =>
      send('POST', `${system.url}${PREDICTION}/${project.id}/classify/iterations/${name}/image/nostore`, {
        headers: { 'prediction-key': key.key, 'content-type': 'application/octet-stream' },
        body: await pictureOf('check', PICTURES + 1),
      });
    const { predictions } = json<ImagePrediction>(await predict('model%201'));
    expect(predictions[0]?.tagName).toBe('check');
    expect(await errorOf('DELETE', path)).toEqual([400, 'BadRequestIterationIsPublished']);
    expect((await project.ask('DELETE', `${path}/publish`)).status).toBe(204);
    expect((await predict('model%201')).status).toBe(404);
  });

  describe('is exported', () => {
    const exported = async (platform: string, flavor: string | null = null) => {
      const path = `/iterations/${iteration.id}/export`;
      await project.get(`${path}?platform=${platform}${flavor === null ? '' : `&flavor=${flavor}`}`, 'POST');
      const { downloadUri } = await eventually(
        async () => {
          const all = await project.get<Export[]>(path);
          const found = all.find((each) => each.platform === platform && each.flavor === flavor);
          expect(found).toMatchObject({ status: 'Done' });
          return found as Export;
        },
        { timeoutMs: 30_000 },
      );
      const { headers, bytes } = await send('GET', downloadUri);
      expect(headers['content-disposition']).toBe('attachment; filename=model.zip');
      return unzipSync(bytes);
    };
    let pixels: Uint8Array;
    /** What the API says of the picture, by tag. */
    let expected: Record<string, number>;
    let labels: string[];
    let archive: Record<string, Uint8Array>;
    beforeAll(async () => {
      // Between two shapes, so that no probability is next to 0 or 1.
      const picture = await sharp(await pictureOf('disc', PICTURES + 1))
        .composite([{ input: await pictureOf('check', PICTURES + 1), gravity: 'west', blend: 'multiply' }])
        .png()
        .toBuffer();
      pixels = new Uint8Array(await sharp(picture).resize(224, 224, { fit: 'fill' }).removeAlpha().raw().toBuffer());
      const { predictions } = await project.quickTest(picture, iteration.id);
      expected = Object.fromEntries(predictions.map(({ tagName, probability }) => [tagName, probability]));
      archive = await exported('TensorFlow', 'TensorFlowJs');
      labels = text(archive['labels.txt']).trimEnd().split('\n');
    });
    const expectSame = (probabilities: ArrayLike<number>) => {
      expect(labels.toSorted()).toEqual(SHAPE_NAMES.toSorted());
      expect(probabilities).toHaveLength(labels.length);
      for (const [i, label] of labels.entries()) expect(probabilities[i]).toBeCloseTo(expected[label] ?? NaN, 3);
    };

    it.each([null, 'ONNX12'])('as an ONNX model that predicts the same (flavor %s)', async (flavor) => {
      const files = await exported('ONNX', flavor);
      expect(text(files['labels.txt'])).toBe(text(archive['labels.txt']));
      const session = await InferenceSession.create(files['model.onnx'] ?? new Uint8Array());
      const area = 224 * 224;
      // Planes of BGR.
      const planes = Float32Array.from({ length: 3 * area }, (_, i) => pixels[(i % area) * 3 + 2 - Math.floor(i / area)] ?? 0); // prettier-ignore
      const { model_output: output } = await session.run({ data: new Tensor('float32', planes, [1, 3, 224, 224]) });
      expectSame(output?.data as Float32Array);
      await session.release();
    });

    it('as a graph model of TensorFlow.js that predicts the same', async () => {
      const { weightsManifest, ...described } = JSON.parse(text(archive['model.json']));
      const weightSpecs = weightsManifest.flatMap(({ weights }: { weights: unknown[] }) => weights);
      const weightData = Uint8Array.from(archive['weights.bin'] ?? []).buffer;
      const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
      const tf = await import('@tensorflow/tfjs-core');
      // Before a backend comes in: it greets on the console.
      tf.enableProdMode();
      await import('@tensorflow/tfjs-backend-cpu');
      await tf.setBackend('cpu');
      const model = await loadGraphModel({ load: async () => ({ ...described, weightSpecs, weightData }) });
      const output = model.predict(tf.tensor4d([...pixels], [1, 224, 224, 3])) as ReturnType<typeof tf.tensor4d>;
      expectSame(output.dataSync());
    });

    it.each([
      ['TensorFlow', ''],
      ['TensorFlow', 'TensorFlowLite'],
      ['CoreML', ''],
      ['DockerFile', 'Linux'],
      ['ONNX', 'TensorFlowJs'],
    ])('and refused as %s with the flavor %j, which nothing here can make', async (platform, flavor) => {
      const path = `/iterations/${iteration.id}/export?platform=${platform}&flavor=${flavor}`;
      expect(await errorOf('POST', path)).toEqual([400, 'BadRequestOperationNotSupported']);
    });
  });
});
