import { describe, expect, it } from '@jest/globals';
import { imageKeyOf, queryOf } from './blob-key.js';

const EVENT = '0123456789abcdef01234567';
const keyIn = (query: string) => new URLSearchParams(query).get('blob_key') ?? undefined;

describe('the query of an image', () => {
  it.each([
    [EVENT, 0, 'blob_key=ASNFZ4mrze8BI0VnAAA'],
    [EVENT, 1, 'blob_key=ASNFZ4mrze8BI0VnAAE'],
    ['f'.repeat(24), 65_535, 'blob_key=__________________8'],
  ])('names the event and the sample', (eventId, sample, query) => {
    expect(queryOf({ eventId, sample })).toBe(query);
    expect(imageKeyOf(keyIn(query))).toEqual({ eventId, sample });
  });

  it('survives the frontend, which writes it again and adds parameters', () => {
    const rewritten = new URLSearchParams(queryOf({ eventId: EVENT, sample: 7 }));
    rewritten.append('ts', '1700000500');
    expect(imageKeyOf(keyIn(rewritten.toString()))).toEqual({ eventId: EVENT, sample: 7 });
  });

  it.each([
    undefined,
    '',
    'xyz',
    '%%%',
    '../../etc/passwd',
    'ASNFZ4mrze8BI0VnAA',
    'ASNFZ4mrze8BI0VnAAAA',
    // Another spelling of the same bytes.
    'ASNFZ4mrze8BI0VnAAB',
    'ASNFZ4mrze8BI0VnAAA=',
    ' ASNFZ4mrze8BI0VnAAA',
  ])('is refused when its key is %j', (key) => {
    expect(() => imageKeyOf(key)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
