import { describe, expect, it } from '@jest/globals';
import { BoundedList } from './bounded-list.js';
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

const NO_LIMIT = { bytes: Infinity, sizeOf: () => 1, onLeftOut: () => expect('something left out').toBe('') };
const items = (...revisions: string[]) => revisions.map((revision, i) => `${i} of ${revision}`);

describe('wholeList', () => {
  it('joins the pages of one revision', async () => {
    const { read, reads } = list();
    expect(await wholeList(read, NO_LIMIT)).toEqual({ revision: 'r0', value: items('r0', 'r0', 'r0') });
    expect(reads()).toBe(3);
  });

  it('reads a list again that changes between its pages', async () => {
    const { read, reads } = list(1);
    expect(await wholeList(read, NO_LIMIT)).toEqual({ revision: 'r1', value: items('r1', 'r1', 'r1') });
    expect(reads()).toBe(2 + 3);
  });

  it('gives a list that keeps changing the revision of its first page', async () => {
    const { read, reads } = list(1, 3, 5);
    expect(await wholeList(read, NO_LIMIT)).toEqual({ revision: 'r2', value: items('r2', 'r3', 'r3') });
    expect(reads()).toBe(2 + 2 + 3);
  });

  it('reads no page after the one that exceeds the budget', async () => {
    const { read, reads } = list();
    const left: string[] = [];
    const budget = { bytes: 1, sizeOf: () => 1, onLeftOut: (what: string) => left.push(what) };
    expect(await wholeList(read, budget)).toEqual({ revision: 'r0', value: items('r0') });
    expect([reads(), left]).toEqual([2, ['items']]);
  });
});

describe('BoundedList', () => {
  it('leaves texts out of all items before it leaves out items, and reports each once', () => {
    const left: string[] = [];
    const bounded = new BoundedList<string>({
      bytes: 10,
      sizeOf: ({ length }) => length,
      shorten: (text) => text.slice(0, 2),
      onLeftOut: (what) => left.push(what),
    });
    bounded.add(['aaaa', 'bbbb']);
    expect([bounded.items, left]).toEqual([['aaaa', 'bbbb'], []]);
    bounded.add(['cccc', 'dddd', 'eeee']);
    expect([bounded.items, bounded.isFull, left]).toEqual([['aa', 'bb', 'cc', 'dd', 'ee'], false, ['texts']]);
    bounded.add(['ffff', 'gggg']);
    expect([bounded.items, bounded.isFull, left]).toEqual([['aa', 'bb', 'cc', 'dd', 'ee'], true, ['texts', 'items']]);
  });
});
