import { describe, expect, it } from '@jest/globals';
import { NumberStatistics } from './statistics.js';
import { UniqueCounter } from './unique-counter.js';

const statisticsOf = (values: readonly number[], bound = 1_000) => {
  const statistics = new NumberStatistics(bound);
  for (const value of values) statistics.add(value);
  return statistics.result();
};

describe('NumberStatistics', () => {
  it('has no result without numbers', () => {
    expect(statisticsOf([])).toBeNull();
  });

  it('has the mean of the middle two as the median of an even count', () => {
    expect(statisticsOf([4, 1, 3, 2])?.median).toBe(2.5);
    expect(statisticsOf([7])).toEqual({ min: 7, max: 7, mean: 7, median: 7, standardDeviation: 0 });
  });

  it('stays finite near the largest number', () => {
    const result = statisticsOf([Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_VALUE]);
    expect(Object.values(result ?? {}).every(Number.isFinite)).toBe(true);
  });

  it('estimates the median of many numbers from a sample, alike on each run', () => {
    const values = Array.from({ length: 20_000 }, (_, index) => (index * 7_919) % 20_000);
    const median = statisticsOf(values, 2_000)?.median ?? 0;
    expect(Math.abs(median - 10_000)).toBeLessThan(800);
    expect(statisticsOf(values, 2_000)?.median).toBe(median);
  });
});

describe('UniqueCounter', () => {
  it('counts different short and long values exactly', () => {
    const counter = new UniqueCounter(200_000);
    const suffix = 'x'.repeat(100);
    for (const end of ['', suffix]) {
      for (let index = 0; index < 5_000; index++) counter.add(`${index}${end}`);
      for (let index = 0; index < 5_000; index++) counter.add(`${index}${end}`);
    }
    expect(counter.count).toBe(10_000);
  });

  it('stops at its bound', () => {
    const counter = new UniqueCounter(10);
    for (let index = 0; index < 100; index++) counter.add(`${index}`);
    expect(counter.count).toBe(10);
  });
});
