/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileBlobStore, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import { createDecodePool } from '@pentaprism/imaging';
import { activationMap, contributionMap, type FeatureMaps } from '@pentaprism/inference';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedder } from '../inference/embedder.js';
import { SharedPool } from '../shared-pool.js';
import { ActivationMaps, type MapOptions, type MappedPicture } from './activation-maps.js';

const WORKSPACE = 'w1';

interface Picture {
  readonly key: BlobKey;
}

let directory: string;
let blobs: BlobStore;
let pool: SharedPool;
let embedder: Embedder;
let maps: ActivationMaps;
let coffee: Picture;
let chelsea: Picture;
let notAPicture: Picture;
const missing: Picture = { key: { area: 'originals', workspace: WORKSPACE, sha256: '0'.repeat(64) } };

async function stored(bytes: Uint8Array): Promise<Picture> {
  const { sha256 } = await blobs.put('originals', WORKSPACE, bytes, { maxBytes: 1e9 });
  return { key: { area: 'originals', workspace: WORKSPACE, sha256 } };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'worker-maps-'));
  blobs = await FileBlobStore.open(directory);
  pool = new SharedPool(createDecodePool({ size: 2 }), 2);
  embedder = new Embedder(blobs, pool, pool, undefined);
  maps = new ActivationMaps(blobs, embedder, pool, 2);
  coffee = await stored(await readFile('libs/inference/src/fixtures/coffee.jpg'));
  chelsea = await stored(await readFile('libs/inference/src/fixtures/chelsea.jpg'));
  notAPicture = await stored(Buffer.from('a letter'));
});
afterAll(async () => {
  await Promise.all([pool.close(), embedder.onApplicationShutdown()]);
  await rm(directory, { recursive: true });
});

const WEIGHTS = Float32Array.from({ length: 1280 }, (_, i) => Math.sin(i * i));
const explain = () => ({ weights: WEIGHTS, part: 'positive' as const });

async function compute(pictures: readonly Picture[], options: Partial<MapOptions<Picture>> = {}) {
  const results: { picture: Picture; mapped: MappedPicture | undefined }[] = [];
  const done = async (picture: Picture, mapped: MappedPicture | undefined) => void results.push({ picture, mapped });
  await maps.compute(pictures, { explain, done, signal: new AbortController().signal, ...options });
  return results;
}

describe('ActivationMaps', () => {
  it('computes the map and the overlay of each picture, in the order of the pictures', async () => {
    const results = await compute([coffee, chelsea, coffee, chelsea, coffee]);
    expect(results.map(({ picture }) => picture)).toEqual([coffee, chelsea, coffee, chelsea, coffee]);
    const backbone = await embedder.backbone();
    for (const { picture, mapped } of results) {
      const bytes = await blobs.read(picture.key, { maxBytes: 1e9 });
      const { pixels, original } = await pool.use('w', (decoder) => decoder.modelInput({ bytes }, backbone.inputSize));
      const [output] = await backbone.run([pixels]);
      const map = activationMap(contributionMap(output?.activations as FeatureMaps, WEIGHTS), 'positive');
      expect(mapped?.map).toEqual(map);
      const overlay = await pool.use('w', (decoder) => decoder.renderOverlay({ bytes }, map));
      expect(mapped?.overlay).toMatchObject({ mediaType: 'image/jpeg', ...original });
      expect(mapped?.overlay.bytes.equals(overlay.bytes)).toBe(true);
    }
  });

  it('explains each picture by what its embedding says', async () => {
    const embeddings: Float32Array[] = [];
    const [one, other] = await compute([coffee, chelsea], {
      explain: (embedding, picture) => {
        embeddings.push(embedding);
        return { weights: WEIGHTS.map((weight) => (picture === coffee ? weight : 0)), part: 'size' };
      },
    });
    expect(embeddings.map((embedding) => Math.hypot(...embedding))).toEqual([
      expect.closeTo(1, 4),
      expect.closeTo(1, 4),
    ]);
    expect(Math.max(...(one?.mapped?.map.values ?? []))).toBe(255);
    expect(Math.max(...(other?.mapped?.map.values ?? []))).toBe(0);
  });

  it('goes on after a picture that cannot be decoded, and one that is missing', async () => {
    const results = await compute([notAPicture, missing, coffee]);
    expect(results.map(({ mapped }) => mapped !== undefined)).toEqual([false, false, true]);
  });

  it('ends after an abort', async () => {
    const controller = new AbortController();
    const seen: Picture[] = [];
    const running = compute(Array(50).fill(coffee), {
      signal: controller.signal,
      done: async (picture) => {
        seen.push(picture);
        controller.abort(new Error('over'));
      },
    });
    await expect(running).rejects.toThrow('over');
    expect(seen.length).toBeLessThan(10);
  });

  it('rejects a backbone without activations', async () => {
    const backbone = await embedder.backbone();
    const run = async (pixels: readonly Uint8Array[]) =>
      (await backbone.embed(pixels)).map((embedding) => ({ embedding }));
    const bare = { backbone: async () => ({ ...backbone, inputSize: backbone.inputSize, run }) } as unknown as Embedder;
    const running = new ActivationMaps(blobs, bare, pool, 2).compute([coffee], {
      explain,
      done: async () => undefined,
      signal: new AbortController().signal,
    });
    await expect(running).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});
