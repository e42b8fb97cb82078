import { describe, expect, it } from '@jest/globals';
import { untilRead } from './until-read.js';

describe('untilRead', () => {
  it('returns what is there in time, and the failure of the work', async () => {
    expect(await untilRead(Promise.resolve(7), 10_000)).toBe(7);
    await expect(untilRead(Promise.reject(new Error('why')), 10_000)).rejects.toThrow('why');
  });

  it('refuses with UNAVAILABLE once the wait is over, and leaves the work running', async () => {
    let finish: (value: number) => void = () => undefined;
    const work = new Promise<number>((resolve) => (finish = resolve));
    await expect(untilRead(work, 1)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    finish(7);
    expect(await untilRead(work, 10_000)).toBe(7);
  });
});
