/** An event file as its place shows it now. */
export interface EventFileSource {
  /** Unique in its run. Files of a run are read in the order of the bytes of their names. */
  readonly name: string;
  /** What makes it the file that it was before, such as device and inode. A copy that took its place has another. */
  readonly identity: string;
  /** Bytes. */
  readonly size: number;
  /** Returns the bytes from `offset` up to the present end. What has been appended since `size` was measured may be there. */
  read(offset: number): AsyncIterable<Uint8Array>;
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
