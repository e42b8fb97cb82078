import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { createContext, type Drill, type DrillResult } from './drill.js';
import type { Outcome } from './table.js';

export interface RunOptions {
  readonly seed: number;
  readonly scale: number;
  readonly log: (text: string) => void;
  /** See `Drill.run`. */
  readonly shared?: FaultyStack | undefined;
}

/** A drill that may still be running: nothing else can be measured beside it. */
export class DrillTimeout extends Error {}

/** A drill of any scale starts a system and waits for things to settle, maybe beside two others on a loaded machine. */
const SHORTEST_LIMIT_SECONDS = 480;

/** Runs a drill to its end, to its failure or to its time limit, and never throws. */
export async function runDrill(drill: Drill, { seed, scale, log, shared }: RunOptions): Promise<Outcome> {
  const startedAt = performance.now();
  const running = () => drill.run(createContext(drill, seed, scale, log), shared);
  const result = await limited(drill, running, scale).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  return { drill, seed, seconds: (performance.now() - startedAt) / 1000, result };
}

async function limited(
  { limitSeconds }: Drill,
  running: () => Promise<DrillResult>,
  scale: number,
): Promise<DrillResult> {
  const seconds = Math.max(SHORTEST_LIMIT_SECONDS, limitSeconds * scale);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DrillTimeout(`not done within ${Math.round(seconds)} s`)), seconds * 1000);
  });
  return Promise.race([running(), tooLong]).finally(() => clearTimeout(timer));
}
