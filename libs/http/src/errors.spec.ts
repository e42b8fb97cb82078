import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { asHttpFailure, schemaFailure } from './errors.js';

describe('asHttpFailure', () => {
  it('leaves domain errors as they are', () => {
    const error = new DomainError('CONFLICT', 'Twice.');
    expect(asHttpFailure(error)).toBe(error);
  });

  it.each([
    [{ statusCode: 400, message: 'bad' }, 'INVALID_ARGUMENT', 'bad'],
    [{ statusCode: 415, message: '' }, 'UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.'],
    [{ statusCode: 400, message: '' }, 'INVALID_ARGUMENT', 'The request is not valid.'],
    [{ getStatus: () => 404, message: 'Cannot GET /secret' }, 'NOT_FOUND', 'There is nothing here.'],
    [{ statusCode: 413, message: 'much' }, 'PAYLOAD_TOO_LARGE', 'much'],
    [{ statusCode: 417, message: 'odd' }, 'INVALID_ARGUMENT', 'odd'],
  ])('reads the status of %j', (error, code, message) => {
    expect(asHttpFailure(error)).toMatchObject({ code, message });
  });

  it('repeats no URL', () => {
    const url = '/v1/images/%zz';
    for (const error of [
      { code: 'FST_ERR_BAD_URL', statusCode: 400, message: `'${url}' is not a valid url component` },
      { code: 'FST_ERR_MAX_PARAM_LENGTH', statusCode: 414, message: `'${url}' is exceeding the max param length` },
    ]) {
      expect(asHttpFailure(error).message).not.toContain(url);
      expect(asHttpFailure(error).code).not.toBe('INTERNAL');
    }
  });

  it.each([
    new Error('secret'),
    { statusCode: 500, message: 'secret' },
    { statusCode: 200 },
    'secret',
    null,
    undefined,
  ])('tells nothing of %p', (thrown) => {
    const failure = asHttpFailure(thrown);
    expect(failure.code).toBe('INTERNAL');
    expect(failure.message).not.toContain('secret');
    expect(failure.cause).toBe(thrown);
  });
});

describe('schemaFailure', () => {
  it('names the field of the first complaint', () => {
    const failure = schemaFailure([{ message: 'too long', path: ['tags', { key: 0 }] }, { message: 'other' }]);
    expect(failure).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'tags.0: too long',
      details: { field: 'tags.0' },
    });
  });

  it('needs neither field nor complaint', () => {
    expect(schemaFailure([{ message: 'Send one of both.' }]).message).toBe('Send one of both.');
    expect(schemaFailure([]).message).toBe('The request is not valid.');
  });
});
