import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, json, send } from './support/http.js';
import { unknownBytes } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { errorShape, expectRefusal, TaggedImages, type ImageRecord } from './support/tagged-images.js';

const system = sharedSystem();

/** What the images are called, and their tags; oldest first. */
const IMAGES: Readonly<Record<string, readonly string[]>> = {
  tabby: ['cat', 'Indoors', 'a_b'],
  tom: ['Cat', 'category', 'outdoors'],
  rex: ['dog', 'outdoors', '100%'],
  large: ['GRÖSSE', 'axb', 'a.c'],
  small: ['größe', 'abc', 'a\\b'],
  greek: ['ΟΔΟΣ', 'ΣΊΣΥΦΟΣ', 'ß'],
  desert: ['𐐀lpha', 'e\u0301clair', 'İzmir'],
  fox: ['🦊 fox', ' spaced ', 'C++', 'a*c', '__proto__'],
  blank: [],
};

let client: TaggedImages;
let records: readonly ImageRecord[];
beforeAll(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
  const [first = '', ...others] = Object.keys(IMAGES);
  const make = async (filename: string) => {
    const fields = { filename, tags: IMAGES[filename] };
    if (filename === 'tom' || filename === 'blank') await client.create(fields);
    else await client.upload(unknownBytes(), fields);
  };
  await make(first);
  await sleep(1100);
  for (const filename of others) await make(filename);
  // A tag without an image, and images of somebody else with the same tags.
  await client.makeTag('cathedral');
  const other = await TaggedImages.inFreshWorkspace(system);
  for (const tags of Object.values(IMAGES)) await other.create({ tags });
  records = (await client.page()).results;
});

/** The names of what is found, oldest first as above. */
async function found(query: string): Promise<string[]> {
  const { results, meta } = await client.search(query);
  expect(meta).toEqual({ current_page: 0, has_more_pages: false, total_results: results.length });
  const ids = results.map(({ id }) => id);
  expect(ids).toEqual([...ids].sort((a, b) => b - a));
  return results.map(({ filename }) => filename).reverse();
}

const list = (...items: string[]) => items.map(encodeURIComponent).join('|');

describe('GET /search/images', () => {
  it('answers a page of whole records, newest first', async () => {
    const { results, meta } = await client.search('match_tags=%25');
    const withoutUrl = ({ url: _, ...record }: ImageRecord) => record;
    expect(results.map(withoutUrl)).toEqual(records.filter(({ tags }) => tags.length > 0).map(withoutUrl));
    expect(meta).toEqual({ current_page: 0, has_more_pages: false, total_results: 8 });
    for (const { url } of results) if (url !== null) expect((await send('GET', url)).status).toBe(200);
  });

  it.each([
    'x=1',
    'exact_tags=',
    'match_tags=',
    'exact_tags=&match_tags=',
    'exact_tags=|&match_tags=||',
    'exact_tags=%7C',
    'exact_tags&match_tags',
    'tags=cat',
    'Exact_Tags=cat',
  ])('refuses a search without a single tag: ?%s', async (query) => {
    expectRefusal(await client.get(`/search/images?${query}`), 400);
    expectRefusal(await client.get('/search/images'), 400);
  });

  it('takes the parameter that is not used as empty', async () => {
    expect(await found('exact_tags=cat&match_tags=')).toEqual(['tabby']);
    expect(await found('exact_tags=&match_tags=dog')).toEqual(['rex']);
  });
});

