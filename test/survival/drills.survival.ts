import { describe, expect, it } from '@jest/globals';
import { holds } from '../drill/drill.js';
import { DRILLS } from '../drill/drills.js';
import { runDrill } from '../drill/run-drill.js';
import { formatTable } from '../drill/table.js';

const [SEED, SCALE] = [1, 0.1];
/** Milliseconds. `runDrill` gives up before. */
const LIMIT_MS = 300_000;
/**
 * Rolling restarts have a suite of their own. Radiographs that expire leave their bytes in the store for more than a minute,
 * at any scale, and batches that a killed service had are given up only after a minute: too long to wait for here.
 */
const ELSEWHERE: readonly number[] = [11, 19, 21];
const drills = DRILLS.filter(({ number }) => !ELSEWHERE.includes(number));

/**
 * What `npm run drill` does, at a tenth of the counts. How long things took is judged there only: here, on a machine that
 * others use too, it would say nothing about the code.
 */
describe.each(drills)('drill $number, $name', (drill) => {
  it(
    drill.goal,
    async () => {
      const outcome = await runDrill(drill, { seed: SEED, scale: SCALE, log: () => undefined });
      const { result } = outcome;
      if (result instanceof Error) throw result;
      if (result.skipped !== undefined) console.warn(formatTable([outcome]));
      const broken = result.measures.filter((measure) => measure.unit !== 'ms' && !holds(measure));
      expect({ broken, examples: broken.length > 0 ? result.examples : [] }).toEqual({ broken: [], examples: [] });
    },
    LIMIT_MS,
  );
});
