import { describe, expect, it } from '@jest/globals';
import { holds, type Drill } from '../drill/drill.js';
import { DRILLS } from '../drill/drills.js';
import { runDrill } from '../drill/run-drill.js';
import { formatTable } from '../drill/table.js';

const [SEED, SCALE] = [1, 0.1];
/** Milliseconds. `runDrill` gives up before. */
const LIMIT_MS = 300_000;
/** Rolling restarts have a suite of their own. */
const ELSEWHERE: readonly number[] = [11];
const drills = DRILLS.filter(({ number }) => !ELSEWHERE.includes(number));

/**
 * The drills of `npm run drill` at a tenth of the counts. `npm run drill` alone judges how long things took: here, on a
 * machine that others use too, times would say nothing about the code.
 */
describe.each(drills.filter(({ waits }) => !waits))('drill $number, $name', (drill) => {
  it(drill.goal, () => assertPasses(drill), LIMIT_MS);
});

describe('drills that wait for deadlines most of their time', () => {
  const waiting = drills.filter(({ waits }) => waits);
  it(
    `hold their thresholds side by side: ${waiting.map(({ number, name }) => `${number} ${name}`).join(', ')}`,
    () => Promise.all(waiting.map(assertPasses)),
    LIMIT_MS,
  );
});

async function assertPasses(drill: Drill): Promise<void> {
  const outcome = await runDrill(drill, { seed: SEED, scale: SCALE, log: () => undefined });
  const { result } = outcome;
  if (result instanceof Error) throw result;
  if (result.skipped !== undefined) console.warn(formatTable([outcome]));
  const broken = result.measures.filter((measure) => measure.unit !== 'ms' && !holds(measure));
  expect({ drill: drill.name, broken, examples: broken.length > 0 ? result.examples : [] }).toEqual({
    drill: drill.name,
    broken: [],
    examples: [],
  });
}
