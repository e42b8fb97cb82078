import { setTimeout as sleep } from 'node:timers/promises';

export interface WhileShrinkingOptions {
  /** Milliseconds without a new low, after which what is left counts as left for good. */
  readonly stalledMs: number;
  readonly everyMs?: number;
}

/**
 * Waits until nothing is left, for as long as the number goes on falling: what a backlog of a full count takes depends on
 * the machine, and says nothing about whether something got stuck.
 * @returns the last number
 */
export async function whileShrinking(
  count: () => Promise<number>,
  { stalledMs, everyMs = 500 }: WhileShrinkingOptions,
): Promise<number> {
  let lowest = Infinity;
  let loweredAt = performance.now();
  for (;;) {
    const left = await count();
    if (left < lowest) [lowest, loweredAt] = [left, performance.now()];
    if (left === 0 || performance.now() - loweredAt > stalledMs) return left;
    await sleep(everyMs);
  }
}
