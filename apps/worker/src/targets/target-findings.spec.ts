import { describe, expect, it } from '@jest/globals';
import { finding, MAX_IMAGE_LABEL_LENGTH } from '@pentaprism/contracts';
import { CLASS_IMBALANCE_RATIO } from '@pentaprism/datasets';
import { MAX_FINDINGS_PER_KIND, MAX_LABEL_LENGTH, type TargetType } from '@pentaprism/domain';
import { TargetFindings } from './target-findings.js';
import { TargetValues } from './target-values.js';

type Row = readonly [value: string, content: string, label?: string];

/** The findings about rows, each with the image of a content. */
function findingsOf(rows: readonly Row[], { name = 'kind', type = 'multiclass' as TargetType } = {}) {
  const values = new TargetValues(type, rows.length);
  for (const [i, [value]] of rows.entries()) values.add(i + 1, value);
  const found = new TargetFindings({ name }, values, new Map([[2, 'photo']]));
  for (const [i, [, sha256, label = null]] of rows.entries()) found.add({ row: i + 1, column: 2, sha256, label });
  return found;
}

const repeated = (count: number, value: string): Row[] =>
  Array.from({ length: count }, (_, i) => [value, `${value}${i}`]);

describe('TargetFindings', () => {
  it('finds images whose value is not that of their first row', () => {
    const found = findingsOf([['cat', 'a', 'x/1.jpg'], ['dog', 'b'], ['dog', 'a', 'x/3.jpg'], ['cat', 'a'], ['dog', 'b']]); // prettier-ignore
    const message = 'the same bytes as row 1 (x/1.jpg), whose kind is cat and not dog';
    expect(found.ordered()).toEqual([{ kind: 'leakage', row: 3, column: 'photo', file: 'x/3.jpg', message, order: 0 }]);
    expect(found.counts()).toEqual({ leakage: { stored: 1, omitted: 0 } });
  });

  it.each([
    ['regression', '1', '2.5', '1 and not 2.5'],
    ['multilabel', '["b","a"]', '[]', 'a, b and not empty'],
  ] as const)('shows the values of a %s', (type, first, second, shown) => {
    const [leak] = findingsOf([[first, 'a'], [second, 'a']], { type }).ordered(); // prettier-ignore
    expect(leak?.message).toBe(`the same bytes as row 1, whose kind is ${shown}`);
  });

  it(`finds a class with ${CLASS_IMBALANCE_RATIO} times the rows of another one`, () => {
    const rows = [...repeated(CLASS_IMBALANCE_RATIO, 'cat'), ...repeated(1, 'dog')];
    const [imbalance] = findingsOf(rows).ordered();
    expect(imbalance).toMatchObject({ kind: 'class-imbalance', row: null, column: 'kind', order: 0 });
    expect(findingsOf(rows.slice(1)).ordered()).toEqual([]);
    expect(findingsOf([['1', 'a'], ['2', 'b']], { type: 'regression' }).ordered()).toEqual([]); // prettier-ignore
  });

  it('finds nothing for a class column, whose findings the dataset has', () => {
    const rows: Row[] = [...repeated(50, 'cat'), ['dog', 'cat1']];
    expect(findingsOf(rows, { name: 'Class' }).ordered()).toEqual([]);
    expect(findingsOf(rows).counts()).toMatchObject({ 'class-imbalance': { stored: 1 }, leakage: { stored: 1 } });
  });

  it('keeps no more findings of a kind than a log has, and counts the others', () => {
    const rows: Row[] = [['cat', 'a'], ...Array.from({ length: MAX_FINDINGS_PER_KIND + 2 }, (): Row => ['dog', 'a'])];
    const { leakage } = findingsOf(rows).counts();
    expect(leakage).toEqual({ stored: MAX_FINDINGS_PER_KIND, omitted: 2 });
  });

  it('cuts long values and names to what a finding may have', () => {
    const [one, other] = ['x', 'y'].map((letter) => letter.repeat(MAX_LABEL_LENGTH));
    const label = 'z'.repeat(MAX_IMAGE_LABEL_LENGTH);
    const [leak] = findingsOf([[one ?? '', 'a', label], [other ?? '', 'a', label]]).ordered(); // prettier-ignore
    expect(finding.parse(leak)).toMatchObject({ kind: 'leakage', file: label });
  });
});
