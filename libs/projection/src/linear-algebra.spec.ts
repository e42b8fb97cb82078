import { describe, expect, it } from '@jest/globals';
import { createRandom } from '@pentaprism/domain';
import { orthonormalise, symmetricEigenvectors } from './linear-algebra.js';

const random = createRandom('linear algebra');
const columns = (count: number, length: number) =>
  Array.from({ length: count }, () => Float64Array.from({ length }, () => random() - 0.5));
const dot = (one: Float64Array, other: Float64Array) =>
  one.reduce((sum, value, index) => sum + value * (other[index] as number), 0);

describe('orthonormalise', () => {
  it('makes columns of length 1 that are orthogonal', () => {
    const made = columns(8, 20);
    orthonormalise(made);
    made.forEach((one, i) => made.forEach((other, j) => expect(dot(one, other)).toBeCloseTo(Number(i === j), 12)));
  });

  it('makes a column zero that depends on others, or is zero', () => {
    const [one, other] = columns(2, 5) as [Float64Array, Float64Array];
    const sum = one.map((value, index) => value + 2 * (other[index] as number));
    const made = [one, other, sum, new Float64Array(5)];
    orthonormalise(made);
    expect(made.map((column) => Math.round(1e6 * dot(column, column)) / 1e6)).toEqual([1, 1, 0, 0]);
  });
});

describe('symmetricEigenvectors', () => {
  it('finds the eigenvectors of a matrix, largest eigenvalue first', () => {
    const factors = columns(12, 12);
    const matrix = factors.map((one) => Float64Array.from(factors, (other) => dot(one, other)));
    const { values, vectors } = symmetricEigenvectors(matrix.map((row) => row.slice()));
    expect([...values]).toEqual([...values].toSorted((one, other) => other - one));
    vectors.forEach((vector, index) => {
      expect(dot(vector, vector)).toBeCloseTo(1, 12);
      matrix.forEach((row, i) => {
        expect(dot(row, vector)).toBeCloseTo((values[index] as number) * (vector[i] as number), 10);
      });
    });
  });

  it('leaves a zero matrix with eigenvalues of 0', () => {
    const { values } = symmetricEigenvectors([new Float64Array(2), new Float64Array(2)]);
    expect([...values]).toEqual([0, 0]);
  });
});
