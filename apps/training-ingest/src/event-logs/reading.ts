import type { NamedRun } from './event-log.repository.js';
import { MAX_RUNS } from './limits.js';
import type { Turn } from './pass.js';
import type { RunOrigin, RunProgress, RunSource } from './run-source.js';
import type { FileUpdate } from './run-update.js';

/** The runs of a workspace that one call reads, and how far it is. */
export class Reading {
  readonly #stored = new Map<string, NamedRun>();
  readonly #progress: RunProgress[] = [];
  /** The files of runs that have more, after the pass that was stored last. */
  readonly #unfinished = new Map<string, RunProgress['files']>();
  #queue: readonly RunSource[];
  #stale: readonly string[];
  /** How many more runs the workspace may have. */
  #room = 0;

  constructor(
    readonly workspace: string,
    readonly origin: RunOrigin,
    sources: readonly RunSource[],
  ) {
    this.#queue = sources;
    this.#stale = sources.map(({ name }) => name);
  }

  get isUnfinished(): boolean {
    return this.#queue.length > 0;
  }

  /** Names of the runs whose stored state may have changed since it was read. */
  get stale(): readonly string[] {
    return this.#stale;
  }

  stored(name: string): NamedRun | null {
    return this.#stored.get(name) ?? null;
  }

  /**
   * @param stored the runs that have one of the names in `stale`
   * @param count how many runs the workspace has
   */
  update(stored: readonly NamedRun[], count: number): void {
    for (const name of this.#stale) {
      this.#stored.delete(name);
      this.#unfinished.delete(name);
    }
    for (const run of stored) this.#stored.set(run.name, run);
    this.#stale = [];
    this.#room = MAX_RUNS - count;
    this.#refuse();
  }

  /** Returns the runs that are to be read, the one that the last pass has not finished first. */
  sources(): readonly RunSource[] {
    return this.#queue;
  }

  /** Takes note of a pass that was stored. The last of its runs may go on in the next one. */
  finish(turns: readonly Turn[]): void {
    const finished = turns.filter(({ reach }) => reach === 'end');
    for (const { update, error } of finished) {
      const { workspace, name } = update.source;
      const files = update.files.map(progressOf);
      this.#progress.push({ workspace, name, files, hasMore: false, refused: null, ...(error ? { error } : {}) });
    }
    this.#queue = this.#queue.slice(finished.length);
    const unfinished = turns.slice(finished.length).map(({ update }) => update);
    for (const { source, files } of unfinished) this.#unfinished.set(source.name, files.map(progressOf));
    this.#stale = unfinished.map(({ source }) => source.name);
  }

  /** Takes note of a pass that was dropped. */
  repeat(turns: readonly Turn[]): void {
    this.#stale = turns.map(({ update }) => update.source.name);
  }

  /** Returns how far all runs are. Those that were not reached have more. */
  progress(): readonly RunProgress[] {
    const unfinished = this.#queue.map(({ workspace, name }) => {
      const files = this.#unfinished.get(name) ?? this.stored(name)?.files.map(progressOf) ?? [];
      return { workspace, name, files, hasMore: true, refused: null };
    });
    return [...this.#progress, ...unfinished];
  }

  #refuse(): void {
    this.#queue = this.#queue.filter(({ workspace, name }) => {
      const refused = this.#refusalOf(name);
      if (refused !== null) this.#progress.push({ workspace, name, files: [], hasMore: false, refused });
      return refused === null;
    });
  }

  #refusalOf(name: string): string | null {
    const stored = this.#stored.get(name);
    if (stored && stored.origin !== this.origin)
      return this.origin === 'pushed'
        ? 'The log directory has a run of this name.'
        : 'A run of this name was pushed. Delete it with DELETE /tensorboard/runs.';
    if (stored || this.#room-- > 0) return null;
    return `The workspace has ${String(MAX_RUNS)} runs already. Delete some of them.`;
  }
}

function progressOf({
  name,
  identity,
  offset,
  awaitedSize,
  ended,
}: Omit<FileUpdate, 'id'>): RunProgress['files'][number] {
  return { name, identity, offset, awaitedSize, ended };
}
