import { DomainError } from '@pentaprism/domain';
import type { LoggedRuns } from '../event-logs/logged-runs.usecase.js';
import type { ReadRuns } from '../event-logs/read-runs.usecase.js';
import type { EventFileSource, RunOrigin, RunProgress, RunSource } from '../event-logs/run-source.js';
import type { DirectoryProblems } from './directory-problems.js';
import { KnownRuns } from './known-runs.js';
import { FileReplaced, ROOT_RUN, type ListedFile, type ListedRun, type LogTree, type TreeListing } from './log-tree.js';
import { ReadingQueue, type Lane, type WaitingRun } from './reading-queue.js';
import { reasonOf } from './reason-of.js';

/** Milliseconds after which a turn ends with its present pass. */
const TURN_MS: Readonly<Record<Lane, number>> = { quick: 1_000, slow: 2_000 };

const ORIGIN: RunOrigin = 'directory';

/** Thrown if the log directory cannot be listed. */
export class DirectoryUnseen extends Error {}

/** Follows the runs of a log directory while this instance has the lease. */
export class RunFollower {
  private readonly over = new AbortController();
  private readonly queue = new ReadingQueue();
  private readonly lanes: Record<Lane, Promise<void> | undefined> = { quick: undefined, slow: undefined };
  private readonly failures = new Map<string, string>();
  private readonly refusals = new Map<string, string>();
  /** Runs of calls that failed. Each is read by a call of its own, because one of them may be why. */
  private readonly suspects = new Set<string>();
  private known: KnownRuns | undefined;

  constructor(
    private readonly tree: LogTree,
    private readonly reader: Pick<ReadRuns, 'read'>,
    private readonly records: Pick<LoggedRuns, 'list' | 'remove'>,
    private readonly problems: DirectoryProblems,
    private readonly workspace: string,
  ) {}

  /** Bytes that wait to be read. */
  get unread(): number {
    return this.queue.unread;
  }

  /**
   * Looks at the directory once. Takes runs away whose directories are gone, and begins to read what is new. Returns before it
   * is read.
   *
   * @param isTrusted asked before runs are taken away
   * @returns the listing, or null if `isTrusted` is false
   * @throws DirectoryUnseen if the directory is gone or unreadable
   * @throws Error if the database does not answer, or after `stop`
   */
  async look(isTrusted: (listing: TreeListing, known: number) => boolean): Promise<TreeListing | null> {
    const listing = await this.list();
    this.known ??= new KnownRuns(await this.records.list(this.workspace, ORIGIN));
    this.over.signal.throwIfAborted();
    if (!isTrusted(listing, this.known.size)) return null;
    await this.removeGone(listing, this.known);
    for (const run of listing.runs) {
      if (this.known.hasChanged(run)) this.queue.offer(run, this.known.unreadOf(run));
    }
    this.report(listing);
    this.drain('quick');
    this.drain('slow');
    return listing;
  }

  /** Waits until what the last look has found is read, or has failed. */
  async settle(): Promise<void> {
    while (this.lanes.quick ?? this.lanes.slow) await Promise.all([this.lanes.quick, this.lanes.slow]);
  }

  /** Ends reading as soon as what was read is stored. */
  stop(): Promise<void> {
    this.over.abort();
    return this.settle();
  }

  private async list(): Promise<TreeListing> {
    try {
      return await this.tree.list(this.over.signal);
    } catch (error) {
      this.over.signal.throwIfAborted();
      throw new DirectoryUnseen(reasonOf(error), { cause: error });
    }
  }

  private async removeGone({ runs, unlisted }: TreeListing, known: KnownRuns): Promise<void> {
    const present = new Set(runs.map(({ name }) => name));
    const isUnknown = (name: string) => unlisted.some((directory) => isIn(directory, name));
    const gone = known.names().filter((name) => !present.has(name) && !isUnknown(name) && !this.queue.isBusy(name));
    if (gone.length > 0) await this.records.remove(this.workspace, ORIGIN, gone);
    known.forget(gone);
    for (const name of gone) {
      this.queue.drop(name);
      this.suspects.delete(name);
    }
    for (const reasons of [this.failures, this.refusals]) {
      for (const name of reasons.keys()) if (!present.has(name)) reasons.delete(name);
    }
  }

  private report({ problems }: TreeListing): void {
    const textsOf = (wanted: string) => problems.flatMap(({ kind, text }) => (kind === wanted ? text : []));
    this.problems.set('name', textsOf('name'));
    this.problems.set('limit', textsOf('limit'));
    this.problems.set('unreadable', [...textsOf('unreadable'), ...this.failures.values()]);
    this.problems.set('refused', this.refusals.values());
  }

