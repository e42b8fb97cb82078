import type { Logger } from '@pentaprism/observability';

/**
 * Work that a service does again and again beside its requests: one piece after another, never two at once, until
 * `stop`. A round that fails is logged, and the next one tries again.
 */
export class Rounds {
  private readonly timers: NodeJS.Timeout[] = [];
  private running: Promise<void> = Promise.resolve();
  private over = false;

  /** @param name of what is done, for the log */
  constructor(
    private readonly name: string,
    private readonly logger: Logger,
  ) {}

  /** For long rounds, to be asked between their steps. */
  get stopped(): boolean {
    return this.over;
  }

  /** @param milliseconds from one round to the next */
  every(milliseconds: number, work: () => Promise<unknown>): void {
    this.timers.push(setInterval(() => this.run(work), milliseconds));
  }

  once(milliseconds: number, work: () => Promise<unknown>): void {
    this.timers.push(setTimeout(() => this.run(work), milliseconds));
  }

  /** Begins nothing new, and waits for what is being done. */
  async stop(): Promise<void> {
    this.over = true;
    // Clears both kinds.
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  private run(work: () => Promise<unknown>): void {
    this.running = this.running
      .then(() => (this.over ? undefined : work()))
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, `${this.name}: a round failed, the next tries again`),
      );
  }
}
