import { DomainError, isOutage } from '@pentaprism/domain';

/** Items that one transaction writes at most: it stays far below the limits of size and time of the database. */
export const MAX_GROUP = 64;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes items that come at the same time in one transaction. A commit waits for the journal, and each command costs
 * its round trip: what gathers while one commit is under way shares the next one's.
 *
 * Each item keeps an outcome of its own. What `commit` throws is nobody's in particular: every item of that group is
 * tried once more by itself, except when the database is away.
 */
export class GroupCommit<Item, Result> {
  private readonly queues = new Map<string, Waiting<Item, Result>[]>();

  /**
   * @param commit writes the items of one key, and answers for each in turn; an error in the place of a result is that
   *   item's refusal, and the others are written
   */
  constructor(private readonly commit: (key: string, items: readonly Item[]) => Promise<(Result | DomainError)[]>) {}

  /** Resolves when the item is committed. Items of different keys are never in one group. */
  add(key: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = { item, resolve, reject };
      const queue = this.queues.get(key);
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.queues.set(key, [waiting]);
      void this.work(key);
    });
  }

  private async work(key: string): Promise<void> {
    const queue = this.queues.get(key) ?? [];
    while (queue.length > 0) await this.write(key, queue.splice(0, MAX_GROUP));
    this.queues.delete(key);
  }

  private async write(key: string, group: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const items = group.map(({ item }) => item);
      const outcomes = await this.commit(key, items);
      for (const [i, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[i];
        if (DomainError.is(outcome)) reject(outcome);
        else resolve(outcome as Result);
      }
    } catch (error) {
      if (group.length === 1 || (DomainError.is(error) && isOutage(error.code)))
        for (const { reject } of group) reject(error);
      else for (const waiting of group) await this.write(key, [waiting]);
    }
  }
}
