/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { activationMap, contributionMap } from './activation-map.js';
import type { Backbone, BackboneOutput, FeatureMaps } from './backbone.js';
import { openOnnxBackbone } from './onnx-backbone.js';
import { difference, fixtureBytes, fixturePixels, rightShare, sideBySide } from './photo.fixture.js';

let backbone: Backbone;
let coffee: BackboneOutput;
let chelsea: BackboneOutput;
beforeAll(async () => {
  backbone = await openOnnxBackbone();
  const pixels = [await fixturePixels('coffee'), await fixturePixels('chelsea')];
  [coffee, chelsea] = (await backbone.run(pixels)) as [BackboneOutput, BackboneOutput];
});
afterAll(() => backbone.close());

/** Two channels of 2 × 3 places. Their means are 3 and 4, so that the embedding before normalisation has length 5. */
const SMALL: FeatureMaps = {
  data: Float32Array.from([18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 12]),
  channels: 2,
  height: 2,
  width: 3,
};
const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
const dot = (one: Float32Array, other: Float32Array) =>
  one.reduce((sum, value, i) => sum + value * (other[i] as number), 0);

describe('contributionMap', () => {
  it('divides the weighted sum of the channels by the length of the embedding', () => {
    const map = contributionMap(SMALL, Float32Array.of(2, -1));
    expect(map).toMatchObject({ rows: 2, columns: 3 });
    expect([...map.values]).toEqual([36 / 5, 0, 0, 0, -12 / 5, -12 / 5]);
  });

  it('has the product of the weights and the embedding as its mean, for photos and any weights', () => {
    for (const { activations, embedding } of [coffee, chelsea]) {
      for (const seed of [1, 2, 3]) {
        const weights = Float32Array.from({ length: 1280 }, (_, i) => Math.sin(seed * 1000 + i * i));
        const { values } = contributionMap(activations as FeatureMaps, weights);
        expect(mean(values)).toBeCloseTo(dot(weights, embedding), 5);
      }
    }
  });

  it('is 0 everywhere for a picture whose activations are all 0', () => {
    const blank = { ...SMALL, data: new Float32Array(12) };
    expect([...contributionMap(blank, Float32Array.of(1, 1)).values]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('rejects weights of another length than the embedding', () => {
    expect(() => contributionMap(SMALL, new Float32Array(3))).toThrow(
      'An embedding of 2 numbers needs as many weights, not 3.',
    );
  });
});

describe('activationMap', () => {
  const map = (values: number[]) => ({ rows: 1, columns: values.length, values: Float64Array.from(values) });

  it('cuts negative contributions to 0 and makes the largest 255', () => {
    expect(activationMap(map([-4, 0, 0.5, 2]), 'positive')).toEqual({
      rows: 1,
      columns: 4,
      values: Uint8Array.of(0, 0, 64, 255),
    });
  });

  it('takes the size of contributions to a number', () => {
    expect(activationMap(map([-4, 0, 1, 2]), 'size').values).toEqual(Uint8Array.of(255, 0, 64, 128));
  });

  it('is 0 everywhere without a positive contribution', () => {
    expect(activationMap(map([-1, 0, -2]), 'positive').values).toEqual(Uint8Array.of(0, 0, 0));
  });

  it('reaches 255 for contributions near the smallest number that there is', () => {
    expect(activationMap(map([Number.MIN_VALUE, 0]), 'positive').values).toEqual(Uint8Array.of(255, 0));
  });
});

describe('the map of two photos side by side', () => {
  it.each([
    ['coffee', 'chelsea'],
    ['chelsea', 'coffee'],
  ] as const)('has its mass on the side of the class that it explains: %s left of %s', async (left, right) => {
    const [composite] = await backbone.run([await sideBySide(await fixtureBytes(left), await fixtureBytes(right))]);
    const towardsCat = difference(chelsea.embedding, coffee.embedding);
    const towardsRight = right === 'chelsea' ? towardsCat : towardsCat.map((weight) => -weight);
    const shareOf = (weights: Float32Array) =>
      rightShare(activationMap(contributionMap(composite?.activations as FeatureMaps, weights), 'positive'));
    expect(shareOf(towardsRight)).toBeGreaterThan(0.5);
    expect(shareOf(towardsRight.map((weight) => -weight))).toBeLessThan(0.5);
  });
});
