import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus, DEFAULT_DEADLINE_MS, watchSignal } from '@pentaprism/bus';
import {
  analyseContent,
  contentAnalysed,
  type contentContracts,
  type ContentReference,
  type ResponseOf,
} from '@pentaprism/contracts';
import { DomainError, systemNow } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { currentContext } from '@pentaprism/observability';
import { ContentRepository } from './content.repository.js';
import { ANALYSIS_PRIORITY } from './analysis-priority.js';
import { ContentReferences } from './content-references.js';

type Outcome = ResponseOf<typeof contentContracts.analyse>['outcomes'][number];

/** Milliseconds between looks at the database, when no signal says that there is news: one may be lost. */
const POLL_MS = 1000;
/** Milliseconds before its caller gives up at which a call is answered that has waited in vain. */
const ANSWER_MS = 250;

/** Finds out what is in bytes before there is an image of them. */
@Injectable()
export class AnalyseContents implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly waiting = new Set<Waiting>();
  private stopWatching = () => {};
  private stopped = false;

  constructor(
    private readonly contents: ContentRepository,
    private readonly references: ContentReferences,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly bus: Bus,
  ) {}

  onApplicationBootstrap(): void {
    this.stopWatching = watchSignal(this.bus.connection, contentAnalysed, ({ workspace, sha256 }) => {
      for (const waiting of this.waiting) if (waiting.workspace === workspace) waiting.heard(sha256);
    });
  }

  onModuleDestroy(): void {
    this.stopped = true;
    this.stopWatching();
    for (const waiting of this.waiting) waiting.wake();
  }

  /**
   * In the order of the contents. Nothing is collected before its time is over for those who wait here, and for the grace
   * time of transient bytes after that.
   * @throws DomainError DEADLINE_EXCEEDED when not all are known in time; UNAVAILABLE when this process stops
   */
  async execute(workspace: string, contents: readonly ContentReference[]): Promise<{ outcomes: Outcome[] }> {
    const now = performance.now();
    const deadline = currentContext()?.deadline ?? now + DEFAULT_DEADLINE_MS;
    const distinct = [...new Map(contents.map((content) => [content.sha256, content])).values()];
    await this.begin(workspace, distinct, new Date(systemNow() + deadline - now));
    const hashes = distinct.map(({ sha256 }) => sha256);
    await this.untilKnown(workspace, hashes, deadline - ANSWER_MS);
    const known = new Map(
      (await this.contents.findMany(workspace, hashes)).map((content) => [content.sha256, content]),
    );
    const outcomes = contents.map(({ sha256 }): Outcome => {
      const { state, mediaType, format, width, height, reason = '', code } = known.get(sha256) ?? {};
      if (state === 'decoded' && mediaType && format && width && height)
        return { state, mediaType, format, width, height };
      if (state === 'undecodable') return { state, reason, ...(code === undefined ? {} : { code }) };
      throw new DomainError('UNAVAILABLE', 'Bytes were removed while they were looked at; try again.');
    });
    return { outcomes };
  }

  /** Bytes that nobody wants to keep go soon, unless an image points to them. */
  async discard(workspace: string, contents: readonly ContentReference[]): Promise<void> {
    const distinct = [...new Map(contents.map((content) => [content.sha256, content])).values()];
    const hashes = distinct.map(({ sha256 }) => sha256);
    await this.references.inTurn({ workspace, ids: [], hashes }, async (session) => {
      const known = await this.contents.discardUnknown(workspace, distinct, session);
      const knownHashes = known.map(({ sha256 }) => sha256);
      const referenced = await this.references.referenced(workspace, knownHashes, session);
      const unused = knownHashes.filter((sha256) => !referenced.has(sha256));
      await this.contents.discard(workspace, unused, session);
    });
  }

  private async begin(workspace: string, contents: readonly ContentReference[], until: Date): Promise<void> {
    const hashes = contents.map(({ sha256 }) => sha256);
    const jobs = await this.references.inTurn({ workspace, ids: [], hashes }, async (session) => {
      const news = await this.contents.noteAwaited(workspace, contents, until, session);
      return this.ledger.addAll(
        analyseContent,
        news.map(({ sha256, size }) => ({
          workspace,
          payload: { workspace, sha256, size },
          priority: ANALYSIS_PRIORITY.awaited,
        })),
        session,
      );
    });
    // Not awaited: the ledger has them.
    if (jobs.length > 0) void this.queue.enqueue(...jobs);
  }

  private async untilKnown(workspace: string, hashes: readonly string[], giveUpAt: number): Promise<void> {
    // From before the first look on: what becomes known right after it is heard of.
    const waiting = new Waiting(workspace);
    this.waiting.add(waiting);
    try {
      for (;;) {
        waiting.begin();
        const states = await this.contents.states(workspace, hashes);
        const unknown = hashes.filter((sha256) => ['pending', 'unseen'].includes(states.get(sha256) ?? ''));
        if (unknown.length === 0) return;
        if (this.stopped) throw new DomainError('UNAVAILABLE', 'This service stops; try again.');
        const left = giveUpAt - performance.now();
        if (left <= 0) throw new DomainError('DEADLINE_EXCEEDED', 'The workers have more to do than fits in the time.');
        await waiting.forAll(unknown, Math.min(left, POLL_MS));
      }
    } finally {
      this.waiting.delete(waiting);
    }
  }
}

/** One call that waits for signals. */
class Waiting {
  private known = new Set<string>();
  private unknown: ReadonlySet<string> = new Set();
  wake = () => {};

  constructor(readonly workspace: string) {}

  begin(): void {
    this.known = new Set();
    this.unknown = new Set();
  }

  heard(sha256: string): void {
    this.known.add(sha256);
    this.check();
  }

  /** Until all of these have been heard of since `begin`, at most for some milliseconds. */
  async forAll(hashes: readonly string[], milliseconds: number): Promise<void> {
    this.unknown = new Set(hashes);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.check();
    });
    this.wake = () => {};
  }

  private check(): void {
    if (this.unknown.size > 0 && [...this.unknown].every((sha256) => this.known.has(sha256))) this.wake();
  }
}
