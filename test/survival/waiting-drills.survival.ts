import { describe, it } from '@jest/globals';
import { DRILLS } from '../drill/drills.js';
import { assertPasses, LIMIT_MS } from './assert-passes.js';

/** They wait for deadlines, locks and outages most of their time, so some of them run at once (`maxConcurrency`). */
describe.each(DRILLS.filter(({ waits }) => waits))('drill $number, $name', (drill) => {
  it.concurrent(drill.goal, () => assertPasses(drill), LIMIT_MS);
});
