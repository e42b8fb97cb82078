/** Runs `action` on every item, `lanes` at a time. */
export async function forEach<T>(
  items: readonly T[],
  lanes: number,
  action: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) await action(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
