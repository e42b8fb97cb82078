import { describe, expect, it } from '@jest/globals';
import { type Head, predict, type Pause } from '@pentaprism/heads';
import { matrixRows } from './rows.js';
import { forRawRows, standardisationOf, standardisedRows, type Standardisation } from './standardisation.js';

const pause: Pause = () => Promise.resolve();
const all = Uint32Array.from({ length: 600 }, (_, row) => row);
const standardised = (standardisation: Standardisation) =>
  standardisedRows(matrixRows(embeddings, 3), standardisation, all);
// 600 rows of 3: more than one stretch between pauses.
const embeddings = Float32Array.from({ length: 600 * 3 }, (_, i) => (i % 3) + Math.sin(i) / (1 + (i % 3)));

describe('standardisation', () => {
  it('gives features a mean of 0, and a variance of 1 on average', async () => {
    const rows = standardised(await standardisationOf(matrixRows(embeddings, 3), pause));
    for (let feature = 0; feature < 3; feature++) {
      const column = rows.filter((_, i) => i % 3 === feature);
      expect(column.reduce((sum, value) => sum + value, 0) / 600).toBeCloseTo(0, 5);
    }
    expect(rows.reduce((sum, value) => sum + value * value, 0) / rows.length).toBeCloseTo(1, 5);
  });

  it('leaves copies of one example as they are', async () => {
    const same = Float32Array.of(0.6, 0.8, 0.6, 0.8);
    expect(await standardisationOf(matrixRows(same, 2), pause)).toMatchObject({ parts: [{ size: 2, scale: 1 }] });
  });

  it('can be put into the head', async () => {
    const standardisation = await standardisationOf(matrixRows(embeddings, 3), pause);
    const rows = standardised(standardisation);
    const head: Head = {
      kind: 'multiclass',
      weights: Float32Array.of(1, -1, 0.5, 2, 0, 3),
      bias: Float32Array.of(1, 0),
    };
    const raw = { ...head, ...forRawRows(head, standardisation) };
    for (let start = 0; start < 30; start += 3) {
      const [one, other] = [
        predict(head, rows.subarray(start, start + 3)),
        predict(raw, embeddings.subarray(start, start + 3)),
      ].map(([p]) => p);
      expect(one).toBeCloseTo(other as number, 5);
    }
  });

  it('lets parts of different size and scale count alike', async () => {
    // One feature between 0 and 1000 beside two of the order of 1.
    const mixed = embeddings.map((value, i) => (i % 3 === 0 ? 1000 * (2 + Math.sin(i)) : value));
    const standardisation = await standardisationOf(matrixRows(mixed, 3), pause, [1, 2]);
    const rows = standardisedRows(matrixRows(mixed, 3), standardisation, all);
    const squares = [0, 1, 2].map((feature) =>
      rows.reduce((sum, value, i) => sum + (i % 3 === feature ? value ** 2 / 600 : 0), 0),
    );
    expect(squares[0]).toBeCloseTo(1.5, 4);
    expect((squares[1] as number) + (squares[2] as number)).toBeCloseTo(1.5, 4);
  });

  it('treats a part of zeros only as the mean of the others', async () => {
    const rows = matrixRows(Float32Array.of(1, 2, 3, 0, 0, 5, 3, 4, 1), 3);
    const standardisation = await standardisationOf(rows, pause, [2, 1]);
    expect([...standardisation.mean]).toEqual([2, 3, 3]);
    expect([...standardisedRows(rows, standardisation, [1])].slice(0, 2)).toEqual([0, 0]);
  });
});