  private drain(lane: Lane): void {
    this.lanes[lane] ??= this.readAll(lane).finally(() => (this.lanes[lane] = undefined));
  }

  /** Reads what waits in a lane. After a failure to store it, the rest waits for the next look. */
  private async readAll(lane: Lane): Promise<void> {
    let failures: string[] = [];
    try {
      for (let turn = this.queue.take(lane); turn.length > 0; turn = this.queue.take(lane)) {
        await this.readTurn(lane, turn);
      }
    } catch (error) {
      failures = [reasonOf(error)];
    }
    if (!this.over.signal.aborted) this.problems.set('waiting', failures, lane);
  }

  /** @throws what keeps a call from being stored. The runs of later calls wait as before. */
  private async readTurn(lane: Lane, turn: readonly WaitingRun[]): Promise<void> {
    const calls = this.callsOf(turn);
    try {
      for (let call = calls.shift(); call; call = calls.shift()) await this.readCall(lane, call);
    } finally {
      this.offerAgain(calls.flat(), 0);
    }
  }

  private callsOf(turn: readonly WaitingRun[]): WaitingRun[][] {
    const together = turn.filter(({ run }) => !this.suspects.has(run.name));
    const alone = turn.filter(({ run }) => this.suspects.has(run.name)).map((each) => [each]);
    return together.length > 0 ? [together, ...alone] : alone;
  }

  private async readCall(lane: Lane, runs: readonly WaitingRun[]): Promise<void> {
    const endsAt = performance.now() + TURN_MS[lane];
    const isOver = () => this.over.signal.aborted || performance.now() > endsAt;
    // A call that fails may have stored some of the runs.
    for (const { run } of runs) this.known?.expect(run.name);
    try {
      const progress = await this.reader.read(
        ORIGIN,
        runs.map(({ run }) => this.sourceOf(run)),
        isOver,
      );
      const byName = new Map(progress.map((each) => [each.name, each]));
      const unfinished = runs.filter((each) => {
        const reached = byName.get(each.run.name);
        return reached !== undefined && this.take(each, reached);
      });
      this.queue.release(runs);
      if (!this.over.signal.aborted) this.offerAgain(unfinished, 1);
    } catch (error) {
      this.fail(runs, error);
      throw error;
    }
  }

  /** Lets runs of a call that failed wait behind all others. A disk that is full is no fault of a run. */
  private fail(runs: readonly WaitingRun[], error: unknown): void {
    const isOfRun = !this.over.signal.aborted && !DomainError.is(error, 'STORAGE_FULL');
    if (isOfRun) for (const { run } of runs) this.suspects.add(run.name);
    this.offerAgain(runs, isOfRun ? 1 : 0);
  }

  private offerAgain(runs: readonly WaitingRun[], turnsMore: number): void {
    this.queue.release(runs);
    for (const { run, turns } of runs) this.queue.offer(run, this.known?.unreadOf(run) ?? 0, turns + turnsMore);
  }

  /** Notes how far a run is. Returns whether it needs another turn. */
  private take({ run }: WaitingRun, { files, hasMore, error, refused }: RunProgress): boolean {
    const { name } = run;
    this.suspects.delete(name);
    // A file that is gone or was replaced since it was listed is a matter of the next look.
    const failed = error !== undefined && !(error instanceof FileReplaced);
    setOrDelete(this.failures, name, failed ? `${name}: ${String(error)}` : null);
    setOrDelete(this.refusals, name, refused === null ? null : `${name}: ${refused}`);
    this.known?.note(run, files, !hasMore && error === undefined && refused === null);
    return hasMore;
  }

  private sourceOf({ name, files }: ListedRun): RunSource {
    return { workspace: this.workspace, name, files: files.map((file) => this.fileOf(name, file)) };
  }

  private fileOf(run: string, file: ListedFile): EventFileSource {
    const { name, identity, size, version } = file;
    // Of the size alone, a reader would conclude that nothing is new.
    const shown = this.known?.isRewritten(run, file) ? `${identity}@${version}` : identity;
    return { name, identity: shown, size, read: (offset) => this.untilOver(this.tree.read(run, file, offset)) };
  }

  private async *untilOver(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.over.signal.throwIfAborted();
      yield piece;
    }
  }
}

function isIn(directory: string, run: string): boolean {
  return directory === ROOT_RUN || run === directory || run.startsWith(`${directory}/`);
}

function setOrDelete(texts: Map<string, string>, name: string, text: string | null): void {
  if (text === null) texts.delete(name);
  else texts.set(name, text);
}
