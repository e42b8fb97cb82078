/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FileBlobStore, type BlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { jobDirectoryContracts, type ContentReference, type ExportFormat, type Rpc } from '@pentaprism/contracts';
import { createDecodePool } from '@pentaprism/imaging';
import { encodeHead, fromVectorText, type Head, predict } from '@pentaprism/heads';
import { DEFAULT_BACKBONE_PATH } from '@pentaprism/inference';
import { strFromU8, unzipSync } from 'fflate';
import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as onnxRuntime from 'onnxruntime-node';
import { EmbedContentHandler } from './handlers/embed-content.handler.js';
import { ExportModelHandler } from './handlers/export-model.handler.js';
import { UploadsFirst } from './handlers/uploads-first.js';
import { jobControl } from './job-control.fixture.js';
import { SharedPool } from './shared-pool.js';
import { Embedder } from './inference/embedder.js';
import { Embeddings } from './inference/embeddings.js';
import { InferenceController, MAX_WAITING_QUESTIONS } from './rpc/inference.controller.js';

const WORKSPACE = 'w1';
const ABSENT = '0'.repeat(64);
const control = (signal = new AbortController().signal) => jobControl({ workspace: WORKSPACE, signal });

let directory: string;
let blobs: BlobStore;
let pool: SharedPool;
let promptPool: SharedPool;
let embedder: Embedder;
let coffee: string;
let notAPicture: string;

const put = async (bytes: Uint8Array) => (await blobs.put('originals', WORKSPACE, bytes, { maxBytes: 1e9 })).sha256;
const embed = (sha256: string) => embedder.embed({ area: 'originals', workspace: WORKSPACE, sha256 });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'worker-inference-'));
  blobs = await FileBlobStore.open(directory);
  pool = new SharedPool(createDecodePool({ size: 1 }), 1);
  promptPool = new SharedPool(createDecodePool({ size: 1 }), 1);
  embedder = new Embedder(blobs, pool, promptPool, undefined);
  coffee = await put(await readFile('libs/inference/src/fixtures/coffee.jpg'));
  notAPicture = await put(Buffer.from('a letter'));
});
afterAll(async () => {
  await Promise.all([pool.close(), promptPool.close(), embedder.onApplicationShutdown()]);
  await rm(directory, { recursive: true });
});

