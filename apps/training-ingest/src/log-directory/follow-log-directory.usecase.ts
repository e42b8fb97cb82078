import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { metrics, type Logger } from '@pentaprism/observability';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedRuns } from '../event-logs/logged-runs.usecase.js';
import type { ReadRuns } from '../event-logs/read-runs.usecase.js';
import type { RunOrigin } from '../event-logs/run-source.js';
import { DirectoryProblems } from './directory-problems.js';
import { LEASE_MS, RENEWAL_MS, type DirectoryState, type LogDirectoryLease } from './log-directory-lease.js';
import type { LogTree, TreeListing } from './log-tree.js';
import { reasonOf } from './reason-of.js';
import { DirectoryUnseen, RunFollower } from './run-follower.js';

/** Milliseconds that a stop waits until what was read is stored. It is read again otherwise. */
const STOP_LIMIT_MS = 3_000;
/** Milliseconds that another instance needs for an attempt to take the lease. */
const ATTEMPT_MS = 1_000;
const EMPTY = 'It is empty, and another directory than the one that had runs. Is its volume mounted?';

const ORIGIN: RunOrigin = 'directory';

export interface FollowSettings {
  /** The workspace that the log directory belongs to. */
  readonly workspace: string;
  /** Milliseconds from the start of one look to the start of the next. */
  readonly intervalMs: number;
}

/** What an instance has while it follows. */
interface Tenure {
  readonly follower: RunFollower;
  readonly renewals: NodeJS.Timeout;
  state: DirectoryState;
  /** When the lease was last renewed, on the monotonic clock. */
  renewedAt: number;
}

/**
 * Follows a log directory: takes its lease, looks at it again and again, and hides its runs if no instance sees it any more.
 *
 * Polls, because notifications of file systems do not cross networks. An empty directory that took the place of another one is
 * the mount point of a volume that is away, so it counts as not seen.
 */
