import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Groups, MAX_GROUP } from './groups.js';

/** Work that writes down its groups and doubles the numbers; the first one ends when it is told to. */
function recorded(refuse: (items: readonly number[]) => (number | DomainError)[] | undefined = () => undefined) {
  const groups: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const doing = new Groups<number, number>(async (key, items) => {
    groups.push(`${key}:${items.join()}`);
    if (groups.length === 1) await held;
    return refuse(items) ?? items.map((item) => item * 2);
  });
  return { doing, groups, release: () => release() };
}

const refusal = new DomainError('CONFLICT', 'not this one');

describe('Groups', () => {
  it('does together what came while another group was under way, and keys apart', async () => {
    const { doing, groups, release } = recorded();
    const results = Promise.all([1, 2, 3].map((item) => doing.add('a', item)));
    const other = doing.add('b', 4);
    expect(await other).toBe(8);
    release();
    expect(await results).toEqual([2, 4, 6]);
    expect(groups).toEqual(['a:1', 'b:4', 'a:2,3']);
    expect(await doing.add('a', 5)).toBe(10);
  });

  it('bounds a group', async () => {
    const { doing, groups, release } = recorded();
    const items = Array.from({ length: MAX_GROUP + 3 }, (_, i) => i);
    const results = Promise.all(items.map((item) => doing.add('a', item)));
    release();
    expect(await results).toEqual(items.map((item) => item * 2));
    expect(groups.map((group) => group.split(',').length)).toEqual([1, MAX_GROUP, 2]);
  });

  it('refuses one item of a group and keeps the others', async () => {
    const { doing, release } = recorded((items) => items.map((item) => (item === 2 ? refusal : item)));
    const results = Promise.allSettled([1, 2, 3].map((item) => doing.add('a', item)));
    release();
    expect(await results).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: refusal },
      { status: 'fulfilled', value: 3 },
    ]);
  });

  it('tries each item alone when a group fails', async () => {
    const { doing, groups, release } = recorded((items) => {
      if (items.includes(3)) throw new Error('three');
      return undefined;
    });
    const results = Promise.allSettled([1, 2, 3, 4].map((item) => doing.add('a', item)));
    release();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(groups).toEqual(['a:1', 'a:2,3,4', 'a:2', 'a:3', 'a:4']);
  });

  it('does not insist while something is away', async () => {
    const { doing, groups, release } = recorded(() => {
      throw new DomainError('UNAVAILABLE', 'away');
    });
    const results = Promise.allSettled([1, 2, 3].map((item) => doing.add('a', item)));
    release();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(groups).toEqual(['a:1', 'a:2,3']);
  });

  it('works for each group in the context of its first item', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const doing = new Groups<number, number>(async (_key, items) => {
      seen.push(`${context.getStore()}: ${items.join()}`);
      return items;
    });
    const add = (request: string, item: number) => context.run(request, () => doing.add('a', item));
    await Promise.all([add('first', 1), add('second', 2), add('third', 3)]);
    expect(seen).toEqual(['first: 1', 'second: 2,3']);
  });
});
