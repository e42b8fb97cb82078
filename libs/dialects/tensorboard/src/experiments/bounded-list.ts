/** Bytes that a list of runs, series or events takes in memory at most, about: those of some 150,000 series or images. */
export const MAX_LIST_BYTES = 128 * 1024 * 1024;

/** What of a list does not fit: texts of its items, or its last items. */
export type LeftOut = 'texts' | 'items';

/** How many bytes a list may take, and what is left out beyond. */
export interface ListBudget<T> {
  readonly bytes: number;
  /** Bytes that an item takes, about. */
  sizeOf(item: T): number;
  /** Returns the item without its long texts, which are left out before any item is. */
  shorten?(item: T): T;
  /** Called when something is left out. */
  onLeftOut(what: LeftOut): void;
}

/** The items of a list that fit into a budget. */
export class BoundedList<T> {
  readonly #budget: ListBudget<T>;
  #items: T[] = [];
  #bytes = 0;
  #isShortened = false;
  #isFull = false;

  constructor(budget: ListBudget<T>) {
    this.#budget = budget;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** Whether the last item that was added did not fit. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(items: readonly T[]): void {
    for (const item of items) if (!this.#isFull) this.#add(item);
  }

  #add(item: T): void {
    this.#push(item);
    if (this.#bytes > this.#budget.bytes && !this.#isShortened) this.#shorten();
    if (this.#bytes <= this.#budget.bytes) return;
    this.#items.pop();
    this.#isFull = true;
    this.#budget.onLeftOut('items');
  }

  #push(item: T): void {
    const { shorten } = this.#budget;
    const added = this.#isShortened && shorten ? shorten(item) : item;
    this.#items.push(added);
    this.#bytes += this.#budget.sizeOf(added);
  }

  #shorten(): void {
    if (!this.#budget.shorten) return;
    this.#budget.onLeftOut('texts');
    const items = this.#items;
    [this.#items, this.#bytes, this.#isShortened] = [[], 0, true];
    for (const item of items) this.#push(item);
  }
}
