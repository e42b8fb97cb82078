import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { adoptSystemTime, systemDate, systemNow } from './system-time.js';

afterEach(() => {
  jest.restoreAllMocks();
  adoptSystemTime(Date.now(), 0);
});

describe('the system time', () => {
  it.each([-7_200_000, -30_000, 30_000, 7_200_000])('corrects a clock that is wrong by %i ms', (skew) => {
    const right = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(right + skew);
    expect(systemNow()).toBe(right + skew);
    expect(adoptSystemTime(right, 0)).toBe(-skew);
    expect(systemNow()).toBe(right);
    expect(systemDate()).toEqual(new Date(right));
  });

  it('leaves a clock alone that is right to a second, or whose difference a slow answer explains', () => {
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now);
    expect(adoptSystemTime(now + 900, 0)).toBe(0);
    expect(adoptSystemTime(now - 900, 0)).toBe(0);
    expect(adoptSystemTime(now - 5000, 5000)).toBe(0);
    expect(adoptSystemTime(now - 2500, 5000)).toBe(0);
    expect(adoptSystemTime(now + 5000, 100)).toBe(5050);
    expect(adoptSystemTime(now - 5000, 100)).toBe(-4950);
  });

  it('keeps a correction that a slow answer agrees with, and ends it when the clock is right', () => {
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now);
    expect(adoptSystemTime(now + 3000, 0)).toBe(3000);
    expect(adoptSystemTime(now + 1500, 2000)).toBe(3000);
    expect(adoptSystemTime(now - 20_000, 40_000)).toBe(3000);
    expect(adoptSystemTime(now + 500, 0)).toBe(0);
  });
});
