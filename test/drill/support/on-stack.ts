import { startFaultyStack, type FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Drill, DrillContext, DrillResult } from '../drill.js';

/**
 * Runs a drill against a system of its own, which is stopped however the drill ends.
 * @param settings of its apps, beside the defaults
 */
export function onStack(
  run: (faulty: FaultyStack, context: DrillContext) => Promise<DrillResult>,
  settings: Readonly<Record<string, string>> = {},
): Drill['run'] {
  return async (context) => {
    const faulty = await startFaultyStack(settings);
    try {
      return await run(faulty, context);
    } finally {
      await faulty.stop();
    }
  };
}
