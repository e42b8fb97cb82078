import { describe, expect, it } from '@jest/globals';
import { acceptsGzip } from './accepts-gzip.js';

describe('acceptsGzip', () => {
  it.each(['gzip', 'GZIP', 'deflate, gzip', 'br;q=1, gzip;q=0.1', '*', 'identity, *;q=0.5', 'gzip ; q=1', 'x-gzip'])(
    'is true for %s',
    (value) => expect(acceptsGzip({ headers: { 'accept-encoding': value } })).toBe(true),
  );

  it.each(['', 'identity', 'gzip;q=0', 'gzip;q=0.000', '*;q=0', 'gzip;q=0, *', 'br', 'gzip;q=x', 'zgzip'])(
    'is false for "%s"',
    (value) => expect(acceptsGzip({ headers: { 'accept-encoding': value } })).toBe(false),
  );

  it('is false without the header', () => expect(acceptsGzip({ headers: {} })).toBe(false));
});
