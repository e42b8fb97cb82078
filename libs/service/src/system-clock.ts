import { Inject, Injectable, Optional, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { timeContracts } from '@pentaprism/contracts';
import { DatabaseTime } from '@pentaprism/database';
import { adoptSystemTime } from '@pentaprism/domain';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';

/** Milliseconds between two comparisons, and before the next one as long as none has succeeded. */
const ROUND_MS = 10_000;
const RETRY_MS = 100;
/** Milliseconds that the catalog has to answer. The longer it takes, the less exact is the result. */
const ANSWER_LIMIT_MS = 1000;

/**
 * Keeps the system time of this process equal to MongoDB's. Apps without a database ask the catalog. No request waits for
 * this: while MongoDB or the catalog is away, the last correction stays.
 */
@Injectable()
export class SystemClock implements OnModuleDestroy {
  /** Whether the clock has been compared since the start. */
  isCompared = false;
  private correction = 0;
  private stopped = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
    @Optional() private readonly database?: DatabaseTime,
  ) {}

  /** Called before the first request and the first periodic task, so that nothing is stored with a wrong time. */
  start(): Promise<void> {
    return this.compare();
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async compare(): Promise<void> {
    try {
      const sentAt = performance.now();
      const time = await this.read();
      this.adopt(adoptSystemTime(time, performance.now() - sentAt));
      this.isCompared = true;
    } catch {
      // Those who need MongoDB or the catalog report that it is away.
    }
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.compare(), this.isCompared ? ROUND_MS : RETRY_MS).unref();
  }

  private async read(): Promise<number> {
    if (this.database) return this.database.read();
    return (await this.bus.call(timeContracts.get, {}, { deadlineMs: ANSWER_LIMIT_MS })).now;
  }

  private adopt(correction: number): void {
    metrics.clockCorrection.set(correction / 1000);
    if ((correction === 0) !== (this.correction === 0))
      this.logger.warn({ seconds: correction / 1000 }, 'clock: correction by the clock of MongoDB');
    this.correction = correction;
  }
}