describe('exact_tags', () => {
  it.each([
    ['is case-sensitive', 'exact_tags=cat', ['tabby']],
    ['is case-sensitive, the other way', 'exact_tags=Cat', ['tom']],
    ['finds nothing in another case', 'exact_tags=CAT', []],
    ['wants all of them on the image', 'exact_tags=dog|outdoors', ['rex']],
    ['finds nothing when one is on another image', 'exact_tags=cat|outdoors', []],
    ['finds nothing when one does not exist', 'exact_tags=dog|nothing', []],
    ['takes %7C for the delimiter too', 'exact_tags=dog%7Coutdoors', ['rex']],
    ['adds up when it is repeated', 'exact_tags=outdoors&exact_tags=dog', ['rex']],
    ['adds up when it is repeated, delimited too', 'exact_tags=outdoors|&exact_tags=|dog|100%25', ['rex']],
    ['drops empty items', 'exact_tags=||dog||outdoors|', ['rex']],
    ['may name one twice', 'exact_tags=dog|dog', ['rex']],
    ['has no wildcards', 'exact_tags=ca%25', []],
    ['finds a % in a name', 'exact_tags=100%25', ['rex']],
    ['takes a bare % literally', 'exact_tags=100%', ['rex']],
    ['finds names by the whole', 'exact_tags=do', []],
    ['minds white space around', 'exact_tags=spaced', []],
    ['reads + as a blank', 'exact_tags=+spaced+', ['fox']],
    ['reads an escaped + as one', 'exact_tags=C%2B%2B', ['fox']],
    ['knows no prototype', 'exact_tags=__proto__', ['fox']],
    ['takes constructor for a name like any other', 'exact_tags=constructor', []],
    ['bears NUL', 'exact_tags=cat%00', []],
    ['is no place for operators', 'exact_tags[$ne]=cat&exact_tags=dog', ['rex']],
    ['finds a name with an emoji', `exact_tags=${list('🦊 fox')}`, ['fox']],
  ])('%s', async (_what, query, names) => {
    expect(await found(query)).toEqual(names);
  });

  it.each(Object.values(IMAGES).flat())('finds an image by its tag %j: no character is special', async (name) => {
    expect(await found(`exact_tags=${encodeURIComponent(name)}`)).toEqual(
      Object.keys(IMAGES).filter((image) => IMAGES[image]?.includes(name)),
    );
  });

  it('finds nothing by names that are longer than any', async () => {
    expect(await found(`exact_tags=${'x'.repeat(500)}`)).toEqual([]);
  });
});

