import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import fc from 'fast-check';
import { requireSigningSecrets, type SignedTarget, signUrl, verifySignedUrl } from './signed-url.js';

const ORIGIN = 'https://images.example.org';
const SECRETS = ['the first secret of the two, 32 characters', 'the older secret, kept until all URLs expired'];
const NOW = 1_790_000_000;
const TARGET: SignedTarget = {
  method: 'PUT',
  workspace: '0123456789abcdef01234567',
  area: 'originals',
  id: '65f0c0ffee65f0c0ffee65f0',
  expiresAt: NOW + 3600,
};
const refused = expect.objectContaining({ name: 'DomainError', code: 'PERMISSION_DENIED' });
const sign = (target: SignedTarget, secrets = SECRETS) =>
  signUrl({ ...target, origin: ORIGIN }, secrets).slice(ORIGIN.length);
const verify = (method: string, url: string, secrets = SECRETS, now = NOW) =>
  verifySignedUrl(method, url, secrets, now);

/** Whether the URL is refused as it should be. Tens of thousands of `expect` calls take half a minute. */
function isRefused(method: string, url: string): boolean {
  try {
    verify(method, url);
    return false;
  } catch (error) {
    return DomainError.is(error, 'PERMISSION_DENIED');
  }
}

const targets: fc.Arbitrary<SignedTarget> = fc
  .record({
    method: fc.constantFrom<SignedTarget['method']>('GET', 'PUT'),
    workspace: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
    area: fc.stringMatching(/^[a-z]{1,32}$/),
    id: fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/),
    expiresAt: fc.integer({ min: NOW + 1, max: NOW + 100_000_000 }),
    disposition: fc.constantFrom<SignedTarget['disposition'][]>(undefined, 'attachment', 'inline'),
  })
  .map(({ disposition, ...rest }) => (disposition === undefined ? rest : { ...rest, disposition }));

