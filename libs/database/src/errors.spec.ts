import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { asDomainError, isDuplicateKey } from './errors.js';
import { notFound, toObjectId } from './identifiers.js';

const named = (name: string, more: object = {}) => Object.assign(new Error('secret host'), { name, ...more });
const labelled = (label: string) => named('MongoServerError', { hasErrorLabel: (asked: string) => asked === label });

describe('asDomainError', () => {
  it.each([
    ['a lost connection', named('MongoNetworkError')],
    ['a network time-out', named('MongoNetworkTimeoutError')],
    ['no server', named('MongoServerSelectionError')],
    ['no server, as mongoose says it', named('MongooseServerSelectionError')],
    ['an election', named('MongoServerError', { code: 10107 })],
    ['a write conflict', named('MongoServerError', { code: 112 })],
    ['a time limit', named('MongoOperationTimeoutError')],
    ['an unknown outcome', labelled('UnknownTransactionCommitResult')],
    ['a transient one', labelled('TransientTransactionError')],
    ['a connection that breaks under a write', named('Error', { code: 'EPIPE' })],
    ['a bulk write without a connection', named('MongoBulkWriteError', { writeErrors: [] })],
    ['a wrapped lost connection', named('MongoDriverError', { cause: named('MongoNetworkError') })],
    [
      'a server without its configuration yet',
      named('MongoServerError', { code: 20, message: 'Transaction numbers are only allowed on a replica set member' }),
    ],
    ['mongoose before its first connection', named('MongooseError', { message: 'before initial connection' })],
  ])('makes %s UNAVAILABLE, with its cause and without its words', (_what, error) => {
    const result = asDomainError(error) as DomainError;
    expect(result).toMatchObject({ name: 'DomainError', code: 'UNAVAILABLE', cause: error });
    expect(result.message).not.toContain('secret');
  });

  it.each([
    ['a domain error', new DomainError('NOT_FOUND', 'no')],
    ['a duplicate key', named('MongoServerError', { code: 11000 })],
    ['a bulk write that a unique index refused', named('MongoBulkWriteError', { code: 11000, writeErrors: [{}] })],
    ['an illegal operation', named('MongoServerError', { code: 20 })],
    ['a failed validation', named('ValidationError')],
    ['a misuse of mongoose', named('MongooseError', { message: '$where is not allowed with sanitizeFilter' })],
    ['a defect', new TypeError('x is not a function')],
    ['text', 'text'],
    ['nothing', undefined],
  ])('leaves %s as it is', (_what, error) => {
    expect(asDomainError(error)).toBe(error);
  });
});

it('isDuplicateKey knows the code of a unique index only', () => {
  expect(isDuplicateKey(named('MongoServerError', { code: 11000 }))).toBe(true);
  expect(isDuplicateKey(named('MongoServerError', { code: 112 }))).toBe(false);
  expect(isDuplicateKey(undefined)).toBe(false);
});

describe('toObjectId', () => {
  it('reads a canonical id', () => {
    expect(toObjectId('0123456789abcdef01234567', 'image').toHexString()).toBe('0123456789abcdef01234567');
  });

  it.each(['', '0123456789ABCDEF01234567', '0123456789ab', '0123456789abcdef0123456z', '__proto__'])(
    'answers %j as it answers an unknown id',
    (id) => {
      expect(() => toObjectId(id, 'image')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
      expect(() => toObjectId(id, 'image')).toThrow(notFound('image').message);
    },
  );
});
