import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, TIMESTAMP_SLACK_MS, type BlobStore } from '@pentaprism/blob-store';
import { systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { MODALITY_AREA, StoredSessions } from './stored-sessions.js';

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
  private readonly rounds: Rounds;
  /** The first and the last end since the last walk: the first is not to wait until no session ends any more. */
  private ends: { first: number; last: number } | undefined;

  constructor(
    private readonly sessions: StoredSessions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('modality', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.sweepRecords());
    this.rounds.every(ROUND_MS, () => this.sweepDueBlobs());
    this.rounds.every(BLOB_ROUND_MS, () => this.sweepBlobs());
    // Now, and once more when what another process ended just before it died is due.
    this.rounds.once(ROUND_MS, () => this.sweepBlobs());
    this.rounds.once(DUE_MS + ROUND_MS, () => this.sweepBlobs());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Its bytes are removed soon. */
  sessionEnded(now = systemNow()): void {
    this.ends = { first: this.ends?.first ?? now, last: now };
  }

  /** Public for tests. */
  async sweepRecords(now = systemNow()): Promise<void> {
    for (;;) {
      const removed = await this.sessions.removeExpired(now, BATCH);
      if (removed > 0) this.sessionEnded(now);
      if (removed < BATCH || this.rounds.stopped) return;
    }
  }

  /** Walks through the bytes if those of a session are due. Public for tests. @returns how many were removed */
  async sweepDueBlobs(now = systemNow()): Promise<number> {
    if (!this.ends || now < this.ends.first + DUE_MS) return 0;
    const { last } = this.ends;
    // What ended since then, or ends during the walk, has a walk of its own.
    this.ends = last + DUE_MS > now ? { first: last, last } : undefined;
    return this.sweepBlobs(now);
  }

  /** Public for tests. @returns how many were removed */
  sweepBlobs(now = systemNow()): Promise<number> {
    return sweepUnknown(
      this.blobs,
      MODALITY_AREA,
      new Date(now - MODALITY_BLOB_GRACE_MS),
      (workspace, hashes) => this.sessions.known(workspace, hashes),
      () => this.rounds.stopped,
    );
  }
}
