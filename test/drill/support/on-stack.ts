import { startFaultyStack, type FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Drill, DrillContext, DrillResult } from '../drill.js';

/** A drill that is done to a system of its own, which is stopped however the drill ends. */
export function onStack(run: (faulty: FaultyStack, context: DrillContext) => Promise<DrillResult>): Drill['run'] {
  return async (context) => {
    const faulty = await startFaultyStack();
    try {
      return await run(faulty, context);
    } finally {
      await faulty.stop();
    }
  };
}
