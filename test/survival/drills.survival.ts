import { describe, it } from '@jest/globals';
import { DRILLS } from '../drill/drills.js';
import { assertPasses, LIMIT_MS } from './assert-passes.js';

/** Rolling restarts have a suite of their own. */
const ELSEWHERE: readonly number[] = [11];
const drills = DRILLS.filter(({ number, waits, byHand }) => !waits && !byHand && !ELSEWHERE.includes(number));

describe.each(drills)('drill $number, $name', (drill) => {
  it(drill.goal, () => assertPasses(drill), LIMIT_MS);
});
