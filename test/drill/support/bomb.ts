/** A small file that would take much to decode: much memory, much time, or both. */
export interface Bomb {
  readonly name: string;
  readonly bytes: Buffer;
  /** What would inflate is skipped, and the small picture around it is decoded. The others are refused. */
  readonly harmless?: boolean;
}
