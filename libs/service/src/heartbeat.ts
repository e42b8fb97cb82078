import type { Logger } from '@pentaprism/observability';
import { renameSync, writeFileSync } from 'node:fs';

/** Milliseconds between beats; the probe (`deploy/docker/heartbeat.sh`) gives a process up after six that are missing. */
const BEAT_MS = 5000;

export type HeartbeatState = 'starting' | 'ready' | 'stopping';

/**
 * Shows an orchestrator that a process without a port lives: a file that the event loop touches, with the state in it.
 * Its age is the liveness, which so depends on nothing but this process; `ready` in it is the readiness.
 *
 * A probe that asked the service over the bus would start a Node.js process each time, and would see NATS's outages as
 * deaths of the service.
 */
export class Heartbeat {
  private state: HeartbeatState = 'starting';
  private broken = false;

  /** @param file undefined for none */
  constructor(
    private readonly file: string | undefined,
    private readonly logger: Logger,
  ) {
    if (file === undefined) return;
    this.beat();
    setInterval(() => this.beat(), BEAT_MS).unref();
  }

  show(state: HeartbeatState): void {
    this.state = state;
    this.beat();
  }

  /** Synchronous, since it goes to memory, and by renaming, so that a probe never reads half of it. */
  private beat(): void {
    if (this.file === undefined) return;
    try {
      writeFileSync(`${this.file}.next`, `${this.state}\n`);
      renameSync(`${this.file}.next`, this.file);
      this.broken = false;
    } catch (error) {
      // Serving goes on; the orchestrator will see an old file, and the log says why.
      if (!this.broken) this.logger.error({ err: error, file: this.file }, 'the heartbeat cannot be written');
      this.broken = true;
    }
  }
}
