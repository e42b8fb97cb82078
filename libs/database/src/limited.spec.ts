import { describe, expect, it } from '@jest/globals';
import { limited } from './limited.js';

describe('limited', () => {
  it('brings what the operation brings, also its failure', async () => {
    expect(await limited(Promise.resolve(1))).toBe(1);
    await expect(limited(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('gives up an operation that hangs', async () => {
    await expect(limited(new Promise(() => undefined), 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
