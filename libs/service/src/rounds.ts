import type { Logger } from '@pentaprism/observability';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that a stop waits for a round. Without a database, each step of it takes seconds until it fails. */
const STOP_LIMIT_MS = 1000;

/**
 * Work that a service does again and again beside its requests: one piece after another, never two at once, until
 * `stop`. A round that fails is logged, and the next one tries again.
 */
export class Rounds {
  private readonly timers = new Set<NodeJS.Timeout>();
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

  /** @param milliseconds from the end of one round to the next: those that take long do not pile up */
  every(milliseconds: number, work: () => Promise<unknown>): void {
    this.in(milliseconds, () => this.run(work).then(() => this.every(milliseconds, work)));
  }

  once(milliseconds: number, work: () => Promise<unknown>): void {
    this.in(milliseconds, () => this.run(work));
  }

  /** Begins nothing new, and waits for what is being done, but not for ever: a round that was cut off is done again. */
  async stop(): Promise<void> {
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.race([this.running, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }

  private in(milliseconds: number, action: () => Promise<void>): void {
    if (this.over) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void action();
    }, milliseconds);
    this.timers.add(timer);
  }

  private run(work: () => Promise<unknown>): Promise<void> {
    this.running = this.running
      .then(() => (this.over ? undefined : work()))
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, `${this.name}: a round failed, the next tries again`),
      );
    return this.running;
  }
}
