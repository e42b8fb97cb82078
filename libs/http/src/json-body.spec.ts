import { describe, expect, it } from '@jest/globals';
import { checkStructure, drain, isWellFormed, JSON_DEPTH_LIMIT, JSON_VALUE_LIMIT, readWhole } from './json-body.js';

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

async function* chunks(...sizes: number[]): AsyncGenerator<Buffer> {
  for (const size of sizes) yield Buffer.alloc(size, 1);
}

describe('readWhole', () => {
  it('reads up to the limit, and drains before it refuses', async () => {
    expect(await readWhole(chunks(3, 4), 7)).toHaveLength(7);
    const source = chunks(5, 5, 5);
    await expect(readWhole(source, 7)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect((await source.next()).done).toBe(true);
  });

  it('says that the client stopped, when it did', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(3);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    }
    await expect(readWhole(cut(), 7)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(drain(cut())).resolves.toBeUndefined();
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
