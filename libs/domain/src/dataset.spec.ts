import { expect, it } from '@jest/globals';
import { FINDING_KINDS, findingNumber } from './dataset.js';

it('kinds of findings keep the numbers that findings of earlier versions are stored with', () => {
  const numbered = [...FINDING_KINDS].sort((one, other) => findingNumber(one) - findingNumber(other));
  expect(numbered).toEqual([
    'unreadable',
    'cut-off',
    'empty-file',
    'not-an-image',
    'too-large',
    'missing-file',
    'unreachable-address',
    'missing-image',
    'leakage',
    'mistyped-number',
    'missing-values',
    'class-imbalance',
    'duplicate',
    'low-information',
    'too-dark',
    'too-bright',
    'blurred',
    'tiny',
    'odd-proportions',
    'unused-file',
    'near-duplicate',
  ]);
});
