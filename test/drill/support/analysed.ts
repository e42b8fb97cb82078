import { eventually } from '@pentaprism/testing';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';

/** Milliseconds until all of them were looked at: they wait in a queue. */
const ANALYSED_WITHIN_MS = 60_000;

/** Resolves when nothing is left to be looked at. */
export async function analysed({ database }: FaultyStack): Promise<void> {
  await eventually(
    async () => {
      const pending = await database.collection('jobs').countDocuments({ state: { $in: ['queued', 'running'] } });
      if (pending > 0) throw new Error(`${pending} jobs have not ended`);
    },
    { timeoutMs: ANALYSED_WITHIN_MS, everyMs: 50 },
  );
}
