/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backbone, BackboneOutput } from './backbone.js';
import { DEFAULT_BACKBONE_PATH } from './default-backbone.js';
import { openOnnxBackbone } from './onnx-backbone.js';
import { readOnnx, writeOnnx, type OnnxModel } from './onnx-protobuf.js';
import { fixturePixels } from './photo.fixture.js';

let backbone: Backbone;
let coffee: Uint8Array;
let chelsea: Uint8Array;
let outputs: BackboneOutput[];
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backbone-'));
  backbone = await openOnnxBackbone();
  [coffee, chelsea] = [await fixturePixels('coffee'), await fixturePixels('chelsea')];
  outputs = await backbone.run([coffee, chelsea]);
});
afterAll(async () => {
  await backbone.close();
  await rm(directory, { recursive: true });
});

/** The default model, changed. */
async function changed(change: (model: OnnxModel) => void): Promise<string> {
  const model = readOnnx(await readFile(DEFAULT_BACKBONE_PATH));
  change(model);
  const path = join(directory, 'changed.onnx');
  await writeFile(path, writeOnnx(model));
  return path;
}

const length = (vector: Float32Array) => Math.hypot(...vector);
const cosine = (one: Float32Array, other: Float32Array) =>
  one.reduce((sum, value, i) => sum + value * (other[i] as number), 0);

describe('the default backbone', () => {
  it('says what it is', () => {
    expect(backbone.id).toMatch(/^efficientnet-lite0:[0-9a-f]{12}$/);
    expect(backbone).toMatchObject({ inputSize: { width: 224, height: 224 }, embeddingSize: 1280 });
  });

  it('sees an espresso and a cat', async () => {
    const names = JSON.parse(
      await readFile(new URL('../models/imagenet-classes.json', import.meta.url), 'utf8'),
    ) as string[];
    const [cup, cat] = outputs.map(({ logits = new Float32Array() }) => logits.indexOf(Math.max(...logits)));
    expect(names[cup as number]).toBe('espresso');
    // ImageNet's five domestic cats.
    expect([281, 282, 283, 284, 285]).toContain(cat);
  });

  it('gives embeddings of length 1, which differ by picture', async () => {
    const [one, two] = (await backbone.embed([coffee, chelsea])) as [Float32Array, Float32Array];
    expect(one).toHaveLength(1280);
    expect(length(one)).toBeCloseTo(1, 5);
    expect(length(two)).toBeCloseTo(1, 5);
    expect(cosine(one, two)).toBeLessThan(0.6);
    expect([one, two]).toEqual(outputs.map(({ embedding }) => embedding));
  });

  it('gives nearly the same embedding for a picture with some noise', async () => {
    const noisy = coffee.map((value, i) => Math.max(0, Math.min(255, value + ((i * 7919) % 9) - 4)));
    // The cat's is at 0.1.
    const [one, two] = (await backbone.embed([coffee, noisy])) as [Float32Array, Float32Array];
    expect(cosine(one, two)).toBeGreaterThan(0.9);
  });

  it('gives activations whose means are the embedding, but for its length', () => {
    for (const { activations, embedding } of outputs) {
      expect(activations).toMatchObject({ channels: 1280, height: 7, width: 7 });
      const data = activations?.data ?? new Float32Array();
      const means = Float32Array.from({ length: 1280 }, (_, channel) => {
        return data.subarray(channel * 49, (channel + 1) * 49).reduce((sum, value) => sum + value, 0) / 49;
      });
      expect(cosine(means, embedding) / length(means)).toBeCloseTo(1, 5);
    }
  });

  it('works for several callers at once', async () => {
    const both = await Promise.all([backbone.embed([coffee]), backbone.embed([chelsea])]);
    expect(both.flat()).toEqual(outputs.map(({ embedding }) => embedding));
  });

  it('refuses pixels of another size', async () => {
    await expect(backbone.embed([coffee.subarray(3)])).rejects.toThrow(
      '224 × 224 RGB pixels have 150528 bytes, not 150525.',
    );
  });
});

describe('another model', () => {
  it('has an id of its own, and may lack all outputs but the embedding', async () => {
    const path = await changed(({ graph }) => {
      graph.output = graph.output.filter(({ name }) => name === 'embedding');
    });
    const other = await openOnnxBackbone(path);
    expect(other.id).toMatch(/^changed:[0-9a-f]{12}$/);
    expect(other.id.slice(-12)).not.toBe(backbone.id.slice(-12));
    const [output] = await other.run([coffee]);
    expect(output).toEqual({ embedding: outputs[0]?.embedding });
    await other.close();
  });

  it('is refused without an embedding', async () => {
    const path = await changed(({ graph }) => {
      graph.output = graph.output.filter(({ name }) => name !== 'embedding');
    });
    await expect(openOnnxBackbone(path)).rejects.toThrow('it needs an output "embedding" of float32');
  });

  it('is refused where the file is missing or no model', async () => {
    await expect(openOnnxBackbone(join(directory, 'missing.onnx'))).rejects.toMatchObject({ code: 'ENOENT' });
    const path = join(directory, 'text.onnx');
    await writeFile(path, 'text');
    await expect(openOnnxBackbone(path)).rejects.toThrow();
  });
});
