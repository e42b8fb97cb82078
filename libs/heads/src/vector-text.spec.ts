import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromVectorText, toVectorText } from './vector-text.js';

it('numbers come back as they were, wherever they lie in memory', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true }), fc.integer({ min: 0, max: 3 }), (numbers, before) => {
      const memory = new Float32Array(before + numbers.length);
      memory.set(numbers, before);
      expect([...fromVectorText(toVectorText(memory.subarray(before)))]).toEqual([...numbers]);
    }),
  );
  expect(toVectorText(new Float32Array([1]))).toBe('AACAPw==');
  expect(() => fromVectorText('AAAA')).toThrow(RangeError);
});
