import { describe, expect, it } from '@jest/globals';
import fastify from 'fastify';
import {
  checkStructure,
  isWellFormed,
  JSON_DEPTH_LIMIT,
  JSON_VALUE_LIMIT,
  registerStreamParsers,
} from './json-body.js';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('checkStructure', () => {
  it('takes what is at the limit and refuses one more', () => {
    expect(() => checkStructure(nested(JSON_DEPTH_LIMIT))).not.toThrow();
    expect(() => checkStructure(nested(JSON_DEPTH_LIMIT + 1))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(() => checkStructure(nested(200))).toThrow();
  });

  it('does not count brackets inside strings, escaped quotes included', () => {
    expect(() => checkStructure(JSON.stringify({ a: '['.repeat(100), b: '\\"' + '{'.repeat(100) }))).not.toThrow();
    expect(() => checkStructure(`{"a":"\\\\","b":${nested(JSON_DEPTH_LIMIT)}}`)).toThrow();
  });

  it('counts depth, not the number of brackets', () => {
    expect(() => checkStructure(`[${'[],'.repeat(1000)}[]]`)).not.toThrow();
  });

  it('refuses more values than anybody needs, whatever they are', () => {
    const numbers = (count: number) => `[${'1,'.repeat(count - 1)}1]`;
    expect(() => checkStructure(numbers(JSON_VALUE_LIMIT - 1))).not.toThrow();
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => checkStructure(numbers(JSON_VALUE_LIMIT))).toThrow(refused);
    expect(() => checkStructure(`[${'{},'.repeat(JSON_VALUE_LIMIT)}{}]`)).toThrow(refused);
    expect(() => checkStructure(`{${'"a":1,'.repeat(JSON_VALUE_LIMIT)}"b":1}`)).toThrow(refused);
    expect(() => checkStructure(JSON.stringify({ a: ',:'.repeat(JSON_VALUE_LIMIT) }))).not.toThrow();
  });
});

describe('isWellFormed', () => {
  it.each([['text'], ['\u{1f600}'], [5], [null], [[]], [{ a: [{ '\u{1f600}': 'é' }] }]])('takes %j', (value) => {
    expect(isWellFormed(value)).toBe(true);
  });

  it.each([['a\ud800'], ['\udc00\ud800'], [['a', ['\udfff']]], [{ a: { b: '\ud83d' } }], [{ '\ud83d': 1 }]])(
    'refuses %j',
    (value) => {
      expect(isWellFormed(value)).toBe(false);
    },
  );
});

describe('registerStreamParsers', () => {
  it.each([
    ['multipart/form-data', { multipart: true }],
    ['application/json', { multipart: false }],
  ])('asks for %s where a route with %j is sent raw bytes', async (wanted, config) => {
    const server = fastify();
    registerStreamParsers(server);
    server.setErrorHandler((error: Error, _request, reply) => reply.send({ message: error.message }));
    server.post('/', { config }, () => ({}));

    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await server.inject({ method: 'POST', url: '/', headers, payload: 'x' });

    expect(answer.json()).toEqual({ message: `Send the body as ${wanted}.` });
  });
});
