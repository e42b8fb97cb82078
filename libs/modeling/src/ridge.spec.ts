import { describe, expect, it } from '@jest/globals';
import { matrixRows } from '@pentaprism/inference';
import { ridge } from './ridge.js';

const pause = () => Promise.resolve();

describe('ridge regression', () => {
  it('solves the normal equations', async () => {
    // Two features, each already standardised: the sum of products is 4 for each and 0 for both.
    const features = Float32Array.of(1, 1, 1, -1, -1, 1, -1, -1);
    const standardisation = { mean: new Float64Array(2), parts: [{ size: 2, scale: 1 }] };
    const numbers = Float32Array.of(3, 1, -1, -3);
    const { weights, bias } = await ridge({ rows: matrixRows(features, 2), standardisation, numbers, pause });
    // (4 + 0.3 × 2) w = (8, 4)
    expect(weights[0]).toBeCloseTo(8 / 4.6, 4);
    expect(weights[1]).toBeCloseTo(4 / 4.6, 4);
    expect([...bias]).toEqual([0]);
  });

  it('is zero for numbers that are all equal', async () => {
    const rows = matrixRows(Float32Array.of(1, -1), 1);
    const standardisation = { mean: new Float64Array(1), parts: [{ size: 1, scale: 1 }] };
    expect((await ridge({ rows, standardisation, numbers: new Float32Array(2), pause })).weights[0]).toBe(0);
  });

  it('reports progress that never falls', async () => {
    const features = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
    const standardisation = { mean: new Float64Array(20), parts: [{ size: 20, scale: 1 }] };
    const numbers = Float32Array.from({ length: 20 }, (_, i) => Math.cos(i * 7));
    const shares: number[] = [];
    const onProgress = (share: number) => void shares.push(share);
    await ridge({ rows: matrixRows(features, 20), standardisation, numbers, pause, onProgress });
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
  });
});
