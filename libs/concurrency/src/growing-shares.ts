export interface GrowingSharesSettings {
  /** What there is for all holdings together. */
  readonly capacity: number;
  /** What the holdings of one key have at most at a time; the rest is always left for other keys. */
  readonly perKey: number;
}

/** Why a holding is refused. `own`: its key has as much as it may have. `all`: nothing is left of the capacity. */
export type Shortage = 'own' | 'all';

/** A part of the capacity that grows step by step. */
export interface Holding {
  readonly held: number;
  /** The holding waits for more. */
  readonly waiting: boolean;
  /**
   * Adds an amount. Returns undefined if it was there at once, otherwise a promise that resolves when it is.
   * The promise rejects with what `refuse` returns if the holding has to make way.
   */
  grow(amount: number): Promise<void> | undefined;
  /** The holding grows no further and will be released soon: it is not taken away any more. */
  settle(): void;
  /** Gives everything back, and ends the wait for more. Calling it again has no effect. */
  release(): void;
}

interface State {
  readonly key: string;
  /** Grows with each holding. */
  readonly number: number;
  readonly refuse: (shortage: Shortage) => Error;
  /** Told when the holding is taken away while it does not wait. */
  readonly onLost: (error: Error) => void;
  held: number;
  settled: boolean;
  lost: boolean;
  wanted:
    { readonly amount: number; readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
}

/**
 * Shares a capacity between keys when the size of each holding is not known in advance. What is free goes to the key
 * that has the least, and within a key to the oldest holding, so that it can end.
 *
 * Two rules keep holdings from waiting for one another for ever. A key that has less than its fair share (the capacity
 * divided by the keys that have or want something) takes what is missing from the youngest holding of the key that has the
 * most. If all holdings wait, or all of a key that has as much as it may have, the youngest of them is refused.
 */
export class GrowingShares {
  readonly #perKey: number;
  readonly #capacity: number;
  readonly #states = new Set<State>();
  readonly #byKey = new Map<string, number>();
  #free: number;
  #numbers = 0;
  #waiting = 0;

  constructor({ capacity, perKey }: GrowingSharesSettings) {
    this.#capacity = capacity;
    this.#free = capacity;
    this.#perKey = perKey;
  }

  /** What is held altogether. */
  get held(): number {
    return this.#capacity - this.#free;
  }

  /** Holdings that wait for more. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Opens a holding of nothing. */
  open(key: string, refuse: (shortage: Shortage) => Error, onLost: (error: Error) => void): Holding {
    const number = ++this.#numbers;
    const state: State = { key, number, refuse, onLost, held: 0, settled: false, lost: false, wanted: undefined };
    this.#states.add(state);
    return {
      get held() {
        return state.held;
      },
      get waiting() {
        return state.wanted !== undefined;
      },
      grow: (amount) => this.#grow(state, amount),
      settle: () => {
        state.settled = true;
        this.#serve();
      },
      release: () => this.#release(state),
    };
  }

  #grow(state: State, amount: number): Promise<void> | undefined {
    if (!this.#states.has(state)) throw new Error('The holding has been released.');
    if (amount > this.#perKey - state.held) throw new RangeError(`At most ${this.#perKey} can be held.`);
    if (this.#waiting === 0 && this.#fits(state.key, amount)) {
      this.#give(state, amount);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      state.wanted = { amount, resolve, reject };
      this.#waiting++;
      this.#serve();
    });
  }

  #release(state: State): void {
    if (!this.#states.delete(state)) return;
    this.#free += state.held;
    this.#add(state.key, -state.held);
    state.held = 0;
    if (state.wanted) this.#refuse(state, 'all');
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#next(); next?.wanted; next = this.#next()) {
      const { amount, resolve } = next.wanted;
      if (amount > this.#free) {
        this.#makeRoom(next, amount);
        break;
      }
      next.wanted = undefined;
      this.#waiting--;
      this.#give(next, amount);
      resolve();
    }
    this.#endStalemates();
  }

  /** The holding whose turn it is: of the key that has the least and may have more, the oldest one that waits. */
  #next(): State | undefined {
    if (this.#waiting === 0) return undefined;
    let first: State | undefined;
    for (const state of this.#states) {
      if (!state.wanted || this.#of(state.key) + state.wanted.amount > this.#perKey) continue;
      if (!first || this.#of(state.key) < this.#of(first.key)) first = state;
    }
    return first;
  }

  /** Takes the youngest holdings of those keys away that have more than a fair share, for one that has less. */
  #makeRoom(next: State, amount: number): void {
    const fairShare = this.#capacity / this.#keys();
    if (this.#of(next.key) + amount > fairShare) return;
    let missing = amount - this.#free;
    // What was taken away before comes back soon.
    for (const { lost, held } of this.#states) if (lost) missing -= held;
    while (missing > 0) {
      const victim = this.#youngestOfLargest(fairShare);
      if (!victim) return;
      missing -= victim.held;
      this.#lose(victim, 'own');
    }
  }

  #youngestOfLargest(above: number): State | undefined {
    let victim: State | undefined;
    for (const state of this.#states) {
      if (state.settled || state.lost || state.held === 0 || this.#of(state.key) <= above) continue;
      // The set is in the order of age, so that the last one of a key is its youngest.
      if (!victim || this.#of(state.key) >= this.#of(victim.key)) victim = state;
    }
    return victim;
  }

  #endStalemates(): void {
    if (this.#waiting === 0) return;
    const holders = [...this.#states].filter(({ held }) => held > 0);
    const stuck = (states: State[]) => states.length > 1 && states.every(({ wanted, lost }) => wanted && !lost);
    for (const key of this.#byKey.keys()) {
      const own = holders.filter((state) => state.key === key);
      const full = own.some(({ wanted }) => this.#of(key) + (wanted?.amount ?? 0) > this.#perKey);
      const youngest = own.at(-1);
      if (full && youngest && stuck(own)) {
        this.#lose(youngest, 'own');
        return;
      }
    }
    const victim = stuck(holders) && this.#youngestOfLargest(0);
    if (victim) this.#lose(victim, 'all');
  }

  /** Its holder is told, and releases it. */
  #lose(state: State, shortage: Shortage): void {
    state.lost = true;
    if (state.wanted) this.#refuse(state, shortage);
    else state.onLost(state.refuse(shortage));
  }

  #refuse(state: State, shortage: Shortage): void {
    const { wanted } = state;
    state.wanted = undefined;
    this.#waiting--;
    wanted?.reject(state.refuse(shortage));
  }

  #fits(key: string, amount: number): boolean {
    return amount <= this.#free && this.#of(key) + amount <= this.#perKey;
  }

  #give(state: State, amount: number): void {
    state.held += amount;
    this.#free -= amount;
    this.#add(state.key, amount);
  }

  #of(key: string): number {
    return this.#byKey.get(key) ?? 0;
  }

  #add(key: string, amount: number): void {
    const held = this.#of(key) + amount;
    if (held === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, held);
  }

  #keys(): number {
    const keys = new Set(this.#byKey.keys());
    for (const { key, wanted } of this.#states) if (wanted) keys.add(key);
    return keys.size;
  }
}
