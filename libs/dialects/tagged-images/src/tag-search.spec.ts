import { describe, expect, it } from '@jest/globals';
import { checkSearch, imageSearchQuery } from './tag-search.js';

describe('imageSearchQuery', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['|', []],
    ['a', ['a']],
    ['a|b', ['a', 'b']],
    ['||a||b|', ['a', 'b']],
    [
      ['a', '', 'b|c'],
      ['a', 'b', 'c'],
    ],
    [' | a ', [' ', ' a ']],
    ['%|_', ['%', '_']],
  ])('reads %j as the list %j', (text, items) => {
    const query = imageSearchQuery.parse({ exact_tags: text, match_tags: 'x' });
    expect(query).toEqual({ limit: 100, page: 0, uploaded_only: false, exact_tags: items, match_tags: ['x'] });
    expect(imageSearchQuery.parse({ match_tags: text }).match_tags).toEqual(items);
  });

  it('has the parameters of a list of images', () => {
    expect(imageSearchQuery.parse({ limit: '5', page: '2', start_timestamp: '7' })).toMatchObject({
      limit: 5,
      page: 2,
    });
    expect(imageSearchQuery.safeParse({ exact_tags: 'a', limit: '0' }).success).toBe(false);
    expect(imageSearchQuery.safeParse({ exact_tags: { $ne: 'a' } }).success).toBe(false);
  });
});

describe('checkSearch', () => {
  const check = (query: object) => () => checkSearch(imageSearchQuery.parse(query));

  it.each([{}, { exact_tags: '' }, { exact_tags: '|', match_tags: ['', '||'] }])(
    'refuses %j: no tag is named',
    (query) => {
      expect(check(query)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  it.each([{ exact_tags: 'a' }, { match_tags: '%' }, { exact_tags: '', match_tags: 'a' }])('takes %j', (query) => {
    expect(check(query)).not.toThrow();
  });
});
