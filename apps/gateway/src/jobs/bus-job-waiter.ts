import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus, watchFact } from '@pentaprism/bus';
import { jobFinished, type FactData } from '@pentaprism/contracts';
import { JobWaiter } from '@pentaprism/http';

/** Receives on the bus that a job has ended. This only saves time: a waiting request reads the ledger again anyway. */
@Injectable()
export class BusJobWaiter extends JobWaiter implements OnModuleDestroy {
  private readonly waiting = new Map<string, Set<() => void>>();
  private readonly unwatch: () => void;
  private stopped = false;

  constructor(bus: Bus) {
    super();
    this.unwatch = watchFact(bus.connection, jobFinished, (data) => {
      const { jobId } = data as FactData<typeof jobFinished>;
      for (const wake of this.waiting.get(jobId) ?? []) wake();
    });
  }

  wait(jobId: string, limitMs: number, signal?: AbortSignal): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.waiting.get(jobId) ?? new Set();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        waiters.delete(wake);
        if (waiters.size === 0) this.waiting.delete(jobId);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      signal?.addEventListener('abort', wake);
      waiters.add(wake);
      this.waiting.set(jobId, waiters);
    });
  }

  /** Ends all waits, and refuses new ones, when the gateway stops. */
  onModuleDestroy(): void {
    this.stopped = true;
    this.unwatch();
    for (const waiters of [...this.waiting.values()]) for (const wake of [...waiters]) wake();
  }
}
