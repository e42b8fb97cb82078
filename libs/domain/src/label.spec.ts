import { expect, it } from '@jest/globals';
import { isSameLabel } from './label.js';

it.each([
  ['cat', 'cat'],
  ['1', '1.0'],
  ['1e3', ' 1000'],
  ['-.5', '-0.50'],
  ['True', 'true'],
])('%j and %j are the same label', (one, other) => {
  expect([isSameLabel(one, other), isSameLabel(other, one)]).toEqual([true, true]);
});

it.each([
  ['cat', 'Cat'],
  ['1', '2'],
  ['', '0'],
  ['0x10', '16'],
  ['true', '1'],
  ['true', 'false'],
])('%j and %j are different labels', (one, other) => {
  expect(isSameLabel(one, other)).toBe(false);
});
