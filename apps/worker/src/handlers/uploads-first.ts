import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { jobDirectoryContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that work waits for uploads to be analysed: under a load that never ends, it goes on all the same. */
const PATIENCE_MS = 2_000;
const POLL_MS = 250;

/**
 * Lets the uploads of a workspace go before its work in the background. Uploads of other workspaces do not hold it up:
 * with those it takes turns.
 */
@Injectable()
export class UploadsFirst {
  constructor(private readonly bus: Bus) {}

  /** Ends when no upload of the workspace waits to be analysed, or after a while. @throws the signal's reason */
  async wait(workspace: string, signal: AbortSignal): Promise<void> {
    const until = performance.now() + PATIENCE_MS;
    while (performance.now() < until && (await this.pending(workspace))) await sleep(POLL_MS, undefined, { signal });
  }

  private async pending(workspace: string): Promise<boolean> {
    try {
      const context = { context: { workspace } };
      return (await this.bus.call(jobDirectoryContracts.pending, { queue: 'analysis' }, context)).pending;
    } catch (error) {
      // The order is a courtesy: work does not fail because the catalog is away.
      if (DomainError.is(error)) return false;
      throw error;
    }
  }
}
