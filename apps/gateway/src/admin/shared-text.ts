/** Caches a text that is expensive to make for a short time. Simultaneous requests share one computation. */
export class SharedText {
  private making: Promise<string> | undefined;
  private latest: { readonly text: string; readonly madeAt: number } | undefined;

  /** @param keptMs milliseconds for which a text is used again */
  constructor(
    private readonly make: () => Promise<string>,
    private readonly keptMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws what the making throws, which is not kept */
  async get(): Promise<string> {
    if (this.latest && this.now() - this.latest.madeAt < this.keptMs) return this.latest.text;
    this.making ??= this.makeOnce().finally(() => (this.making = undefined));
    return this.making;
  }

  private async makeOnce(): Promise<string> {
    const text = await this.make();
    this.latest = { text, madeAt: this.now() };
    return text;
  }
}
