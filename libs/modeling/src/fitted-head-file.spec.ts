import { expect, it } from '@jest/globals';
import type { FittedHead } from './fit-head.js';
import { decodeFittedHead, encodeFittedHead } from './fitted-head-file.js';

const head: FittedHead = {
  layer: { weights: Float32Array.of(0.1, -2, 3, 4, 5, 6), bias: Float32Array.of(7, 8) },
  parts: [2, 1],
  absent: Float32Array.of(1, 2, 3, 4),
  prior: Float64Array.of(0.1, 1e-300),
  scale: null,
};

it('the file of a fitted head holds it without loss', () => {
  for (const each of [head, { ...head, scale: { mean: 1.7e9 + 0.1, deviation: 1e-300 } }])
    expect(decodeFittedHead(encodeFittedHead(each))).toEqual(each);
});

it('the file of a fitted head is refused if it is cut off, too long, or says that it has more parts than bytes', () => {
  const bytes = encodeFittedHead(head);
  expect(() => decodeFittedHead(bytes.subarray(0, -1))).toThrow('truncated');
  expect(() => decodeFittedHead(Buffer.concat([bytes, Buffer.of(0)]))).toThrow('left behind');
  const lying = Buffer.from(bytes);
  lying.writeUInt32LE(2 ** 32 - 1, 12);
  expect(() => decodeFittedHead(lying)).toThrow('truncated');
});
