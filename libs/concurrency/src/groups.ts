import { DomainError, isOutage } from '@pentaprism/domain';
import { AsyncLocalStorage } from 'node:async_hooks';

/** Items of one group at most: a transaction or a message with so many stays far below the limits of size and time. */
export const MAX_GROUP = 64;

interface Waiting<Item, Result> {
  readonly item: Item;
  /** Runs something as a part of the request that brought the item. */
  readonly within: ReturnType<typeof AsyncLocalStorage.snapshot>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does together what is asked for at the same time: while one group is under way, the next one gathers. A transaction
 * waits for the journal, a call for its round trip, and one for all of a group costs hardly more than one for each.
 * No item waits for a group to fill, and what a group finds was true after each of its items was added.
 *
 * Each item has an outcome of its own. An error that `work` throws cannot be attributed to one item: every item of that
 * group is tried once more by itself, except during an outage of something else.
 */
export class Groups<Item, Result> {
  private readonly queues = new Map<string, Waiting<Item, Result>[]>();

  /**
   * @param work does the items of one key, and answers for each in turn; an error in the place of a result is that
   *   item's refusal, and says nothing of the others
   */
  constructor(
    private readonly work: (key: string, items: readonly Item[]) => Promise<readonly (Result | DomainError)[]>,
  ) {}

  /** Resolves when the item is done. Items of different keys are never in one group. */
  add(key: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = { item, within: AsyncLocalStorage.snapshot(), resolve, reject };
      const queue = this.queues.get(key);
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.queues.set(key, [waiting]);
      void this.workThrough(key);
    });
  }

  private async workThrough(key: string): Promise<void> {
    const queue = this.queues.get(key) ?? [];
    while (queue.length > 0) await this.doGroup(key, queue.splice(0, MAX_GROUP));
    this.queues.delete(key);
  }

  private async doGroup(key: string, group: readonly Waiting<Item, Result>[]): Promise<void> {
    const [first] = group;
    if (!first) return;
    try {
      const items = group.map(({ item }) => item);
      // In the context of the group's first item. Otherwise it would be that of the first item of an earlier group.
      const outcomes = await first.within(() => this.work(key, items));
      for (const [i, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[i];
        if (DomainError.is(outcome)) reject(outcome);
        else resolve(outcome as Result);
      }
    } catch (error) {
      if (group.length === 1 || (DomainError.is(error) && isOutage(error.code)))
        for (const { reject } of group) reject(error);
      else for (const waiting of group) await this.doGroup(key, [waiting]);
    }
  }
}
