import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { JobRunner } from '@pentaprism/jobs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueProcessor } from './processors.js';
import type { SharedPool } from './shared-pool.js';
import { DECODE_POOL, PROMPT_POOL, QUEUE_PROCESSORS } from './tokens.js';

/** Milliseconds in which running jobs may end by themselves; then they are given back. */
const FINISH_LIMIT_MS = 3000;
/** Milliseconds more in which they are given back. Without their owner or Valkey that does not work. */
const GIVE_BACK_LIMIT_MS = 1500;
/** Milliseconds that the decode processes may take to end. */
const POOL_LIMIT_MS = 1000;

/**
 * Takes no more jobs, finishes what is nearly done, gives back the rest. Before Nest's own shutdown hooks, since jobs
 * report over the bus, which those close.
 */
@Injectable()
export class WorkerShutdown implements BeforeApplicationShutdown {
  constructor(
    private readonly runner: JobRunner,
    @Inject(QUEUE_PROCESSORS) private readonly processors: readonly QueueProcessor[],
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
    @Inject(PROMPT_POOL) private readonly promptPool: SharedPool,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    const giveBack = setTimeout(() => this.runner.stop(), FINISH_LIMIT_MS);
    const finished = Promise.all(this.processors.map(({ worker }) => worker.close()));
    await Promise.race([finished, sleep(FINISH_LIMIT_MS + GIVE_BACK_LIMIT_MS, undefined, { ref: false })]);
    clearTimeout(giveBack);
    // Nest waits for the same end. If Valkey is away, it never comes: BullMQ waits for the end of a connection that is not open.
    for (const { worker } of this.processors) worker.close = () => Promise.resolve();
    // A process in the middle of a decoding ends with this one.
    const closed = Promise.all([this.pool.close(), this.promptPool.close()]);
    await Promise.race([closed, sleep(POOL_LIMIT_MS, undefined, { ref: false })]);
  }
}
