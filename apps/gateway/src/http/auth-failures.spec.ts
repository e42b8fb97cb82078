import { describe, expect, it } from '@jest/globals';
import { AuthFailures, networkOf } from './auth-failures.js';

const [LIMIT, ADDRESS_LIMIT] = [3, 10];
const failures = () => new AuthFailures({ AUTH_FAILURE_LIMIT: LIMIT, AUTH_FAILURE_ADDRESS_LIMIT: ADDRESS_LIMIT });
const caller = (keyId: string, address = '192.0.2.1', secret = 's') => ({ address, keyId, hash: `${keyId}.${secret}` });
const isLimited = (all: AuthFailures, who: ReturnType<typeof caller>) => {
  try {
    all.check(who);
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfter: 10 } });
    return true;
  }
};

describe('AuthFailures', () => {
  it('limits the key id that was wrong too often, at its address only', () => {
    const all = failures();
    for (let i = 0; i < LIMIT; i++) {
      expect(isLimited(all, caller('a'))).toBe(false);
      all.count(caller('a', '192.0.2.1', String(i)));
    }
    expect(isLimited(all, caller('a'))).toBe(true);
    expect(isLimited(all, caller('b'))).toBe(false);
    expect(isLimited(all, caller('a', '192.0.2.2'))).toBe(false);
  });

  it('limits an address that varies the key id, except for keys that were good', () => {
    const all = failures();
    all.remember(caller('good'));
    for (let i = 0; i < ADDRESS_LIMIT; i++) all.count(caller(`guess-${i}`));
    expect(isLimited(all, caller('new'))).toBe(true);
    expect(isLimited(all, caller('good'))).toBe(false);
    // The id of a good key is not its secret.
    expect(isLimited(all, caller('good', '192.0.2.1', 'guess'))).toBe(true);
    expect(isLimited(all, caller('new', '192.0.2.2'))).toBe(false);
  });

  it('forgets a good key that was revoked', () => {
    const all = failures();
    all.remember(caller('a'));
    for (let i = 0; i < LIMIT; i++) all.count(caller('a'));
    expect(isLimited(all, caller('a'))).toBe(true);
  });

  it('counts the addresses of one IPv6 network together', () => {
    const all = failures();
    for (let i = 0; i < LIMIT; i++) all.count(caller('a', `2001:db8::${i}`));
    expect(isLimited(all, caller('a', '2001:db8:0:0:ffff::1'))).toBe(true);
    expect(isLimited(all, caller('a', '2001:db8:0:1::1'))).toBe(false);
  });

  it('keeps a bounded number of counters', () => {
    const all = failures();
    for (let i = 0; i < 60_000; i++) all.count(caller(`id-${i}`, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
    // The first ones are forgotten: that is what a bound costs.
    for (const map of Object.values(all as unknown as Record<string, { size?: number }>))
      expect(map.size ?? 0).toBeLessThanOrEqual(20_000);
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ])('%s is in %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
