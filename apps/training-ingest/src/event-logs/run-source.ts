/** An event file as its place shows it now. */
export interface EventFileSource {
  /** Unique in its run. Files of a run are read in the order of the bytes of their names. */
  readonly name: string;
  /** What makes it the file that it was before, such as device and inode. A copy that took its place has another. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Returns the bytes from `offset` up to the present end. What has been appended since `size` was measured may be there.
   *
   * @param checksum what the first four bytes are if the file is the one that was read before, for sources that have new
   *   bytes only; null at the beginning of a file, where no such bytes are expected
   */
  read(offset: number, checksum: number | null): AsyncIterable<Uint8Array>;
}

/** A run as its place shows it now. */
export interface RunSource {
  readonly workspace: string;
  /** A path with `/`, or `.` for the log directory itself. */
  readonly name: string;
  /** In the order in which they are read. */
  readonly files: readonly EventFileSource[];
}

/** Where runs come from: the log directory, or clients that push event files. */
export type RunOrigin = 'directory' | 'pushed';

/** How far a file has been read. */
export interface FileProgress {
  readonly name: string;
  readonly identity: string;
  /** Bytes up to the end of the last whole record that was read, of which all images are stored. */
  readonly offset: number;
  /** The size that the file needs for its next record, as far as it is known: nothing can be read before it has that size. */
  readonly awaitedSize: number;
  /** Why nothing more is read of this file, or null. */
  readonly ended: string | null;
}

/** How far a run has been read. */
export interface RunProgress {
  readonly workspace: string;
  readonly name: string;
  /** Files that were read now or earlier. */
  readonly files: readonly FileProgress[];
  /** Whether more was there, because the caller ended the reading. */
  readonly hasMore: boolean;
  /** What kept a file from being read to its end this time, if anything did. */
  readonly error?: unknown;
  /** Why the run is left out as a whole, or null. */
  readonly refused: string | null;
}
