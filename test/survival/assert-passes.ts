import { expect } from '@jest/globals';
import { holds, type Drill } from '../drill/drill.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { runDrill } from '../drill/run-drill.js';
import { formatTable } from '../drill/table.js';

const [SEED, SCALE] = [1, 0.1];

/** Milliseconds. `runDrill` gives up before. */
export const LIMIT_MS = 500_000;

/**
 * Runs a drill of `npm run drill` at a tenth of its counts, or at its `testScale`, and fails if a threshold is broken. `npm run drill` alone judges
 * how long things took: here, on a machine that others use too, times would say nothing about the code.
 */
export async function assertPasses(drill: Drill, shared?: FaultyStack): Promise<void> {
  const scale = drill.testScale ?? SCALE;
  const outcome = await runDrill(drill, { seed: SEED, scale, log: () => undefined, shared });
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
