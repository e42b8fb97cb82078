/** Seconds that a turn costs at least, so that keys with very short work alternate. */
const LEAST_COST = 0.001;
/** Keys whose service is remembered; those that are behind the clock are forgotten first. */
const MAX_KEYS = 1000;

/**
 * Orders keys that compete for work of unknown length, as start-time fair queueing does. The key that runs the least is
 * first, and among equals the one that has had the least service. A key that comes back after a pause starts level with
 * the others: it gets no credit for the time of the pause, and no debt for what it used while no other key waited.
 */
export class FairTurns {
  readonly #served = new Map<string, number>();
  /** The least service of a key that competed at the last turn. */
  #clock = 0;

  /**
   * Returns the keys that wait in the order of their turns.
   *
   * @param running how much work of each key is under way; also of keys that do not wait
   * @param uncharged seconds of keys that are not charged yet
   */
  order(
    waiting: readonly string[],
    running: ReadonlyMap<string, number>,
    uncharged: ReadonlyMap<string, number> = new Map(),
  ): string[] {
    const competing = [...waiting, ...running.keys()];
    if (competing.length > 0)
      this.#clock = competing.reduce((least, key) => Math.min(least, this.#tag(key)), Number.POSITIVE_INFINITY);
    const of = (key: string) => running.get(key) ?? 0;
    const served = (key: string) => this.#tag(key) + (uncharged.get(key) ?? 0);
    return waiting.toSorted((one, other) => of(one) - of(other) || served(one) - served(other));
  }

  /** Notes that a key has its turn. */
  begin(key: string): void {
    this.#served.set(key, this.#tag(key) + LEAST_COST);
    if (this.#served.size <= MAX_KEYS) return;
    for (const [each, served] of this.#served) if (served <= this.#clock) this.#served.delete(each);
  }

  /** Charges a key for work that has ended. @param seconds for which it had a place */
  charge(key: string, seconds: number): void {
    if (seconds > 0) this.#served.set(key, this.#tag(key) + seconds);
  }

  #tag(key: string): number {
    return Math.max(this.#served.get(key) ?? 0, this.#clock);
  }
}