describe('signed URLs', () => {
  it('look like this', () => {
    expect(signUrl({ ...TARGET, origin: ORIGIN, disposition: 'inline' }, SECRETS)).toMatch(
      /^https:\/\/images\.example\.org\/files\/0123456789abcdef01234567\/originals\/65f0c0ffee65f0c0ffee65f0\?expires=1790003600&method=put&disposition=inline&signature=[\w-]{43}$/,
    );
  });

  it('give back what was signed', () => {
    fc.assert(fc.property(targets, (target) => expect(verify(target.method, sign(target))).toEqual(target)));
  });

  it('are refused after a change of any single character, to any other', () => {
    const alphabet = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).concat('é', 'K', '\u{1f600}');
    for (const target of [TARGET, { ...TARGET, method: 'GET', disposition: 'inline' } satisfies SignedTarget]) {
      const url = sign(target);
      const accepted: string[] = [];
      for (let at = 0; at <= url.length; at += 1) {
        const altered = alphabet.flatMap((each) => [
          url.slice(0, at) + each + url.slice(at + 1),
          url.slice(0, at) + each + url.slice(at),
        ]);
        for (const each of [...altered, url.slice(0, at) + url.slice(at + 1)]) {
          if (each !== url && !isRefused(target.method, each)) accepted.push(each);
        }
      }
      expect(accepted).toEqual([]);
    }
  });

  it('are refused after any change', () => {
    const change = fc.tuple(targets, fc.nat(), fc.nat({ max: 5 }), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(change, ([target, position, removed, inserted]) => {
        const url = sign(target);
        const at = position % (url.length + 1);
        const altered = url.slice(0, at) + inserted + url.slice(at + removed);
        fc.pre(altered !== url);
        expect(isRefused(target.method, altered)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('cannot be assembled from the parts of two', () => {
    fc.assert(
      fc.property(targets, targets, (one, two) => {
        const [url, other] = [sign(one), sign(two)];
        fc.pre(url !== other);
        const swapped = url.slice(0, -43) + other.slice(-43);
        expect(isRefused(one.method, swapped)).toBe(true);
      }),
    );
  });

  it.each([
    ['an extra parameter', (url: string) => `${url}&x=1`],
    ['an extra parameter in front', (url: string) => url.replace('?', '?x=1&')],
    ['a repeated parameter', (url: string) => url.replace('&method=put', '&method=put&method=put')],
    ['another order', (url: string) => url.replace(/(expires=\d+)&(method=put)/, '$2&$1')],
    ['an encoded character', (url: string) => url.replace('originals', '%6Friginals')],
    ['a trailing slash', (url: string) => url.replace('?', '/?')],
    ['dot segments', (url: string) => url.replace('/originals/', '/x/../originals/')],
    ['a double slash', (url: string) => `/${url}`],
    ['an absolute form', (url: string) => ORIGIN + url],
    ['a fragment', (url: string) => `${url}#`],
    ['a padded signature', (url: string) => `${url}=`],
    ['a leading zero', (url: string) => url.replace('expires=', 'expires=0')],
    ['a longer life', (url: string) => url.replace(/expires=\d+/, `expires=${NOW + 7200}`)],
    ['another method', (url: string) => url.replace('method=put', 'method=get')],
    ['a disposition', (url: string) => url.replace('&signature', '&disposition=inline&signature')],
    ['no signature', (url: string) => url.replace(/&signature=.*/, '')],
    ['a line break', (url: string) => `${url}\n`],
    ['nothing', () => ''],
  ])('are refused with %s', (_, alter) => {
    for (const method of ['PUT', 'GET']) expect(() => verify(method, alter(sign(TARGET)))).toThrow(refused);
  });

  it('serve one method; HEAD counts as GET', () => {
    const [put, get] = [sign(TARGET), sign({ ...TARGET, method: 'GET' })];
    expect(verify('PUT', put).method).toBe('PUT');
    expect(verify('HEAD', get).method).toBe('GET');
    for (const method of ['GET', 'HEAD', 'put', 'POST', 'DELETE', ''])
      expect(() => verify(method, put)).toThrow(refused);
    for (const method of ['PUT', 'OPTIONS', 'head']) expect(() => verify(method, get)).toThrow(refused);
  });

  it('expire to the second, and say so', () => {
    const url = sign(TARGET);
    expect(verify('PUT', url, SECRETS, NOW + 3599.9)).toEqual(TARGET);
    for (const now of [NOW + 3600, NOW + 1e9, Number.NaN]) {
      expect(() => verify('PUT', url, SECRETS, now)).toThrow('This URL has expired.');
      expect(() => verify('PUT', url, SECRETS, now)).toThrow(refused);
    }
    expect(() => verify('GET', url, SECRETS, NOW + 3600)).toThrow('not valid for this request');
  });

  it('survive a rotation of the secrets until the old one is gone', () => {
    const old = sign(TARGET, [SECRETS[1] ?? '']);
    expect(verify('PUT', old)).toEqual(TARGET);
    expect(() => verify('PUT', old, [SECRETS[0] ?? ''])).toThrow(refused);
    expect(sign(TARGET)).toBe(sign(TARGET, [SECRETS[0] ?? '']));
  });

  it('are not signed by what the same secret says elsewhere', () => {
    const unsigned = sign(TARGET).replace(/&signature=.*/, '');
    const plain = createHmac('sha256', SECRETS[0] ?? '')
      .update(unsigned)
      .digest('base64url');
    expect(() => verify('PUT', `${unsigned}&signature=${plain}`)).toThrow(refused);
  });

  it.each([[[]], [['short']], [['x'.repeat(31)]], [[SECRETS[0] ?? '', '']]])(
    'do not start with the secrets %j',
    (secrets) => {
      const stopped = expect.objectContaining({ code: 'FAILED_PRECONDITION' });
      expect(() => requireSigningSecrets(secrets)).toThrow(stopped);
      expect(() => sign(TARGET, secrets)).toThrow(stopped);
      expect(() => verify('PUT', sign(TARGET), secrets)).toThrow(stopped);
      expect(() => requireSigningSecrets(['x'.repeat(32)])).not.toThrow();
    },
  );

  it.each([
    [{ id: '../x' }],
    [{ id: '' }],
    [{ id: 'x'.repeat(129) }],
    [{ id: 'a&b' }],
    [{ workspace: 'A' }],
    [{ area: 'a/b' }],
    [{ expiresAt: 1.5 }],
    [{ expiresAt: 0 }],
    [{ expiresAt: 1e12 }],
    [{ method: 'DELETE' as 'GET' }],
    [{ disposition: 'x' as 'inline' }],
    [{ origin: 'ftp://example.org' }],
    [{ origin: 'https://example.org/prefix' }],
    [{ origin: 'https://user@example.org' }],
    [{ origin: 'example.org' }],
  ])('are not made of %j', (part) => {
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => signUrl({ ...TARGET, origin: ORIGIN, ...part }, SECRETS)).toThrow(invalid);
  });
});
