import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { QueueName } from '@pentaprism/contracts';
import type { Queue } from 'bullmq';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that work waits for uploads to be analysed: under a load that never ends, it goes on all the same. */
const PATIENCE_MS = 2_000;
const POLL_MS = 250;

/** Lets uploads go before work in the same decode processes that nobody waits for at the moment. */
@Injectable()
export class UploadsFirst {
  constructor(@InjectQueue('analysis' satisfies QueueName) private readonly analysis: Queue) {}

  /** Ends when no upload waits to be analysed, or after a while. @throws the signal's reason */
  async wait(signal: AbortSignal): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until && (await this.analysis.getJobCountByTypes('waiting', 'prioritized', 'active')) > 0)
      await sleep(POLL_MS, undefined, { signal });
  }
}
