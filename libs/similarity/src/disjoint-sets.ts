/** Sets of whole numbers below a size that can be united. The smallest number of a set stands for it. */
export class DisjointSets {
  readonly #parents: Uint32Array;

  constructor(size: number) {
    this.#parents = Uint32Array.from({ length: size }, (_, i) => i);
  }

  /** Returns the smallest number of the set that contains this one. */
  find(number: number): number {
    let root = number;
    while (this.#parents[root] !== root) root = this.#parents[root] as number;
    for (let each = number; each !== root;) {
      const parent = this.#parents[each] as number;
      this.#parents[each] = root;
      each = parent;
    }
    return root;
  }

  unite(one: number, other: number): void {
    const [first, second] = [this.find(one), this.find(other)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }
}
