import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, TIMESTAMP_SLACK_MS, type BlobStore } from '@pentaprism/blob-store';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { MODALITY_AREA, StoredSessions } from '../modality/stored-sessions.js';

/**
 * Milliseconds that bytes stay which no image refers to: longer than an upload takes from its last byte to its record,
 * which is the deadline of a call (5 s).
 */
export const MODALITY_BLOB_GRACE_MS = 120_000;
/** Milliseconds between rounds over the records, and looks whether bytes are due. */
const ROUND_MS = 15_000;
/** Milliseconds between walks through the bytes when no session ends: for what others left, or processes that died. */
const BLOB_ROUND_MS = 3600 * 1000;
/** Milliseconds from an end to its bytes' walk: those that came last have to be old enough. */
const DUE_MS = MODALITY_BLOB_GRACE_MS + TIMESTAMP_SLACK_MS;
const BATCH = 100;

/** Removes expired sessions that are kept here, and the bytes of sessions that are over. */
@Injectable()
export class SweepModality implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers: NodeJS.Timeout[] = [];
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  /** The first and the last end since the last walk: the first is not to wait until no session ends any more. */
  private ends: { first: number; last: number } | undefined;

  constructor(
    private readonly sessions: StoredSessions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const records = () => this.run('records', () => this.sweepRecords());
    const due = () => this.run('bytes', () => this.sweepDueBlobs());
    const bytes = () => this.run('bytes', () => this.sweepBlobs());
    this.timers.push(
      setInterval(records, ROUND_MS),
      setInterval(due, ROUND_MS),
      setInterval(bytes, BLOB_ROUND_MS),
      // Now, and once more when what another process ended just before it died is due.
      setTimeout(bytes, ROUND_MS),
      setTimeout(bytes, DUE_MS + ROUND_MS),
    );
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  /** Its bytes are removed soon. */
  sessionEnded(now = Date.now()): void {
    this.ends = { first: this.ends?.first ?? now, last: now };
  }

  /** Public for tests. */
  async sweepRecords(now = Date.now()): Promise<void> {
    for (;;) {
      const removed = await this.sessions.removeExpired(now, BATCH);
      if (removed > 0) this.sessionEnded(now);
      if (removed < BATCH || this.stopped) return;
    }
  }

  /** Walks through the bytes if those of a session are due. Public for tests. @returns how many were removed */
  async sweepDueBlobs(now = Date.now()): Promise<number> {
    if (!this.ends || now < this.ends.first + DUE_MS) return 0;
    const { last } = this.ends;
    // What ended since then, or ends during the walk, has a walk of its own.
    this.ends = last + DUE_MS > now ? { first: last, last } : undefined;
    return this.sweepBlobs(now);
  }

  /** Public for tests. @returns how many were removed */
  sweepBlobs(now = Date.now()): Promise<number> {
    return sweepUnknown(
      this.blobs,
      MODALITY_AREA,
      new Date(now - MODALITY_BLOB_GRACE_MS),
      (workspace, hashes) => this.sessions.known(workspace, hashes),
      () => this.stopped,
    );
  }

  private run(what: string, work: () => Promise<unknown>): void {
    this.running = this.running
      .then(() => (this.stopped ? undefined : work()))
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn({ err: error, what }, 'modality: the sweep failed, the next round tries again'),
      );
  }
}
