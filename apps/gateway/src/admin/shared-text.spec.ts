import { expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { SharedText } from './shared-text.js';

it('is made once for all who ask meanwhile, and for a while after', async () => {
  let [made, now] = [0, 0];
  const text = new SharedText(
    async () => {
      await turn();
      return `text ${++made}`;
    },
    1000,
    () => now,
  );
  expect(await Promise.all([text.get(), text.get(), text.get()])).toEqual(['text 1', 'text 1', 'text 1']);
  now = 999;
  expect(await text.get()).toBe('text 1');
  now = 1000;
  expect(await Promise.all([text.get(), text.get()])).toEqual(['text 2', 'text 2']);
});

it('is made again after a failure', async () => {
  let attempts = 0;
  const text = new SharedText(async () => {
    if (++attempts === 1) throw new Error('away');
    return 'there';
  }, 1000);
  await expect(text.get()).rejects.toThrow('away');
  expect(await text.get()).toBe('there');
});
