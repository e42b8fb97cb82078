import { startFaultyStack, type FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Drill, DrillContext, DrillResult } from '../drill.js';

/** Of the system of drills that share one. Pictures are fetched from the system itself. */
export const SHARED_SETTINGS = { URL_IMPORT_ALLOW: '127.0.0.1' };

/**
 * Runs a drill against a system of its own, which is stopped however the drill ends, or against a shared one.
 * @param settings of its apps, beside the defaults
 */
export function onStack(
  run: (faulty: FaultyStack, context: DrillContext) => Promise<DrillResult>,
  settings: Readonly<Record<string, string>> = {},
): Drill['run'] {
  return async (context, shared) => {
    if (shared) return run(shared, context);
    const faulty = await startFaultyStack(settings);
    try {
      return await run(faulty, context);
    } finally {
      await faulty.stop();
    }
  };
}
