import { metrics, type Logger } from '@pentaprism/observability';

/** Lines of the log for problems that a look has found. The others are counted. */
const MAX_LINES = 20;

const KINDS = ['name', 'limit', 'unreadable', 'refused', 'waiting', 'missing'] as const;

/**
 * What keeps a log directory from being followed: `waiting` if what was read cannot be stored, `missing` if this instance
 * does not see the directory, `refused` for runs, and the kinds of a listing.
 */
export type DirectoryProblemKind = (typeof KINDS)[number];

/** Logs each problem of a log directory once, and again if it returns. Shows how many there are as a metric. */
export class DirectoryProblems {
  private readonly present = new Map<DirectoryProblemKind, Map<string, ReadonlySet<string>>>();

  constructor(
    private readonly place: string,
    private readonly logger: Logger,
  ) {}

  /**
   * Replaces the problems of a kind.
   * @param source tells problems apart that are found independently of one another
   */
  set(kind: DirectoryProblemKind, texts: Iterable<string>, source = ''): void {
    const ofKind = this.present.get(kind) ?? new Map<string, ReadonlySet<string>>();
    const before = ofKind.get(source) ?? new Set();
    const now = new Set(texts);
    this.present.set(kind, ofKind.set(source, now));
    this.log(
      kind,
      [...now].filter((text) => !before.has(text)),
    );
    const count = [...ofKind.values()].reduce((sum, { size }) => sum + size, 0);
    if (count === 0 && before.size > 0) this.logger.info({ place: this.place, kind }, 'log directory: solved');
    metrics.logDirectoryProblems.set({ kind }, count);
  }

  /** Forgets all, because another instance follows now. */
  clear(): void {
    this.present.clear();
    for (const kind of KINDS) metrics.logDirectoryProblems.set({ kind }, 0);
  }

  private log(kind: DirectoryProblemKind, added: readonly string[]): void {
    const { place } = this;
    for (const problem of added.slice(0, MAX_LINES)) {
      this.logger.warn({ place, kind, problem }, 'log directory: a problem');
    }
    const more = added.length - MAX_LINES;
    if (more > 0) this.logger.warn({ place, kind, more }, 'log directory: more problems of this kind');
  }
}
