import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { shuffled } from '@pentaprism/concurrency';
import { radiographContracts, type KnownSession } from '@pentaprism/contracts';
import { MAX_PAGE_SIZE } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { MODALITY_SESSIONS, type ModalitySessions } from './modality-sessions.js';

/** Milliseconds between two rounds: two of them after its end at most, the radiographs of a session go. */
export const WATCH_MS = 15_000;
/** Sessions that are asked for at once. */
const LANES = 4;
/** A round in which nothing but so many failures came is given up: each of them may have taken its whole time. */
const HOPELESS_FAILURES = 8;

/** What a round has seen of the modality. */
interface Round {
  answers: number;
  failures: number;
  lastFailure?: unknown;
}

/**
 * Ends in the catalog what is over at the modality: sessions end there without a word to us. It also completes what a
 * process began that died, and what was recorded at the moment of the end. Any number of instances may watch.
 *
 * A session has ended if two checks in a row say so: a single 404 can be that of a proxy in front of a device that is away.
 * Requests for a radiograph between the two checks get 404. That can be taken back, and the removal cannot.
 */
@Injectable()
export class WatchSessions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stop = new AbortController();
  private readonly rounds: Rounds;
  /** Whether the modality did not answer when it was last asked: it is not logged again. */
  private outage = false;
  /** Sessions that were over when they were last asked for. */
  private over = new Set<string>();

  constructor(
    private readonly bus: Bus,
    @Inject(MODALITY_SESSIONS) private readonly sessions: ModalitySessions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('sessions', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(WATCH_MS, () => this.watch());
  }

  onModuleDestroy(): Promise<void> {
    this.stop.abort();
    return this.rounds.stop();
  }

  /** One round; public for tests. */
  async watch(): Promise<void> {
    const sessions = await this.list();
    // In another order each time: those that are asked for first must not always be the same few that fail.
    const queue = shuffled(sessions);
    const round: Round = { answers: 0, failures: 0 };
    const lane = async () => {
      for (let next = queue.pop(); next && this.goesOn(round); next = queue.pop()) await this.look(next, round);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const known = new Set(sessions.map(keyOf));
    this.over = new Set([...this.over].filter((key) => known.has(key)));
    this.noteOutage(round);
  }

  private async list(): Promise<KnownSession[]> {
    const sessions: KnownSession[] = [];
    for (;;) {
      const page = { limit: MAX_PAGE_SIZE, after: sessions.at(-1) ?? null };
      const listing = this.bus.call(radiographContracts.listSessions, page, { context: { workspace: '' } });
      const answer = await this.unlessStopped(listing);
      if (!answer) return [];
      sessions.push(...answer.sessions);
      if (answer.sessions.length < MAX_PAGE_SIZE) return sessions;
    }
  }

  private goesOn({ answers, failures }: Round): boolean {
    return !this.stop.signal.aborted && (answers > 0 || failures < HOPELESS_FAILURES);
  }

  private async look(session: KnownSession, round: Round): Promise<void> {
    const { workspace, sessionId } = session;
    const key = keyOf(session);
    try {
      const active = await this.unlessStopped(this.sessions.isActive(workspace, sessionId));
      round.answers += 1;
      if (active) this.over.delete(key);
      if (active !== false) return;
    } catch (error) {
      round.failures += 1;
      round.lastFailure = error;
      return;
    }
    if (this.over.has(key)) await this.end(workspace, sessionId);
    else this.over.add(key);
  }

  private async end(workspace: string, sessionId: string): Promise<void> {
    try {
      const ending = this.bus.call(radiographContracts.endSession, { sessionId }, { context: { workspace } });
      const answer = await this.unlessStopped(ending);
      if (answer) this.logger.info({ workspace, sessionId, ...answer }, 'sessions: one has ended');
    } catch (error) {
      this.logger.warn({ err: error, workspace, sessionId }, 'sessions: one that has ended is not removed yet');
    }
  }

  private noteOutage({ answers, failures, lastFailure }: Round): void {
    if (this.stop.signal.aborted || answers + failures === 0) return;
    const outage = failures > 0;
    if (outage && !this.outage) {
      this.logger.warn(
        { err: lastFailure, failures },
        'sessions: the modality does not answer for them; none is ended',
      );
    }
    if (!outage && this.outage) this.logger.info({ answers }, 'sessions: the modality answers for all of them again');
    this.outage = outage;
  }

  /** Undefined when the service is being stopped: a device or the catalog may take longer than there is time. */
  private async unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
    const { signal } = this.stop;
    let stopped: () => void = () => undefined;
    const stop = new Promise<undefined>((resolve) => {
      stopped = () => resolve(undefined);
      if (signal.aborted) stopped();
      signal.addEventListener('abort', stopped, { once: true });
    });
    try {
      return await Promise.race([work, stop]);
    } finally {
      signal.removeEventListener('abort', stopped);
    }
  }
}

function keyOf({ workspace, sessionId }: KnownSession): string {
  return JSON.stringify([workspace, sessionId]);
}
