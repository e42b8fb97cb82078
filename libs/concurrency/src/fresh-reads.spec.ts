import { describe, expect, it } from '@jest/globals';
import { FreshReads } from './fresh-reads.js';

/** Reads that end when they are told to. */
function controlled() {
  const ends: ((value: number | Error) => void)[] = [];
  const reads = new FreshReads<number>();
  const get = (key: string) =>
    reads.get(
      key,
      () =>
        new Promise<number>((resolve, reject) =>
          ends.push((value) => (typeof value === 'number' ? resolve(value) : reject(value))),
        ),
    );
  return { get, ends };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('FreshReads', () => {
  it('never gives a request what was read before it came', async () => {
    const { get, ends } = controlled();
    const first = get('a');
    const [second, third] = [get('a'), get('a')];
    expect(ends).toHaveLength(1);
    ends[0]?.(1);
    expect(await first).toBe(1);
    await settle();
    expect(ends).toHaveLength(2);
    const fourth = get('a');
    ends[1]?.(2);
    expect([await second, await third]).toEqual([2, 2]);
    await settle();
    expect(ends).toHaveLength(3);
    ends[2]?.(3);
    expect(await fourth).toBe(3);
  });

  it('reads again after a failure, and for each key on its own', async () => {
    const { get, ends } = controlled();
    const [a, b, next] = [get('a'), get('b'), get('a')];
    expect(ends).toHaveLength(2);
    ends[0]?.(new Error('away'));
    await expect(a).rejects.toThrow('away');
    ends[1]?.(5);
    expect(await b).toBe(5);
    await settle();
    ends[2]?.(6);
    expect(await next).toBe(6);
  });

  it('begins anew once nobody waits', async () => {
    const { get, ends } = controlled();
    const first = get('a');
    ends[0]?.(1);
    await first;
    await settle();
    const second = get('a');
    expect(ends).toHaveLength(2);
    ends[1]?.(2);
    expect(await second).toBe(2);
  });
});
