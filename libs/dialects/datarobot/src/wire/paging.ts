import { MAX_PAGE_OFFSET, MAX_PAGE_SIZE } from '@pentaprism/domain';
import { queryInteger, type Paging } from '@pentaprism/http';
import { z } from 'zod';

/** Query parameters of a listing. `limit=0` means "everything". */
export function pagingQuery(defaultLimit: number) {
  return {
    offset: queryInteger(0, MAX_PAGE_OFFSET).default(0),
    limit: queryInteger(0, MAX_PAGE_SIZE).default(defaultLimit),
  };
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    count: z.int(),
    data: z.array(item),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    totalCount: z.int(),
  });
}

/** Query parameters besides those of paging, which the neighbouring pages keep. */
export type Filters = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @param link absolute URL of the listing */
export function toPage<Item>(
  link: string,
  filters: Filters,
  { offset, limit }: Paging,
  { items, total }: { items: Item[]; total: number },
) {
  const end = offset + items.length;
  const linkWith = (page: Paging) => {
    const query = new URLSearchParams();
    for (const [name, values] of Object.entries(filters))
      for (const value of [values ?? []].flat()) query.append(name, value);
    query.set('offset', String(page.offset));
    query.set('limit', String(page.limit));
    return `${link}?${query.toString()}`;
  };
  const size = limit === 0 ? Math.min(offset, MAX_PAGE_SIZE) : limit;
  return {
    count: items.length,
    data: items,
    next: limit > 0 && items.length > 0 && end < total ? linkWith({ offset: end, limit }) : null,
    previous: offset > 0 ? linkWith({ offset: Math.max(0, offset - size), limit: size }) : null,
    totalCount: total,
  };
}

/**
 * Writes a page in pieces, for items that are too many to be in memory at once. Its members are those of `toPage`, `data`
 * first.
 */
export async function* pageText(
  link: string,
  filters: Filters,
  paging: Paging,
  total: number,
  portions: AsyncIterable<readonly unknown[]>,
): AsyncGenerator<string, void> {
  let count = 0;
  yield '{"data":[';
  for await (const portion of portions) {
    if (portion.length === 0) continue;
    yield `${count > 0 ? ',' : ''}${portion.map((item) => JSON.stringify(item)).join()}`;
    count += portion.length;
  }
  const { data: _, ...rest } = toPage(link, filters, paging, { items: new Array<unknown>(count), total });
  yield `],${JSON.stringify(rest).slice(1)}`;
}
