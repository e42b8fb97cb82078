import { describe, expect, it } from '@jest/globals';
import type { DecodePool } from '@pentaprism/imaging';
import { setImmediate as turn } from 'node:timers/promises';
import { SharedPool } from './shared-pool.js';

/** A pool with two processes, whose tasks end when the test says so. */
function poolOfTwo() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const shared = new SharedPool({ close: async () => undefined } as unknown as DecodePool, 2);
  const use = (workspace: string, name: string, signal?: AbortSignal) =>
    shared.use(
      workspace,
      () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      },
      signal,
    );
  return { begun, use, end: async (name: string) => (ends.get(name)?.(), turn()) };
}

describe('SharedPool', () => {
  it('gives the next free process to another workspace, however many tasks the first one has', async () => {
    const { begun, use, end } = poolOfTwo();
    for (let i = 0; i < 100; i++) void use('flood', `flood ${i}`);
    void use('other', 'other');
    await turn();
    expect(begun).toEqual(['flood 0', 'flood 1']);
    await end('flood 1');
    expect(begun).toEqual(['flood 0', 'flood 1', 'other']);
  });

  it('begins no task whose caller has given up', async () => {
    const { begun, use, end } = poolOfTwo();
    for (const name of ['1', '2']) void use('a', name);
    const giveUp = new AbortController();
    const given = use('a', '3', giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    await end('1');
    expect(begun).toEqual(['1', '2']);
  });
});
