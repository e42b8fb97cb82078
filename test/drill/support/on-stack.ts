import { startFaultyStack, type FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Drill, DrillContext, DrillResult } from '../drill.js';

/** Settings of whoever runs the drills must not leak in. */
const CLEAN = { FILTERS_TTL: '', MODALITY_API_URL: '' };

/** A drill that is done to a system of its own, which is stopped however the drill ends. */
export function onStack(
  run: (faulty: FaultyStack, context: DrillContext) => Promise<DrillResult>,
  settings: Readonly<Record<string, string>> = {},
): Drill['run'] {
  return async (context) => {
    const faulty = await startSystem(settings);
    try {
      return await run(faulty, context);
    } finally {
      await faulty.stop();
    }
  };
}

/** @param settings of its apps, beside the defaults */
export async function startSystem(settings: Readonly<Record<string, string>> = {}): Promise<FaultyStack> {
  const wanted = { ...CLEAN, ...settings };
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const);
  // A stack takes over the environment of this process, and keeps it for apps that it starts again.
  Object.assign(process.env, wanted);
  try {
    return await startFaultyStack();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}
