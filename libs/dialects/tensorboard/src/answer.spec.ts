import { describe, expect, it } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { acceptsGzip, Answer } from './answer.js';

describe('acceptsGzip', () => {
  it.each(['gzip', 'GZIP', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.8', '*', 'identity;q=0, *;q=0.1', 'x-gzip'])(
    'finds it in %j',
    (header) => {
      expect(acceptsGzip(header)).toBe(true);
    },
  );

  it.each([undefined, '', 'identity', 'gzip;q=0', 'gzip; q=0.000, identity', '*;q=0', 'gzip;q=0, *', 'br', 'gzip;q=x'])(
    'does not find it in %j',
    (header) => {
      expect(acceptsGzip(header)).toBe(false);
    },
  );
});

describe('Answer', () => {
  it('is compressed once', async () => {
    const answer = new Answer('["ä"]'.repeat(1000));
    const [one, other] = await Promise.all([answer.compressed(), answer.compressed()]);
    expect(one).toBe(other);
    expect(gunzipSync(one).toString()).toBe('["ä"]'.repeat(1000));
    expect(answer.body.length + one.length).toBeLessThan(answer.size);
  });
});