describe('match_tags', () => {
  it.each([
    ['is case-insensitive', 'match_tags=cat', ['tabby', 'tom']],
    ['is case-insensitive, whatever is asked for', 'match_tags=CAT', ['tabby', 'tom']],
    ['takes % for any run of characters', 'match_tags=cat%25', ['tabby', 'tom']],
    ['takes % for no character', 'match_tags=dog%25', ['rex']],
    ['takes % in the middle', 'match_tags=c%25y', ['tom']],
    ['takes % at the beginning', 'match_tags=%25doors', ['tabby', 'tom', 'rex']],
    ['takes % at both ends', 'match_tags=%25door%25', ['tabby', 'tom', 'rex']],
    ['is anchored at the beginning', 'match_tags=ategory', []],
    ['is anchored at the end', 'match_tags=categor', []],
    ['wants every pattern to match a tag', 'match_tags=cat%25|out%25', ['tom']],
    ['lets one tag match several patterns', 'match_tags=cat%25|%25at|c%25t', ['tabby', 'tom']],
    ['finds nothing when one matches no tag', 'match_tags=cat|x%25', []],
    ['takes %7C for the delimiter too', 'match_tags=cat%7Cout%25', ['tom']],
    ['adds up when it is repeated', 'match_tags=cat%25&match_tags=out%25', ['tom']],
    ['drops empty items', 'match_tags=|cat||', ['tabby', 'tom']],
    ['finds every image that has a tag by % alone', 'match_tags=%25&exact_tags=', Object.keys(IMAGES).slice(0, -1)],
    ['takes _ literally', 'match_tags=a_b', ['tabby']],
    ['takes . literally', 'match_tags=a.c', ['large']],
    ['takes * literally', 'match_tags=a*c', ['fox']],
    ['takes \\ literally', 'match_tags=a%5Cb', ['small']],
    ['takes \\ literally before %', 'match_tags=a%5C%25', ['small']],
    ['finds a % by a wildcard', 'match_tags=100%25', ['rex']],
    ['knows no regular expressions', 'match_tags=.*', []],
    ['knows no classes', 'match_tags=[a-z]at', []],
    ['folds beyond ASCII', `match_tags=${list('grösse')}`, ['large']],
    ['folds beyond ASCII, the other way', `match_tags=${list('GRÖẞE')}`, ['small']],
    ['folds a sigma at the end of a word', `match_tags=${list('οδος')}`, ['greek']],
    ['folds a sigma before a wildcard', `match_tags=${list('ΟΔΟΣ%')}`, ['greek']],
    ['folds sigmas in the middle', `match_tags=${list('σίσυφος')}`, ['greek']],
    ['does not take ß for ss', 'match_tags=ss', []],
    ['folds letters beyond U+FFFF', `match_tags=${list('𐐨LPHA')}`, ['desert']],
    ['takes one normal form for the other', `match_tags=${list('Éclair')}`, ['desert']],
    ['folds a dotted capital i to itself', `match_tags=${list('İZMİR')}`, []],
    ['folds a dotted capital i where it is', `match_tags=${list('İZMIR')}`, ['desert']],
    ['takes an emoji', `match_tags=${list('🦊%')}`, ['fox']],
    ['minds white space around', 'match_tags=spaced', []],
    ['finds white space by a wildcard', 'match_tags=%25spaced%25', ['fox']],
  ])('%s', async (_what, query, names) => {
    expect(await found(query)).toEqual(names);
  });

  it.each([
    ['at the end', 'match_tags=cat%', ['tabby', 'tom']],
    ['before the next parameter', 'match_tags=cat%&exact_tags=outdoors', ['tom']],
    ['before letters that are no digits', 'match_tags=out%oors', ['tom', 'rex']],
    ['before one digit', 'match_tags=%1', []],
    ['at both ends', 'match_tags=%door%', ['tabby', 'tom', 'rex']],
    ['before the delimiter', 'match_tags=cat%|out%', ['tom']],
    ['before an escaped delimiter', 'match_tags=cat%%7Cout%', ['tom']],
    ['beside escapes of other characters', 'match_tags=gr%C3%B6%e', ['large', 'small']],
    ['before what would be an escape, but of no character', 'match_tags=%ca%te%', ['tom']],
    ['alone', 'match_tags=%', Object.keys(IMAGES).slice(0, -1)],
    ['twice', 'match_tags=%%', Object.keys(IMAGES).slice(0, -1)],
  ])('takes a bare %% literally, %s', async (_where, query, names) => {
    expect(await found(query)).toEqual(names);
  });

  it('refuses letters that are not escaped at all, which no URL has', async () => {
    const { status, body } = await exchange(
      system.url,
      'GET /v1/search/images?match_tags=größe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );
    expect({ status, body: JSON.parse(body) as unknown }).toEqual({ status: 400, body: errorShape(400) });
  });

  it('finds what was tagged a moment ago, and not what has just lost its tag', async () => {
    const own = await TaggedImages.inFreshWorkspace(system);
    for (let n = 0; n < 5; n += 1) {
      expect((await own.search('match_tags=new%25')).meta.total_results).toBe(0);
      const { id } = await own.create({ tags: [`new ${n}`] });
      expect((await own.search('match_tags=NEW%25')).results.map((record) => record.id)).toEqual([id]);
      await own.put(`/images/${id}`, { tags: [] });
    }
    expect((await own.search('match_tags=%25')).meta.total_results).toBe(0);
  });

  const hostile: [string, string][] = [
    ['many wildcards in one', '%25a'.repeat(1500)],
    ['wildcards only', '%25'.repeat(4000)],
    ['bare wildcards only', '%'.repeat(12_000)],
    ['nested quantifiers', '(a%2B)%2B$'],
    ['an alternation', '(a|a)*'],
    ['a long run', 'a'.repeat(12_000)],
  ];
  it.each(hostile)('is not made slow by %s', async (_what, pattern) => {
    const own = await TaggedImages.inFreshWorkspace(system);
    const tags = Array.from({ length: 100 }, (_, n) => `${'a'.repeat(150)} ${n}`);
    await own.create({ tags });
    const started = performance.now();
    const answer = await own.get(`/search/images?match_tags=${pattern}`);
    expect([200, 400]).toContain(answer.status);
    // Milliseconds: a hundred times what it takes, and nothing to what going back through the names would.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('takes 8 patterns with wildcards, and refuses a ninth in clear words', async () => {
    const eight = ['c%25', 'ca%25', 'cat%25', '%25t', '%25at', '%25cat', 'c%25t', '%25a%25'].join('|');
    expect(await found(`match_tags=${eight}`)).toEqual(['tabby', 'tom']);
    expect(await found(`match_tags=${eight}|C%25|%25|cat`)).toEqual(['tabby', 'tom']);
    const answer = await client.get(`/search/images?match_tags=${eight}|c%25a%25`);
    expectRefusal(answer, 400);
    expect(json<{ message: string }>(answer).message).toContain('8');
  });

  it('takes 100 conditions, and refuses more in clear words', async () => {
    const names = Array.from({ length: 100 }, (_, n) => `name ${n}`);
    expect(await found(`exact_tags=${list(...names)}`)).toEqual([]);
    const answer = await client.get(`/search/images?exact_tags=${list(...names, 'one more')}`);
    expectRefusal(answer, 400);
    expect(json<{ message: string }>(answer).message).toContain('100');
  });
});

describe('exact_tags and match_tags together', () => {
  it.each([
    ['both must hold', 'exact_tags=Cat&match_tags=out%25', ['tom']],
    ['the exact one fails', 'exact_tags=dog&match_tags=cat%25', []],
    ['the pattern fails', 'exact_tags=dog&match_tags=in%25', []],
    ['of one tag', 'exact_tags=cat&match_tags=cat', ['tabby']],
  ])('%s', async (_what, query, names) => {
    expect(await found(query)).toEqual(names);
  });
});

describe('filters and paging of a search', () => {
  const shown = async (query: string) => (await client.search(query)).results.map(({ filename }) => filename);
  const createdAt = (name: string) => records.find(({ filename }) => filename === name)?.created_timestamp ?? NaN;

  it('filters by both bounds, inclusive', async () => {
    const [first, then] = [createdAt('tabby'), createdAt('tom')];
    expect(then).toBeGreaterThan(first);
    expect(await shown(`match_tags=cat&start_timestamp=${first}&end_timestamp=${first}`)).toEqual(['tabby']);
    expect(await shown(`match_tags=cat&start_timestamp=${first + 1}`)).toEqual(['tom']);
    expect(await shown(`match_tags=cat&end_timestamp=${then - 1}`)).toEqual(['tabby']);
    expect(await shown(`match_tags=cat&start_timestamp=${first}`)).toEqual(['tom', 'tabby']);
    expect(await shown(`match_tags=cat&start_timestamp=${then + 3600}`)).toEqual([]);
  });

  it('takes 0 for no bound, and start after end for nothing', async () => {
    expect(await shown('match_tags=cat&start_timestamp=0&end_timestamp=0')).toEqual(['tom', 'tabby']);
    expect(await shown(`match_tags=cat&start_timestamp=${createdAt('tom')}&end_timestamp=1`)).toEqual([]);
  });

  it('shows with uploaded_only what has a file', async () => {
    for (const value of ['true', '1']) expect(await shown(`match_tags=cat&uploaded_only=${value}`)).toEqual(['tabby']);
    for (const value of ['false', '0']) expect(await shown(`match_tags=cat&uploaded_only=${value}`)).toHaveLength(2);
    expect((await client.search('match_tags=%25&uploaded_only=true')).meta.total_results).toBe(7);
  });

  it('counts pages from 0, and all matches', async () => {
    const pages = [];
    for (const page of [0, 1, 2, 3]) pages.push(await client.search(`match_tags=%25&limit=3&page=${page}`));
    expect(pages.flatMap(({ results }) => results.map(({ id }) => id))).toEqual(
      records.filter(({ tags }) => tags.length > 0).map(({ id }) => id),
    );
    expect(pages.map(({ meta }) => meta)).toEqual(
      [true, true, false, false].map((has_more_pages, current_page) => ({
        current_page,
        has_more_pages,
        total_results: 8,
      })),
    );
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'page=-1',
    'start_timestamp=now',
    'end_timestamp=1.5',
    'uploaded_only=yes',
  ])('refuses %s', async (parameter) => {
    expectRefusal(await client.get(`/search/images?match_tags=cat&${parameter}`), 400);
  });
});
