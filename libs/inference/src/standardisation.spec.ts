import { describe, expect, it } from '@jest/globals';
import { type Head, predict } from '@pentaprism/heads';
import { forRawEmbeddings, standardisationOf, standardised } from './standardisation.js';

const pause = () => Promise.resolve();
// 600 rows of 3: more than one stretch between pauses.
const embeddings = Float32Array.from({ length: 600 * 3 }, (_, i) => (i % 3) + Math.sin(i) / (1 + (i % 3)));

describe('standardisation', () => {
  it('gives features a mean of 0, and a variance of 1 on average', async () => {
    const rows = await standardised(embeddings, await standardisationOf(embeddings, 3, pause), pause);
    for (let feature = 0; feature < 3; feature++) {
      const column = rows.filter((_, i) => i % 3 === feature);
      expect(column.reduce((sum, value) => sum + value, 0) / 600).toBeCloseTo(0, 5);
    }
    expect(rows.reduce((sum, value) => sum + value * value, 0) / rows.length).toBeCloseTo(1, 5);
  });

  it('leaves copies of one example as they are', async () => {
    const same = Float32Array.of(0.6, 0.8, 0.6, 0.8);
    expect(await standardisationOf(same, 2, pause)).toMatchObject({ scale: 1 });
  });

  it('can be put into the head', async () => {
    const standardisation = await standardisationOf(embeddings, 3, pause);
    const rows = await standardised(embeddings, standardisation, pause);
    const head: Head = {
      kind: 'multiclass',
      weights: Float32Array.of(1, -1, 0.5, 2, 0, 3),
      bias: Float32Array.of(1, 0),
    };
    const raw = forRawEmbeddings(head, standardisation);
    for (let start = 0; start < 30; start += 3) {
      const [one, other] = [
        predict(head, rows.subarray(start, start + 3)),
        predict(raw, embeddings.subarray(start, start + 3)),
      ].map(([p]) => p);
      expect(one).toBeCloseTo(other as number, 5);
    }
  });
});
