import { beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LoopTurns } from './loop-turns.js';

describe('LoopTurns', () => {
  let clock: number;
  let done: string[];
  let turns: LoopTurns;
  const work = (key: string, ms = 3) =>
    turns.run(key, () => {
      clock += ms;
      done.push(key);
      return key;
    });
  const allDone = async (count: number) => {
    while (done.length < count) await nextTurn();
  };

  beforeEach(() => {
    [clock, done] = [0, []];
    turns = new LoopTurns({ sliceMs: 5, turnMs: 20, now: () => clock });
  });

  it('does work at once as long as its key has time left in this turn', () => {
    expect([work('a'), work('a')]).toEqual(['a', 'a']);
    expect(work('a')).toBeInstanceOf(Promise);
    expect(done).toEqual(['a', 'a']);
  });

  it('does not let a key wait for what others have to do', async () => {
    for (let i = 0; i < 50; i++) void work('flood');
    expect(work('other')).toBe('other');
    expect(done).toEqual(['flood', 'flood', 'other']);
    await nextTurn();
    await nextTurn();
    expect(work('other')).toBe('other');
    expect(done.length).toBeLessThan(10);
    await allDone(52);
  });

  it('gives each key that waits the same time', async () => {
    for (let i = 0; i < 12; i++) void work('long', 6);
    for (let i = 0; i < 24; i++) void work('short', 3);
    await allDone(36);
    const half = done.slice(0, 18);
    expect(half.filter((key) => key === 'short')).toHaveLength(12);
  });

  it('ends a turn when many keys have used its time, and goes on with the others', async () => {
    const keys = Array.from({ length: 12 }, (_, i) => `key ${i}`);
    for (const key of keys) for (let i = 0; i < 3; i++) void work(key, 5);
    expect(done).toEqual(keys);
    await allDone(36);
    expect(done.slice(12, 24)).toEqual(keys);
  });

  it('passes on what the work throws, and goes on', async () => {
    const fail = () =>
      turns.run('a', () => {
        clock += 9;
        throw new Error('broken');
      });
    expect(fail).toThrow('broken');
    const later = fail();
    await expect(later).rejects.toThrow('broken');
    expect(await work('a')).toBe('a');
  });
});
