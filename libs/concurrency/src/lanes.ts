/**
 * Does the work for each item, so many at a time, and begins in order. After a failure or an abort nothing new begins.
 *
 * @throws what the work throws; the signal's reason
 */
export async function inLanes<T>(
  items: readonly T[],
  { lanes, signal }: { readonly lanes: number; readonly signal: AbortSignal },
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
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    // After a failure, the other lanes begin nothing new.
    waiting.length = 0;
  }
}
