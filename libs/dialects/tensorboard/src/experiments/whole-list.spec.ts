import { describe, expect, it } from '@jest/globals';
import { wholeList } from './whole-list.js';

/** A list of three pages whose revision changes after the reads with the given numbers. */
function list(...changesAfter: number[]) {
  let [reads, changes] = [0, 0];
  const read = async ({ after = '0' }: { readonly after?: string }) => {
    const revision = `r${changes}`;
    if (changesAfter.includes(++reads)) changes++;
    const at = Number(after);
    return { revision, items: [`${at} of ${revision}`], next: at < 2 ? String(at + 1) : null };
  };
  return { read, reads: () => reads };
}

const items = (...revisions: string[]) => revisions.map((revision, i) => `${i} of ${revision}`);

describe('wholeList', () => {
  it('joins the pages of one revision', async () => {
    const { read, reads } = list();
    expect(await wholeList(read)).toEqual({ revision: 'r0', value: items('r0', 'r0', 'r0') });
    expect(reads()).toBe(3);
  });

  it('reads a list again that changes between its pages', async () => {
    const { read, reads } = list(1);
    expect(await wholeList(read)).toEqual({ revision: 'r1', value: items('r1', 'r1', 'r1') });
    expect(reads()).toBe(2 + 3);
  });

  it('gives a list that keeps changing the revision of its first page', async () => {
    const { read, reads } = list(1, 3, 5);
    expect(await wholeList(read)).toEqual({ revision: 'r2', value: items('r2', 'r3', 'r3') });
    expect(reads()).toBe(2 + 2 + 3);
  });
});
