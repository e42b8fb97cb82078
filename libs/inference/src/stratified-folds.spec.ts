import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import fc from 'fast-check';
import { stratifiedFolds } from './stratified-folds.js';

function labelsOf(rows: readonly (readonly number[])[]) {
  return { labels: Uint8Array.from(rows.flat()), tags: rows[0]?.length as number };
}

/** How many examples with a tag each fold has. */
function spread({ labels, tags }: { labels: Uint8Array; tags: number }, folds: Uint8Array, count: number): number[][] {
  return Array.from({ length: tags }, (_, tag) => {
    const counts = new Array<number>(count).fill(0);
    folds.forEach((fold, i) => (counts[fold] = (counts[fold] as number) + (labels[i * tags + tag] as number)));
    return counts;
  });
}

const difference = (counts: readonly number[]) => Math.max(...counts) - Math.min(...counts);

describe('stratified folds', () => {
  it('of one tag per example differ by one example of a tag at most', () => {
    const anyClasses = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(anyClasses, fc.integer({ min: 2, max: 5 }), fc.string(), (classes, count, seed) => {
        const data = labelsOf(classes.map((own) => [0, 1, 2, 3].map((tag) => Number(tag === own))));
        const folds = stratifiedFolds(data, count, seed);
        expect(folds).toHaveLength(classes.length);
        for (const counts of spread(data, folds, count)) expect(difference(counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of many tags per example keep the shares of all of them', () => {
    const random = createRandom('many tags');
    const shares = [0.02, 0.1, 0.3, 0.6];
    const data = labelsOf(Array.from({ length: 500 }, () => shares.map((share) => Number(random() < share))));
    const folds = stratifiedFolds(data, 5, 'a');
    const counts = spread(data, folds, 5);
    for (const ofTag of counts) {
      const average = ofTag.reduce((sum, count) => sum + count, 0) / 5;
      expect(difference(ofTag)).toBeLessThanOrEqual(Math.max(2, average * 0.1));
    }
    const sizes = [0, 1, 2, 3, 4].map((fold) => folds.filter((other) => other === fold).length);
    expect(difference(sizes)).toBeLessThanOrEqual(10);
  });

  it('deal out examples without any tag evenly', () => {
    const folds = stratifiedFolds(labelsOf(Array.from({ length: 10 }, () => [0, 0])), 5, 'a');
    expect([...folds].sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('are the same for the same seed, and others for another', () => {
    const data = labelsOf(Array.from({ length: 40 }, (_, i) => [i % 2, 1 - (i % 2)]));
    expect(stratifiedFolds(data, 5, 'a')).toEqual(stratifiedFolds(data, 5, 'a'));
    expect(stratifiedFolds(data, 5, 'a')).not.toEqual(stratifiedFolds(data, 5, 'b'));
  });
});
