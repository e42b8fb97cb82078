export interface FairSharesSettings {
  /** What there is for all together: slots, bytes … */
  readonly capacity: number;
  /** What those of one key have at most at a time; the rest is always left for others. */
  readonly perKey: number;
}

interface Waiting {
  readonly amount: number;
  readonly enter: () => void;
}

interface Holder {
  held: number;
  /** When it was last given something, or came here anew; grows with each time. */
  served: number;
  readonly waiting: Waiting[];
}

/**
 * Lets in so much at a time, and gives each key a fair share of it: what becomes free goes to the key that has the least,
 * among equals to the one that has waited longest for its turn. One key cannot have everything, however much it asks for.
 */
export class FairShares {
  readonly #perKey: number;
  readonly #holders = new Map<string, Holder>();
  #free: number;
  #served = 0;

  constructor({ capacity, perKey }: FairSharesSettings) {
    this.#free = capacity;
    this.#perKey = perKey;
  }

  /**
   * @param amount at most what one key may have
   * @returns gives it back; more than once does no harm
   * @throws RangeError; the signal's reason
   */
  async take(key: string, { amount = 1, signal }: { amount?: number; signal?: AbortSignal | undefined } = {}) {
    if (amount > this.#perKey) throw new RangeError(`At most ${this.#perKey} can be had at a time.`);
    signal?.throwIfAborted();
    await this.#wait(key, amount, signal);
    let taken = true;
    return () => {
      if (taken) this.#giveBack(key, amount);
      taken = false;
    };
  }

  #wait(key: string, amount: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      // Who comes anew is before the one that had the last turn, and behind all others.
      const holder = this.#holders.get(key) ?? { held: 0, served: this.#served - 0.5, waiting: [] };
      this.#holders.set(key, holder);
      const giveUp = () => {
        holder.waiting.splice(holder.waiting.indexOf(entry), 1);
        this.#forget(key, holder);
        reject(signal?.reason as Error);
        // It may have been the one that all others waited for.
        this.#serve();
      };
      const enter = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const entry = { amount, enter };
      signal?.addEventListener('abort', giveUp, { once: true });
      holder.waiting.push(entry);
      this.#serve();
    });
  }

  #giveBack(key: string, amount: number): void {
    const holder = this.#holders.get(key);
    if (!holder) return;
    holder.held -= amount;
    this.#free += amount;
    this.#forget(key, holder);
    this.#serve();
  }

  /** Never passes over the key whose turn it is: otherwise a key with a large demand would wait for ever. */
  #serve(): void {
    for (let next = this.#next(); next && next.entry.amount <= this.#free; next = this.#next()) {
      const { holder, entry } = next;
      holder.waiting.shift();
      holder.held += entry.amount;
      holder.served = ++this.#served;
      this.#free -= entry.amount;
      entry.enter();
    }
  }

  #next(): { holder: Holder; entry: Waiting } | undefined {
    let first: { holder: Holder; entry: Waiting } | undefined;
    for (const holder of this.#holders.values()) {
      const [entry] = holder.waiting;
      if (!entry || holder.held + entry.amount > this.#perKey) continue;
      const { held = Infinity, served = Infinity } = first?.holder ?? {};
      // Of those that came at the same time, the first one here asked first.
      if (holder.held < held || (holder.held === held && holder.served < served)) first = { holder, entry };
    }
    return first;
  }

  #forget(key: string, holder: Holder): void {
    if (holder.held === 0 && holder.waiting.length === 0) this.#holders.delete(key);
  }
}
