/** Which part of a listing; `limit: 0` is all of it. */
export interface Paging {
  readonly offset: number;
  readonly limit: number;
}

type Read<Item> = (offset: number, limit: number) => Promise<{ items: Item[]; total: number }>;

/**
 * Reads a page of any size from a service that answers `chunk` items at most, or fewer where they are large, since its
 * answer is one message of the bus.
 */
export async function collect<Item>(read: Read<Item>, { offset, limit }: Paging, chunk: number) {
  const wanted = limit === 0 ? Infinity : limit;
  const items: Item[] = [];
  for (;;) {
    const part = await read(offset + items.length, Math.min(chunk, wanted - items.length));
    items.push(...part.items);
    const complete = items.length >= wanted || offset + items.length >= part.total;
    if (complete || part.items.length === 0) return { items, total: part.total };
  }
}
