import { describe, expect, it } from '@jest/globals';
import { toPage } from './paging.js';

const LINK = 'http://127.0.0.1:3000/api/v2/things/';
const query = (link: string | null) => (link === null ? null : Object.fromEntries(new URL(link).searchParams));
const items = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('toPage', () => {
  it('links to its neighbours, filters kept', () => {
    const filters = { projectId: 'p', featureName: 'a & b', other: undefined };
    const page = toPage(LINK, filters, { offset: 10, limit: 5 }, { items: items(5), total: 20 });
    expect(page).toMatchObject({ count: 5, totalCount: 20, data: items(5) });
    expect(page.next?.startsWith(`${LINK}?projectId=p&`)).toBe(true);
    expect(query(page.next)).toEqual({ projectId: 'p', featureName: 'a & b', offset: '15', limit: '5' });
    expect(query(page.previous)).toEqual({ projectId: 'p', featureName: 'a & b', offset: '5', limit: '5' });
  });

  it.each([
    ['the whole', { offset: 0, limit: 0 }, 7, 7, null, null],
    ['the only page', { offset: 0, limit: 7 }, 7, 7, null, null],
    ['the first page', { offset: 0, limit: 3 }, 3, 7, { offset: '3', limit: '3' }, null],
    ['the last page', { offset: 6, limit: 3 }, 1, 7, null, { offset: '3', limit: '3' }],
    [
      'a page that begins inside the first',
      { offset: 2, limit: 3 },
      3,
      7,
      { offset: '5', limit: '3' },
      { offset: '0', limit: '3' },
    ],
    ['the rest', { offset: 2, limit: 0 }, 5, 7, null, { offset: '0', limit: '2' }],
    ['a page past the end', { offset: 9, limit: 3 }, 0, 7, null, { offset: '6', limit: '3' }],
  ])('of %s', (_what, paging, count, total, next, previous) => {
    const page = toPage(LINK, {}, paging, { items: items(count), total });
    expect([query(page.next), query(page.previous)]).toEqual([next, previous]);
  });
});
