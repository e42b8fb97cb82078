/**
 * Does the work for each item, two at a time: while one is decoded, the other is in the network. They begin in order. After a
 * failure or an abort nothing new begins.
 *
 * @throws what the work throws; the signal's reason
 */
export async function inTwoLanes<T>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const waiting = [...items.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      signal.throwIfAborted();
      await work(next[1], next[0]);
    }
  };
  try {
    await Promise.all([lane(), lane()]);
  } finally {
    waiting.length = 0;
  }
}