export class FollowLogDirectory implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stop = new AbortController();
  private readonly problems: DirectoryProblems;
  private running: Promise<void> = Promise.resolve();
  private tenure: Tenure | undefined;
  /** The identity of an empty directory that took the place of the one with runs. */
  private impostor: string | undefined;
  private renewing = false;
  /** The renewal that is under way in the database. */
  private taking: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly tree: LogTree,
    private readonly lease: LogDirectoryLease,
    private readonly reader: Pick<ReadRuns, 'read'>,
    private readonly records: Pick<LoggedRuns, 'list' | 'remove' | 'hide' | 'show'>,
    private readonly logger: Logger,
    private readonly settings: FollowSettings,
  ) {
    this.problems = new DirectoryProblems(tree.place, logger);
  }

  /** Whether this instance follows now. */
  get isFollowing(): boolean {
    return this.tenure !== undefined;
  }

  onApplicationBootstrap(): void {
    this.running = this.loop();
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    // Again after the present step, which may just be beginning a tenure.
    const ending = this.end().then(() => this.running.then(() => this.end()));
    await Promise.race([ending, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }

  private async loop(): Promise<void> {
    const { signal } = this.stop;
    let lookAt = 0;
    while (!signal.aborted) {
      const begun = performance.now();
      if (!this.tenure || this.isLost(this.tenure) || begun >= lookAt) {
        lookAt = begun + this.settings.intervalMs;
        const failures = await this.step().then(
          () => [],
          (error: unknown) => [reasonOf(error)],
        );
        if (!signal.aborted) this.problems.set('waiting', failures, 'step');
      }
      const next = Math.min(lookAt, begun + RENEWAL_MS);
      // Rounded up, because a timer that fires early would find nothing to do, and wait as long again.
      const left = Math.ceil(Math.max(0, next - performance.now()));
      await sleep(left, undefined, { signal }).catch(() => undefined);
    }
  }

  private async step(): Promise<void> {
    if (this.tenure && this.isLost(this.tenure)) await this.end();
    try {
      this.tenure ??= await this.begin();
      if (this.tenure) await this.look(this.tenure);
      this.problems.set('missing', []);
    } catch (error) {
      if (!(error instanceof DirectoryUnseen)) throw error;
      await this.end();
      this.problems.set('missing', [error.message]);
      await this.hideUnlessSeen();
    }
  }

  private isLost({ renewedAt }: Tenure): boolean {
    return performance.now() - renewedAt > LEASE_MS;
  }

  /** Takes the lease. @throws DirectoryUnseen */
  private async begin(): Promise<Tenure | undefined> {
    await this.assertSeen();
    const renewedAt = performance.now();
    const state = await this.lease.take(this.settings.workspace);
    if (!state) return undefined;
    const { workspace } = this.settings;
    const follower = new RunFollower(this.tree, this.reader, this.records, this.problems, workspace);
    const renewals = setInterval(() => void this.renew(), RENEWAL_MS);
    metrics.logDirectoryFollowed.set(1);
    this.logger.info({ place: this.tree.place }, 'log directory: this instance follows it');
    return { follower, renewals, state, renewedAt };
  }

  private async assertSeen(): Promise<void> {
    try {
      const identity = await this.tree.identify();
      if (identity !== this.impostor) return;
      const { runs } = await this.tree.list(this.stop.signal);
      if (runs.length > 0) return;
    } catch (error) {
      throw new DirectoryUnseen(reasonOf(error), { cause: error });
    }
    throw new DirectoryUnseen(EMPTY);
  }

  private async look(tenure: Tenure): Promise<void> {
    const { workspace } = this.settings;
    const { identity, isHidden } = tenure.state;
    const listing = await tenure.follower.look((found, known) => {
      // Another instance may have stored runs since, which this one would remove.
      if (this.isLost(tenure)) throw new Error('The lease was lost during a look.');
      this.impostor = isImpostor(found, known, identity) ? found.identity : undefined;
      return this.impostor === undefined;
    });
    if (listing === null) throw new DirectoryUnseen(EMPTY);
    metrics.logDirectoryUnread.set(tenure.follower.unread);
    if (isHidden) await this.records.show(workspace, ORIGIN);
    const state = { identity: listing.runs.length > 0 ? listing.identity : identity, isHidden: false };
    if (state.identity === identity && !isHidden) return;
    await this.lease.note(workspace, state);
    tenure.state = state;
  }

  private async renew(): Promise<void> {
    const { tenure } = this;
    if (!tenure || this.renewing) return;
    this.renewing = true;
    try {
      // Only who sees the directory keeps the lease. A file system that hangs does not answer here.
      await this.tree.identify();
      const renewedAt = performance.now();
      if (this.tenure !== tenure) return;
      const taking = this.lease.take(this.settings.workspace);
      this.taking = taking.catch(() => undefined);
      const state = await taking;
      tenure.renewedAt = state ? renewedAt : -Infinity;
    } catch {
      // The next look finds the same, or the lease ends.
    } finally {
      this.renewing = false;
    }
  }

  /** Ends the tenure of this instance, so that another one can follow at once. */
  private async end(): Promise<void> {
    const { tenure } = this;
    if (!tenure) return;
    this.tenure = undefined;
    clearInterval(tenure.renewals);
    const stored = tenure.follower.stop();
    // A renewal that arrives after the release would take the lease again.
    await this.taking;
    // Failures end the lease later, by itself.
    await this.lease.release(this.settings.workspace).catch(() => undefined);
    metrics.logDirectoryFollowed.set(0);
    metrics.logDirectoryUnread.set(0);
    this.problems.clear();
    await stored;
  }

  /** Hides the runs, after all instances had the time to take the lease. */
  private async hideUnlessSeen(): Promise<void> {
    const { workspace } = this.settings;
    if (!(await this.lease.takeUnseen(workspace, Math.min(this.settings.intervalMs, RENEWAL_MS) + ATTEMPT_MS))) return;
    await this.records.hide(workspace, ORIGIN);
    await this.lease.note(workspace, { isHidden: true });
    await this.lease.release(workspace);
    this.logger.warn({ place: this.tree.place }, 'log directory: no instance sees it, its runs are hidden');
  }
}

/** Returns whether an empty directory took the place of the one that had runs. */
function isImpostor({ identity, runs }: TreeListing, known: number, before: string): boolean {
  return runs.length === 0 && known > 0 && identity !== before;
}
