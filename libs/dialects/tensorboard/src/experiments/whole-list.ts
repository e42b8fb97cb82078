import { BoundedList, type ListBudget } from './bounded-list.js';
import type { Revised } from './experiment-source.js';

/** Reads of a list that is changing. The last one is taken as it is. */
const ATTEMPTS = 3;

interface Page<T> {
  readonly revision: string;
  readonly items: readonly T[];
  readonly next: string | null;
}

/**
 * Reads all pages of a list. Pages of different revisions do not belong together, so the list is read again. One that
 * keeps changing has the revision of its first page, by which its next reader sees that it has changed. Pages after the
 * one that no longer fits into the budget are not read.
 */
export async function wholeList<T>(
  read: (after: { readonly after?: string }) => Promise<Page<T>>,
  budget: ListBudget<T>,
): Promise<Revised<readonly T[]>> {
  for (let attempt = 1; ; attempt++) {
    const { revision, items, next } = await read({});
    const list = new BoundedList(budget);
    list.add(items);
    let [after, isTorn] = [next, false];
    while (after !== null && !list.isFull && (!isTorn || attempt === ATTEMPTS)) {
      const page = await read({ after });
      list.add(page.items);
      isTorn ||= page.revision !== revision;
      after = page.next;
    }
    if (!isTorn || attempt === ATTEMPTS) return { revision, value: list.items };
  }
}
