import { expect, it } from '@jest/globals';
import { createListBody, patchListBody } from './augmentation-list.js';

const list = { projectId: '1'.repeat(24), name: 'mine', transformationProbability: 0, numberOfNewImages: 1 };

it.each(['', '  ', '\u00a0', 'a\nb', 'x'.repeat(501)])('a list cannot be called %j', (name) => {
  for (const parsed of [createListBody.safeParse({ ...list, name }), patchListBody.safeParse({ name })])
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([['name']]);
});

it('a list may be called anything else', () => {
  for (const name of ['mine', ' mine ', '🐈', 'x'.repeat(500)])
    expect(createListBody.parse({ ...list, name }).name).toBe(name);
});
