import type { KnownRun } from '../event-logs/logged-runs.usecase.js';
import type { FileProgress } from '../event-logs/run-source.js';
import type { ListedFile, ListedRun } from './log-tree.js';

/** What is known of a run without a look at the database. */
interface Memory {
  /** The files when the run was last read to its end. Null before. */
  readonly files: readonly ListedFile[] | null;
  readonly progress: ReadonlyMap<string, FileProgress>;
}

/** Runs that have records, and how far they were read. Kept in memory, so that a look at quiet runs costs little. */
export class KnownRuns {
  readonly #runs = new Map<string, Memory>();

  constructor(runs: readonly KnownRun[]) {
    for (const { name, files } of runs) this.#runs.set(name, { files: null, progress: byName(files) });
  }

  get size(): number {
    return this.#runs.size;
  }

  names(): string[] {
    return [...this.#runs.keys()];
  }

  /** Returns whether files differ from those that were read last. */
  hasChanged({ name, files }: ListedRun): boolean {
    const read = this.#runs.get(name)?.files;
    return !read || read.length !== files.length || files.some((file, i) => !isSame(file, read[i]));
  }

  /** Returns whether a file was written since it was last read, and still has the same size. */
  isRewritten(run: string, file: ListedFile): boolean {
    const read = this.#runs.get(run)?.files?.find(({ name }) => name === file.name);
    return read?.identity === file.identity && read.size === file.size && read.version !== file.version;
  }

  /** Returns how many bytes may be unread. Files that were replaced count in full. */
  unreadOf({ name, files }: ListedRun): number {
    const progress = this.#runs.get(name)?.progress;
    return files.reduce((sum, file) => sum + unread(file, progress?.get(file.name)), 0);
  }

  /** Notes how far a run is. */
  note({ name, files }: ListedRun, progress: readonly FileProgress[], isAtEnd: boolean): void {
    const before = this.#runs.get(name)?.files ?? null;
    this.#runs.set(name, { files: isAtEnd ? files : before, progress: byName(progress) });
  }

  /** Notes a run that may have records soon. */
  expect(name: string): void {
    if (!this.#runs.has(name)) this.#runs.set(name, { files: null, progress: new Map() });
  }

  forget(names: Iterable<string>): void {
    for (const name of names) this.#runs.delete(name);
  }
}

function byName(files: readonly FileProgress[]): ReadonlyMap<string, FileProgress> {
  return new Map(files.map((file) => [file.name, file]));
}

function isSame(file: ListedFile, other: ListedFile | undefined): boolean {
  return (
    file.name === other?.name &&
    file.identity === other.identity &&
    file.size === other.size &&
    file.version === other.version
  );
}

function unread({ identity, size }: ListedFile, progress: FileProgress | undefined): number {
  if (progress?.identity !== identity || size < progress.offset) return size;
  return progress.ended === null ? size - progress.offset : 0;
}
