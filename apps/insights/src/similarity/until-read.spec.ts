import { describe, expect, it } from '@jest/globals';
import { untilRead } from './until-read.js';

describe('untilRead', () => {
  it('returns what is there in time, and the failure of the work', async () => {
    expect(await untilRead(() => Promise.resolve(7), 10_000)).toBe(7);
    await expect(untilRead(() => Promise.reject(new Error('why')), 10_000)).rejects.toThrow('why');
  });

  it('refuses with UNAVAILABLE once the wait is over, aborts its signal, and leaves the work running', async () => {
    let signal: AbortSignal | undefined;
    let finish: (value: number) => void = () => undefined;
    const work = new Promise<number>((resolve) => (finish = resolve));
    const begin = (given: AbortSignal) => {
      signal = given;
      return work;
    };
    await expect(untilRead(begin, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(signal?.aborted).toBe(true);
    finish(7);
    expect(await untilRead(begin, 10_000)).toBe(7);
    expect(signal?.aborted).toBe(false);
  });
});
