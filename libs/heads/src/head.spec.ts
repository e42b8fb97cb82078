import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeEvaluation, encodeEvaluation, type Evaluation } from './evaluation.js';
import { decodeHead, embeddingSizeOf, encodeHead, HEAD_KINDS, predict, type Head } from './head.js';

const HEAD: Head = {
  kind: 'multiclass',
  weights: Float32Array.of(1, -2, 0.5, 3, 0, -1),
  bias: Float32Array.of(0.25, -0.5, 1),
};
const kinds = fc.constantFrom(...HEAD_KINDS);
const floats = (length: number) => fc.float32Array({ minLength: length, maxLength: length, noNaN: true });

const heads = fc
  .tuple(kinds, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }))
  .chain(([kind, size, tags]) =>
    fc.record({ kind: fc.constant(kind), weights: floats(size * tags), bias: floats(tags) }),
  );

const evaluations = fc
  .tuple(kinds, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }))
  .chain(([kind, examples, tags]) =>
    fc.record({
      kind: fc.constant(kind),
      tags: fc.constant(tags),
      probabilities: floats(examples * tags),
      labels: fc.uint8Array({ minLength: examples * tags, maxLength: examples * tags, max: 1 }),
      folds: fc.uint8Array({ minLength: examples, maxLength: examples, max: 4 }),
    }),
  );

describe('predict', () => {
  it('weighs row by row, by hand', () => {
    // Scores of (2, 1): 2·1 + 3 + 0.25, 2·(−2) + 0 − 0.5, 2·0.5 − 1 + 1
    const scores = [5.25, -4.5, 1];
    const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
    const expected = scores.map((score) => Math.exp(score) / sum);
    predict(HEAD, Float32Array.of(2, 1)).forEach((value, tag) => expect(value).toBeCloseTo(expected[tag] as number, 6));
    const sigmoids = scores.map((score) => 1 / (1 + Math.exp(-score)));
    predict({ ...HEAD, kind: 'multilabel' }, Float32Array.of(2, 1)).forEach((value, tag) =>
      expect(value).toBeCloseTo(sigmoids[tag] as number, 6),
    );
  });

  it.each(HEAD_KINDS)('stays a probability for scores beyond any exponential (%s)', (kind) => {
    const head = { kind, weights: Float32Array.of(1e4, -1e4), bias: Float32Array.of(0, 0) };
    expect([...predict(head, Float32Array.of(1))]).toEqual([1, 0]);
    expect([...predict(head, Float32Array.of(-1))]).toEqual([0, 1]);
  });

  it('refuses an embedding of another length', () => {
    expect(embeddingSizeOf(HEAD)).toBe(2);
    expect(() => predict(HEAD, Float32Array.of(1, 2, 3))).toThrow('The head takes 2 numbers, not 3.');
  });
});

describe('bytes of a head', () => {
  it('begin as documented', () => {
    const bytes = Buffer.from(encodeHead({ ...HEAD, kind: 'multilabel' }));
    expect(bytes.subarray(0, 4).toString()).toBe('PPHD');
    expect([4, 8, 12, 16].map((at) => bytes.readUInt32LE(at))).toEqual([1, 1, 2, 3]);
    expect([20, 24, 44].map((at) => bytes.readFloatLE(at))).toEqual([1, -2, 0.25]);
    expect(bytes).toHaveLength(20 + 9 * 4);
  });

  it('give the head back', () => {
    fc.assert(fc.property(heads, (head) => expect(decodeHead(encodeHead(head))).toEqual(head)));
    // Also from the middle of a larger buffer.
    const padded = Buffer.concat([Buffer.alloc(3), encodeHead(HEAD)]);
    expect(decodeHead(padded.subarray(3))).toEqual(HEAD);
  });

  it('are refused when cut anywhere, longer, of another kind or version', () => {
    const bytes = encodeHead(HEAD);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodeHead(bytes.subarray(0, end))).toThrow('This is no head that can be read');
    }
    expect(() => decodeHead(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('1 bytes are left behind its end');
    expect(() => decodeHead(bytes.with(0, 0))).toThrow('it begins with something else');
    expect(() => decodeHead(bytes.with(4, 2))).toThrow('version 2 is not known');
    expect(() => decodeHead(bytes.with(8, 2))).toThrow('its kind or sizes cannot be');
    expect(() => decodeHead(bytes.with(12, 0))).toThrow('its kind or sizes cannot be');
  });

  it('cannot make it allocate what is not there', () => {
    const huge = Buffer.from(encodeHead(HEAD));
    huge.writeUInt32LE(0xffffffff, 12);
    huge.writeUInt32LE(0xffffffff, 16);
    expect(() => decodeHead(huge)).toThrow('it is truncated');
  });
});

describe('bytes of an evaluation', () => {
  const some: Evaluation = {
    kind: 'multilabel',
    tags: 2,
    probabilities: Float32Array.of(0.5, 0.25, 1, 0),
    labels: Uint8Array.of(1, 0, 1, 1),
    folds: Uint8Array.of(0, 1),
  };

  it('give the evaluation back', () => {
    fc.assert(
      fc.property(evaluations, (evaluation) => {
        expect(decodeEvaluation(encodeEvaluation(evaluation))).toEqual(evaluation);
      }),
    );
  });

  it('are refused when cut anywhere, of another file, or with a label that is none', () => {
    const bytes = encodeEvaluation(some);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decodeEvaluation(bytes.subarray(0, end))).toThrow('This is no evaluation that can be read');
    }
    expect(() => decodeEvaluation(encodeHead(HEAD))).toThrow('it begins with something else');
    expect(() => decodeEvaluation(bytes.with(20 + 16, 2))).toThrow('a label is neither 0 nor 1');
  });
});
