import { describe, expect, it } from '@jest/globals';
import { FairShares } from './fair-shares.js';

/** Lets everything happen that waits for nothing else. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Who asks, by name, and the names of those who were let in, in their order. */
function watch(shares: FairShares) {
  const entered: string[] = [];
  const releases = new Map<string, () => void>();
  return {
    entered,
    ask: (key: string, name: string, options: { amount?: number; signal?: AbortSignal } = {}) =>
      shares.take(key, options).then((release) => {
        entered.push(name);
        releases.set(name, release);
      }),
    leave: async (...names: string[]) => {
      for (const name of names) releases.get(name)?.();
      await settled();
    },
  };
}

describe('fair shares', () => {
  it('let in as many as there is room for, and the others in the order of asking', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 2, perKey: 2 }));
    for (const name of ['1', '2', '3', '4']) void ask('a', name);
    await settled();
    expect(entered).toEqual(['1', '2']);
    await leave('2');
    expect(entered).toEqual(['1', '2', '3']);
    await leave('1', '3');
    expect(entered).toEqual(['1', '2', '3', '4']);
  });

  it('leave room for others, whatever one key asks for', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 4, perKey: 3 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) void ask('a', name);
    await settled();
    expect(entered).toEqual(['a1', 'a2', 'a3']);
    await ask('b', 'b1');
    await leave('a1');
    expect(entered).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
  });

  it('come to everybody who waits, also beside keys that come again each time', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 1, perKey: 1 }));
    for (const name of ['a1', 'a2', 'a3']) void ask('a', name);
    for (const key of ['b', 'c']) void ask(key, `${key}1`);
    await settled();
    for (let round = 2; round < 6; round++) {
      const name = entered.at(-1) as string;
      const key = name.charAt(0);
      await leave(name);
      if (key !== 'a') void ask(key, `${key}${round}`);
    }
    expect(entered.filter((name) => name.startsWith('a')).length).toBeGreaterThanOrEqual(2);
  });

  it('go to the key that has the least, and among equals to the one whose last turn was longest ago', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 2, perKey: 2 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) void ask('a', name);
    for (const name of ['c1', 'c2']) void ask('c', name);
    void ask('b', 'b1');
    await settled();
    await leave('a1');
    expect(entered).toEqual(['a1', 'a2', 'c1']);
    // Neither a nor b has anything, but a has had its turn.
    await leave('a2');
    expect(entered.at(-1)).toBe('b1');
    await leave('c1');
    expect(entered.at(-1)).toBe('a3');
    await leave('b1', 'a3');
    expect(entered.slice(-2)).toEqual(['c2', 'a4']);
  });

  it('count what each one takes, and let nobody overtake one who needs much', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 10, perKey: 8 }));
    void ask('a', 'a6', { amount: 6 });
    void ask('b', 'b8', { amount: 8 });
    void ask('c', 'c1', { amount: 1 });
    await settled();
    expect(entered).toEqual(['a6']);
    await leave('a6');
    expect(entered).toEqual(['a6', 'b8', 'c1']);
    await expect(ask('d', 'd9', { amount: 9 })).rejects.toThrow(RangeError);
  });

  it('forget who gives up, and let in those who waited behind', async () => {
    const { entered, ask, leave } = watch(new FairShares({ capacity: 4, perKey: 4 }));
    const giveUp = new AbortController();
    void ask('a', 'a2', { amount: 2 });
    const given = ask('b', 'b4', { amount: 4, signal: giveUp.signal }).catch((error: Error) => error.message);
    void ask('c', 'c1');
    await settled();
    expect(entered).toEqual(['a2']);
    giveUp.abort(new Error('enough'));
    expect(await given).toBe('enough');
    await settled();
    expect(entered).toEqual(['a2', 'c1']);
    await expect(ask('d', 'd1', { signal: giveUp.signal })).rejects.toThrow('enough');
    await leave('a2', 'c1');
    await ask('b', 'again', { amount: 4, signal: new AbortController().signal });
    expect(entered.at(-1)).toBe('again');
  });

  it('take back what was given once only', async () => {
    const shares = new FairShares({ capacity: 1, perKey: 1 });
    const release = await shares.take('a');
    release();
    release();
    const { entered, ask } = watch(shares);
    void ask('a', '1');
    void ask('b', '2');
    await settled();
    expect(entered).toEqual(['1']);
  });
});