describe('Embedder', () => {
  it('gives the same unit vector each time, and another one for another picture', async () => {
    const [one, again] = [await embed(coffee), await embed(coffee)];
    const other = await embed(await put(await readFile('libs/inference/src/fixtures/chelsea.jpg')));
    expect(one).toEqual(again);
    expect(one.backbone).toBe(await embedder.backboneId());
    const [vector, another] = [fromVectorText(one.vector), fromVectorText(other.vector)];
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    expect(vector.reduce((sum, value, i) => sum + value * (another[i] ?? 0), 0)).toBeLessThan(0.8);
  });

  it('tells bytes that are no picture from bytes that are not there', async () => {
    await expect(embed(notAPicture)).rejects.toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    await expect(embed(ABSENT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('answers who waits although the jobs of this worker cannot be done', async () => {
    const closed = new SharedPool(createDecodePool({ size: 1 }), 1);
    await closed.close();
    const busy = new Embedder(blobs, closed, promptPool, undefined);
    const key = { area: 'originals', workspace: WORKSPACE, sha256: coffee } as const;
    await expect(busy.embed(key)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await busy.embed(key, { prompt: true })).toEqual(await embed(coffee));
    await busy.onApplicationShutdown();
  });

  it('looks for its model again after it was not there', async () => {
    const path = join(directory, 'later.onnx');
    const own = new Embedder(blobs, pool, promptPool, path);
    await expect(own.backboneId()).rejects.toMatchObject({ code: 'ENOENT' });
    await copyFile(DEFAULT_BACKBONE_PATH, path);
    expect(await own.backboneId()).toMatch(/^later:[0-9a-f]{12}$/);
    await own.onApplicationShutdown();
  });
});

describe('EmbedContentHandler', () => {
  /** The workspaces that have uploads waiting, as the catalog says. */
  const uploading = new Set<string>();
  const bus = {
    call: async (rpc: Rpc, _request: unknown, { context }: { context: { workspace: string } }) => {
      expect(rpc).toBe(jobDirectoryContracts.pending);
      return { pending: uploading.has(context.workspace) };
    },
  } as unknown as Bus;
  let handler: EmbedContentHandler;
  beforeAll(() => {
    const uploads = new UploadsFirst(bus);
    handler = new EmbedContentHandler(embedder, new Embeddings(bus, embedder, uploads), uploads);
  });
  afterEach(() => uploading.clear());

  it('embeds pictures, and leaves out what is none or gone', async () => {
    const hashes = [notAPicture, coffee, ABSENT, coffee];
    const { backbone, vector } = await embed(coffee);
    const expected = { backbone, embeddings: [{ sha256: coffee, vector }] };
    expect(await handler.run({ workspace: WORKSPACE, hashes }, control())).toEqual(expected);
  });

  it('lets uploads go first, but not for ever', async () => {
    uploading.add(WORKSPACE);
    let ended = false;
    const running = handler.run({ workspace: WORKSPACE, hashes: [coffee] }, control()).finally(() => (ended = true));
    // It would have ended before this one, had it begun.
    await embed(coffee);
    expect(ended).toBe(false);
    expect((await running).embeddings).toHaveLength(1);
  });

  it('does not wait for the uploads of another workspace', async () => {
    uploading.add('other');
    const running = handler.run({ workspace: WORKSPACE, hashes: [coffee] }, control());
    const first = await Promise.race([running.then(() => 'embedded'), sleep(1500, 'waits')]);
    expect(first).toBe('embedded');
  });

  it('ends when it is aborted while it waits', async () => {
    uploading.add(WORKSPACE);
    const controller = new AbortController();
    const running = handler.run({ workspace: WORKSPACE, hashes: [coffee] }, control(controller.signal));
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow();
  });
});

describe('ExportModelHandler', () => {
  const LABELS = ['cup', 'cat'];
  const head: Head = {
    kind: 'multilabel',
    weights: Float32Array.from({ length: 1280 * 2 }, (_, i) => Math.sin(i) * 4),
    bias: Float32Array.of(0.3, -0.2),
  };
  const exported = async (platform: ExportFormat, backbone?: string) => {
    const { sha256, size } = await blobs.put('models', WORKSPACE, encodeHead(head), { maxBytes: 1e6 });
    const { content } = await new ExportModelHandler(blobs, embedder).run({
      workspace: WORKSPACE,
      iterationId: '0'.repeat(24),
      platform,
      name: 'cups',
      classificationType: 'multilabel',
      backbone: backbone ?? (await embedder.backboneId()),
      head: { sha256, size, mediaType: 'application/octet-stream' },
      labels: LABELS,
    });
    return { content, bytes: await read(content) };
  };
  const read = async ({ sha256, size }: ContentReference) => {
    const bytes = await blobs.read({ area: 'models', workspace: WORKSPACE, sha256 }, { maxBytes: 1e9 });
    expect(bytes).toHaveLength(size);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    return bytes;
  };

  it('makes an archive with an ONNX file that says of a photo what this worker says', async () => {
    const { content, bytes } = await exported('onnx');
    expect(content.mediaType).toBe('application/zip');
    const files = unzipSync(bytes);
    const session = await onnxRuntime.InferenceSession.create(files['model.onnx'] ?? new Uint8Array());
    const key = { area: 'originals', workspace: WORKSPACE, sha256: coffee } as const;
    const path = blobs.localPath?.(key) ?? '';
    const { pixels } = await pool.use(WORKSPACE, (each) => each.modelInput({ path }, { width: 224, height: 224 }));
    const area = 224 * 224;
    const planes = Float32Array.from(
      { length: 3 * area },
      (_, i) => pixels[(i % area) * 3 + 2 - Math.floor(i / area)] ?? NaN,
    );
    const data = new onnxRuntime.Tensor('float32', planes, [1, 3, 224, 224]);
    const { model_output: output } = await session.run({ data });
    const expected = predict(head, fromVectorText((await embed(coffee)).vector));
    const found = [...(output?.data as Float32Array)];
    expect(found).toHaveLength(LABELS.length);
    for (const [i, probability] of found.entries()) expect(probability).toBeCloseTo(expected[i] ?? NaN, 4);
    await session.release();
  });

  it.each([
    ['onnx-1.0', 'ONNX', 'ONNX10', 'model.onnx'],
    ['onnx-1.2', 'ONNX', 'ONNX12', 'model.onnx'],
    ['onnx-float16', 'ONNX', 'ONNXFloat16', 'model.onnx'],
    ['tensorflow-js', 'TensorFlow', 'TensorFlowJs', 'model.json'],
  ] as const)('makes an archive of %s with a manifest', async (format, platform, flavor, model) => {
    const files = unzipSync((await exported(format)).bytes);
    expect(strFromU8(files['labels.txt'] ?? new Uint8Array())).toBe('cup\ncat\n');
    const manifest = JSON.parse(strFromU8(files['cvexport.manifest'] ?? new Uint8Array()));
    expect(manifest).toMatchObject({ Platform: platform, Flavor: flavor, ModelFileName: model });
    expect(files[model]).toBeDefined();
  });

  it('refuses a model of another backbone', async () => {
    await expect(exported('onnx', 'other:000000000000')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('InferenceController', () => {
  it(`takes ${MAX_WAITING_QUESTIONS} questions at a time, and others when these are answered`, async () => {
    const controller = new InferenceController(embedder);
    const ask = () =>
      controller.embed({ area: 'originals', content: { sha256: coffee, size: 1, mediaType: 'image/jpeg' } }, {
        workspace: WORKSPACE,
      } as Parameters<InferenceController['embed']>[1]);
    const questions = Array.from({ length: MAX_WAITING_QUESTIONS }, ask);
    await expect(ask()).rejects.toMatchObject({ code: 'RATE_LIMITED', details: { limit: MAX_WAITING_QUESTIONS } });
    const expected = await embed(coffee);
    // Those of another workspace neither are refused nor wait for all of these.
    let answered = 0;
    for (const question of questions) void question.then(() => (answered += 1));
    await blobs.put('originals', 'other', await readFile('libs/inference/src/fixtures/coffee.jpg'), { maxBytes: 1e9 });
    const elsewhere = controller.embed(
      { area: 'originals', content: { sha256: coffee, size: 1, mediaType: 'image/jpeg' } },
      { workspace: 'other' } as Parameters<InferenceController['embed']>[1],
    );
    expect(await elsewhere).toEqual(expected);
    expect(answered).toBeLessThan(MAX_WAITING_QUESTIONS / 2);
    expect(await Promise.all(questions)).toEqual(questions.map(() => expected));
    expect(await ask()).toEqual(expected);
  });
});
