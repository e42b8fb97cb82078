/** An event file as a listing shows it. */
export interface ListedFile {
  readonly name: string;
  /** Unique to the file. A copy that replaced the file has another one. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /** Changes with each write, as far as the storage notes it. */
  readonly version: string;
}

/** A directory that directly holds event files. */
export interface ListedRun {
  /** The path below the log directory with `/`, or `.` for the log directory itself. */
  readonly name: string;
  /** Sorted by the bytes of their names. Empty if the run has only files that are not read. */
  readonly files: readonly ListedFile[];
}

/** What a listing left out: a name that is not UTF-8, what a limit excludes, what the storage does not let read. */
export interface ListingProblem {
  readonly kind: 'name' | 'limit' | 'unreadable';
  readonly text: string;
}

export interface TreeListing {
  /** Unique to the root. Differs if another directory, such as an empty mount point, took its place. */
  readonly identity: string;
  readonly runs: readonly ListedRun[];
  /** Directories whose content is unknown, by the name that their run would have. Runs in or below them may exist. */
  readonly unlisted: readonly string[];
  readonly problems: readonly ListingProblem[];
}

/**
 * The storage of a log directory. A listing covers the whole tree, because object stores list thousands of names with one
 * request.
 */
export interface LogTree {
  /** For the log, such as a path or a URL. */
  readonly place: string;
  /**
   * Returns what is unique to the root, as a listing shows it.
   * @throws Error if the root does not exist or cannot be read
   */
  identify(): Promise<string>;
  /** @throws Error if the root does not exist or cannot be listed */
  list(signal: AbortSignal): Promise<TreeListing>;
  /**
   * Returns the bytes of a file from `offset` up to its present end.
   * @throws FileReplaced if the file is gone or is another one than was listed
   * @throws Error if it cannot be read
   */
  read(run: string, file: ListedFile, offset: number): AsyncIterable<Uint8Array>;
}

/** Thrown by a reading of a file that is not any more the one that was listed. */
export class FileReplaced extends Error {}

/** The name of the run in the root. */
export const ROOT_RUN = '.';

/** The nesting of directories below the log directory. */
export const MAX_DEPTH = 32;
/** Runs of a log directory. Those of lower directories are left out first. */
export const MAX_RUNS = 10_000;
/** Directories of a listing, with and without event files. */
export const MAX_DIRECTORIES = 100_000;
/** Event files of a listing. */
export const MAX_FILES = 100_000;

export interface ListingLimits {
  readonly depth: number;
  readonly runs: number;
  readonly directories: number;
  readonly files: number;
}

export const LISTING_LIMITS: ListingLimits = {
  depth: MAX_DEPTH,
  runs: MAX_RUNS,
  directories: MAX_DIRECTORIES,
  files: MAX_FILES,
};

/** Returns whether a file of this name makes its directory a run, as TensorBoard decides it. */
export function isEventFile(name: string): boolean {
  return name.includes('tfevents');
}

/** Returns whether an event file holds no events. TensorBoard's profiler writes such files to make a run. */
export function isMarker(name: string): boolean {
  return name.endsWith('.profile-empty');
}

/** Orders names by their bytes: `10` before `9`, `B` before `a`. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
