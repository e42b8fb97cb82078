/**
 * Runs `work` on up to `atOnce` items at a time, and `done` on one result after another in the order of the items. Ends with the
 * first error, after all work that has begun has ended.
 */
export async function pipelined<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  {
    atOnce,
    work,
    done,
  }: {
    readonly atOnce: number;
    readonly work: (item: Item) => Promise<Result>;
    readonly done: (item: Item, result: Result) => Promise<void>;
  },
): Promise<void> {
  const begun: { item: Item; result: Promise<Result> }[] = [];
  const finishFirst = async () => {
    const first = begun.shift();
    if (first) await done(first.item, await first.result);
  };
  try {
    for await (const item of items) {
      const result = work(item);
      // It is awaited later, or not at all after an earlier error.
      result.catch(() => undefined);
      begun.push({ item, result });
      if (begun.length === atOnce) await finishFirst();
    }
    while (begun.length > 0) await finishFirst();
  } finally {
    await Promise.allSettled(begun.map(({ result }) => result));
  }
}
