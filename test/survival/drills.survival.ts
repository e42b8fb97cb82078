import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { DRILLS } from '../drill/drills.js';
import { SHARED_SETTINGS } from '../drill/support/on-stack.js';
import { startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { assertPasses, LIMIT_MS } from './assert-passes.js';

/** Rolling restarts have a suite of their own. */
const ELSEWHERE: readonly number[] = [11];
const drills = DRILLS.filter(({ number, waits, byHand }) => !waits && !byHand && !ELSEWHERE.includes(number));

describe.each(drills.filter(({ shares }) => !shares))('drill $number, $name', (drill) => {
  it(drill.goal, () => assertPasses(drill), LIMIT_MS);
});

describe('on one system', () => {
  let faulty: FaultyStack;
  beforeAll(async () => {
    faulty = await startFaultyStack(SHARED_SETTINGS);
  });
  afterAll(() => faulty.stop());

  describe.each(drills.filter(({ shares }) => shares))('drill $number, $name', (drill) => {
    it(drill.goal, () => assertPasses(drill, faulty), LIMIT_MS);
  });
});
