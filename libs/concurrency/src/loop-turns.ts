export interface LoopTurnsSettings {
  /** Milliseconds that the work of one key takes in a turn of the event loop, before the rest of it waits. */
  readonly sliceMs?: number;
  /** Milliseconds that all waiting work together takes in one turn. */
  readonly turnMs?: number;
  /** A clock in milliseconds. */
  readonly now?: () => number;
}

interface State {
  usedMs: number;
  readonly waiting: (() => void)[];
}

/**
 * Shares the time of the event loop between keys. Work of a key that has used its slice of a turn of the loop waits for one
 * of the next turns. Work of any other key is done at once, so that it never waits for all that others have to do.
 */
export class LoopTurns {
  readonly #sliceMs: number;
  readonly #turnMs: number;
  readonly #now: () => number;
  /** Keys that have used something in this turn, or wait; those that are next come first. */
  #states = new Map<string, State>();
  #scheduled = false;

  constructor({ sliceMs = 5, turnMs = 20, now = () => performance.now() }: LoopTurnsSettings = {}) {
    this.#sliceMs = sliceMs;
    this.#turnMs = turnMs;
    this.#now = now;
  }

  /**
   * Does a piece of work that takes all of the loop, at once or in a later turn. Work of one key is done in its order.
   *
   * @returns what the work returns, or a promise of it if the work waits
   */
  run<T>(key: string, work: () => T | Promise<T>): T | Promise<T> {
    const state = this.#stateOf(key);
    if (state.waiting.length === 0 && state.usedMs < this.#sliceMs) return this.#timed(state, work);
    return new Promise<T>((resolve, reject) => {
      state.waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  #stateOf(key: string): State {
    const state = this.#states.get(key) ?? { usedMs: 0, waiting: [] };
    this.#states.set(key, state);
    this.#schedule();
    return state;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#next());
  }

  #timed<T>(state: State, work: () => T): T {
    const begun = this.#now();
    try {
      return work();
    } finally {
      state.usedMs += this.#now() - begun;
    }
  }

  #next(): void {
    this.#scheduled = false;
    const end = this.#now() + this.#turnMs;
    const waiting = [...this.#states].filter(([, state]) => state.waiting.length > 0);
    for (const [, state] of waiting) state.usedMs = 0;
    const served = waiting.filter(([, state]) => {
      if (this.#now() >= end) return false;
      for (
        let work = state.waiting.shift();
        work;
        work = state.usedMs < this.#sliceMs ? state.waiting.shift() : undefined
      )
        this.#timed(state, work);
      return true;
    });
    this.#states = new Map([...waiting.filter((each) => !served.includes(each)), ...served]);
    if (this.#states.size > 0) this.#schedule();
  }
}
