import { it } from '@jest/globals';
import { DRILLS } from '../drill/drills.js';
import { assertPasses, LIMIT_MS } from './assert-passes.js';

const drills = DRILLS.filter(({ waits }) => waits);

/** They wait for deadlines, locks and outages most of their time, so some of them run at once (`maxConcurrency`). */
it.concurrent.each(drills)('drill $number, $name: $goal', (drill) => assertPasses(drill), LIMIT_MS);
