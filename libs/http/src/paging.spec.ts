import { describe, expect, it } from '@jest/globals';
import { collect } from './paging.js';

const items = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('collect', () => {
  const source = (total: number, asked: [number, number][] = []) => ({
    asked,
    read: async (offset: number, limit: number) => {
      asked.push([offset, limit]);
      return { items: items(total).slice(offset, offset + limit), total };
    },
  });

  it.each([
    [
      { offset: 0, limit: 0 },
      items(7),
      [
        [0, 3],
        [3, 3],
        [6, 3],
      ],
    ],
    [
      { offset: 1, limit: 4 },
      [1, 2, 3, 4],
      [
        [1, 3],
        [4, 1],
      ],
    ],
    [{ offset: 5, limit: 3 }, [5, 6], [[5, 3]]],
    [{ offset: 9, limit: 0 }, [], [[9, 3]]],
  ])('%j reads no more than it needs', async (paging, expected, requests) => {
    const { read, asked } = source(7);
    expect(await collect(read, paging, 3)).toEqual({ items: expected, total: 7 });
    expect(asked).toEqual(requests);
  });

  it('goes on where a service answered fewer than it was asked for', async () => {
    const read = async (offset: number, limit: number) => ({
      items: items(7).slice(offset, offset + Math.min(limit, 2)),
      total: 7,
    });
    expect(await collect(read, { offset: 1, limit: 5 }, 5)).toEqual({ items: [1, 2, 3, 4, 5], total: 7 });
  });
});
