import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipelined } from './pipelined.js';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

describe('pipelined', () => {
  it('calls done in the order of the items, whichever work ends first', async () => {
    const finished: number[] = [];
    await pipelined(numbers(6), {
      atOnce: 3,
      work: async (i) => {
        await sleep(i % 2 === 0 ? 10 : 1);
        return i * 10;
      },
      done: async (i, result) => {
        expect(result).toBe(i * 10);
        finished.push(i);
      },
    });
    expect(finished).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('takes items of an array', async () => {
    const results: number[] = [];
    await pipelined([1, 2, 3], {
      atOnce: 2,
      work: (i) => Promise.resolve(i * 10),
      done: (_, result) => Promise.resolve(void results.push(result)),
    });
    expect(results).toEqual([10, 20, 30]);
  });

  it('works on as many items at a time as it may, and on no more', async () => {
    let [running, most] = [0, 0];
    await pipelined(numbers(10), {
      atOnce: 2,
      work: async () => {
        most = Math.max(most, ++running);
        await sleep(2);
        running -= 1;
      },
      done: () => Promise.resolve(),
    });
    expect(most).toBe(2);
  });

  it.each(['work', 'done'])(
    'ends with the first error of %s, when all work that has begun has ended',
    async (where) => {
      let running = 0;
      const fail = (i: number, here: string) =>
        i === 1 && where === here ? Promise.reject(new Error(where)) : undefined;
      const work = pipelined(numbers(10), {
        atOnce: 3,
        work: async (i) => {
          running += 1;
          await sleep(3);
          running -= 1;
          await fail(i, 'work');
        },
        done: async (i) => fail(i, 'done'),
      });
      await expect(work).rejects.toThrow(where);
      expect(running).toBe(0);
    },
  );

  it('stops taking items after an error of their source', async () => {
    async function* broken() {
      yield 1;
      throw new Error('no more');
    }
    const work = pipelined(broken(), { atOnce: 2, work: async () => sleep(1), done: () => Promise.resolve() });
    await expect(work).rejects.toThrow('no more');
  });
});
