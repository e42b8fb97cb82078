import { describe, expect, it } from '@jest/globals';
import { credentialsOf, usesBasic } from './credentials.js';

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('credentialsOf', () => {
  it.each([
    [{ authorization: 'Bearer id.secret' }],
    [{ authorization: 'bearer id.secret' }],
    [{ authorization: '  BEARER   id.secret  ' }],
    [{ authorization: 'Token id.secret' }],
    [{ authorization: 'id.secret' }],
    [{ 'x-api-key': 'id.secret' }],
    [{ 'x-api-key': ' id.secret ' }],
    [{ 'training-key': 'id.secret' }],
    [{ 'prediction-key': 'id.secret' }],
    [{ 'ocp-apim-subscription-key': 'id.secret' }],
    [basic(':id.secret')],
    [basic('id.secret')],
  ])('reads the key in %j', (headers) => {
    expect(credentialsOf(headers)).toEqual(['id.secret']);
  });

  it('reads Basic as id and secret, or as any user with a bare secret', () => {
    expect(credentialsOf(basic('id:secret'))).toEqual(['id.secret', 'secret']);
    expect(credentialsOf(basic('id:se:cret'))).toEqual(['id.se:cret', 'se:cret']);
  });

  it('reads Basic in both encodings that clients use', () => {
    const sent = (encoding: BufferEncoding) => ({
      authorization: `basic ${Buffer.from('id:clé', encoding).toString('base64')}`,
    });
    expect(credentialsOf(sent('latin1'))).toEqual(['id.clé', 'clé']);
    expect(credentialsOf(sent('utf8'))).toEqual(['id.clé', 'clé', 'id.clÃ©', 'clÃ©']);
  });

  it('takes nothing but Basic with user and password where that is asked for', () => {
    expect(credentialsOf(basic('id:se:cret'), { basicOnly: true })).toEqual(['id.se:cret', 'se:cret']);
    expect(
      credentialsOf({ authorization: basic('id:secret').authorization.replace('B', 'b') }, { basicOnly: true }),
    ).toHaveLength(2);
    for (const authorization of ['Bearer id.secret', 'Token id.secret', 'id.secret', basic('id.secret').authorization])
      expect(credentialsOf({ authorization }, { basicOnly: true })).toEqual(['-']);
    expect(credentialsOf({}, { basicOnly: true })).toEqual([]);
    expect(credentialsOf({ 'x-api-key': 'id.secret' }, { basicOnly: true })).toEqual(['id.secret']);
  });

  it('takes a header of the API itself before Authorization, unless it is empty', () => {
    const keyHeaders = ['training-key', 'prediction-key'];
    const foreign = { authorization: 'Bearer a', 'x-api-key': 'b' };
    for (const header of keyHeaders)
      expect(credentialsOf({ ...foreign, [header]: ' own ' }, { keyHeaders })).toEqual(['own']);
    expect(credentialsOf({ ...foreign, 'training-key': ' ' }, { keyHeaders })).toEqual(['a']);
    expect(credentialsOf({ ...foreign, 'training-key': 'own' })).toEqual(['a']);
    expect(credentialsOf({ authorization: 'Basic !', 'training-key': 'own' }, { keyHeaders })).toEqual(['own']);
  });

  it('takes the Authorization header before others', () => {
    expect(credentialsOf({ authorization: 'Bearer a', 'x-api-key': 'b' })).toEqual(['a']);
    expect(credentialsOf({ 'x-api-key': 'b', 'training-key': 'c' })).toEqual(['b']);
  });

  it.each([[{}], [{ authorization: '' }], [{ authorization: '  ' }], [{ 'x-api-key': '' }], [{ cookie: 'key=a' }]])(
    'finds none in %j',
    (headers) => {
      expect(credentialsOf(headers)).toEqual([]);
    },
  );

  it.each(['Bearer', 'Token ', 'Basic', 'Basic !!!', 'Digest'])(
    'takes %j for a credential that no key has, not for none',
    (authorization) => {
      const found = credentialsOf({ authorization });
      expect(found.length).toBeGreaterThan(0);
      expect(found.every((text) => text.length > 0)).toBe(true);
    },
  );

  it('cuts what is too long for a key', () => {
    for (const headers of [
      { authorization: `Bearer ${'a'.repeat(9000)}` },
      basic(`${'u'.repeat(900)}:${'p'.repeat(900)}`),
    ]) {
      const found = credentialsOf(headers);
      expect(found.length).toBeLessThanOrEqual(2);
      expect(Math.max(...found.map((text) => text.length))).toBe(500);
    }
  });
});

describe('usesBasic', () => {
  it.each([
    [{ authorization: 'Basic eDp5' }, true],
    [{ authorization: '  bASIC eDp5' }, true],
    [{ authorization: 'Bearer eDp5' }, false],
    [{ authorization: 'Basically x' }, false],
    [{ authorization: 'Basic eDp5', 'x-own': 'key' }, false],
    [{}, false],
  ])('of %j is %s', (headers, expected) => {
    expect(usesBasic(headers, { keyHeaders: ['x-own'] })).toBe(expected);
  });
});
