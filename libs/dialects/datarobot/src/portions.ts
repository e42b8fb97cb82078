import type { Paging } from '@pentaprism/http';
import { AsyncLocalStorage } from 'node:async_hooks';

/** A listing in portions, because it may have hundreds of thousands of items. */
export interface Portions<Item> {
  /** Items of the whole listing. */
  readonly total: number;
  readonly portions: AsyncGenerator<readonly Item[], void>;
  /** All items of the page, if they are one portion. */
  readonly whole: readonly Item[] | null;
}

type Read<Item> = (offset: number, limit: number) => Promise<{ items: readonly Item[]; total: number }>;

/**
 * Reads the first portion of a page, so that what `read` throws can still be answered with a status.
 *
 * @param read may return fewer items than `limit`, where they are large
 * @param chunk items of one call of `read` at most
 */
export async function openPortions<Item>(
  read: Read<Item>,
  { offset, limit }: Paging,
  chunk: number,
): Promise<Portions<Item>> {
  const wanted = limit === 0 ? Infinity : limit;
  // A stream reads on when its connection has room, which is outside of the context of the request.
  const within = AsyncLocalStorage.snapshot();
  const readAfter = (done: number) => within(() => read(offset + done, Math.min(chunk, wanted - done)));
  const first = await readAfter(0);
  const isLast = (part: Awaited<typeof first>, done: number) =>
    part.items.length === 0 || done >= wanted || offset + done >= part.total;
  async function* portions() {
    let [done, part] = [0, first];
    for (;;) {
      yield part.items;
      done += part.items.length;
      if (isLast(part, done)) return;
      part = await readAfter(done);
    }
  }
  const whole = isLast(first, first.items.length) ? first.items : null;
  return { total: first.total, portions: portions(), whole };
}
