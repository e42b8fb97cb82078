import type { Readable } from 'node:stream';
import type { BlobKey } from './blob-key.js';
import type { DirectTransfers } from './direct-transfers.js';
import type { StoredBlob } from './stored-blob.js';

export type { StoredBlob } from './stored-blob.js';

/**
 * Blobs up to this size are read whole, hashed before anything of them is passed on, and cached. Larger ones are hashed
 * while they are streamed. Reading whole is 4 times as fast.
 */
export const SMALL_BLOB_BYTES = 1024 * 1024;

/** Bytes at the start of a blob that `put` returns, so that its type can be recognised without reading it again. */
export const HEAD_BYTES = 64;

/**
 * A blob whose time is less than this before `olderThan` counts as used: file systems keep times in steps of up to
 * 2 s (FAT; 1 s on HFS+ and S3), and a time set as a floating-point number can come back a microsecond earlier.
 */
export const TIMESTAMP_SLACK_MS = 2000;

export type BlobSource = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** More bytes than this end with PAYLOAD_TOO_LARGE. */
  readonly maxBytes: number;
  /** `false` refuses zero bytes with INVALID_ARGUMENT. Default `true`. */
  readonly allowEmpty?: boolean;
  /** Ends the put with the signal's reason, also while the source is silent. */
  readonly signal?: AbortSignal;
}

export interface BlobStat {
  /** Bytes. */
  readonly size: number;
  /** When these bytes were last put. In a list it may be some seconds off, and older where a put renewed it. */
  readonly modifiedAt: Date;
}

export interface BlobEntry extends BlobStat {
  readonly key: BlobKey;
}

/** First and last byte, both inclusive as in HTTP; what lies past the end is left out. */
export interface BlobRange {
  readonly start?: number;
  readonly end?: number;
}

/** Bytes of a blob that holds several files. They have a SHA-256 of their own. */
export interface BlobPart {
  /** Of the first byte, from 0. */
  readonly offset: number;
  /** Bytes. A part without any is read without access to the storage. */
  readonly length: number;
  readonly sha256: string;
}

/** What the caller knows of the bytes that it wants. */
export interface ExpectedBlob {
  /** Bytes. Stored bytes of another number give DATA_LOSS before anything of them is passed on. */
  readonly size?: number;
}

export interface OpenOptions extends BlobRange, ExpectedBlob {
  /**
   * `false` reads nothing but the range and hashes nothing: for callers that detect damage by themselves, such as by the
   * checksums of an archive's entries. Default `true`.
   */
  readonly verify?: boolean;
}

export interface ReadOptions extends ExpectedBlob {
  /** More bytes than this give PAYLOAD_TOO_LARGE. Default `SMALL_BLOB_BYTES`. */
  readonly maxBytes?: number;
}

/** A place for bytes. Every key is checked: a malformed one gives INVALID_ARGUMENT before anything is touched. */
export interface BlobStore {
  /**
   * Stores the bytes under their sha256 and returns once they are durable. Memory stays at about a megabyte, whatever
   * the size. On failure nothing is left. Bytes that are there already are read and compared, and replaced if they are
   * damaged.
   *
   * A stream is read and never destroyed, not even when its bytes are refused, because its owner may still have to
   * drain it and to answer.
   *
   * Errors: PAYLOAD_TOO_LARGE, INVALID_ARGUMENT (empty), STORAGE_FULL, UNAVAILABLE; the source's own error; the
   * signal's reason.
   */
  put(area: string, workspace: string, source: BlobSource, options: PutOptions): Promise<StoredBlob>;

  /**
   * Returns a stream of the bytes, open already: NOT_FOUND, and DATA_LOSS for another size than the expected one, come
   * before the first byte. The caller consumes or destroys it.
   *
   * All bytes of the blob are hashed on the way, also for a range. Damaged ones end the stream with DATA_LOSS before its
   * last bytes. A blob that was hashed a moment ago is not hashed again (`VERIFIED_FOR_MS`), and neither is one that is opened
   * with `verify: false`.
   */
  open(key: BlobKey, options?: OpenOptions): Promise<Readable>;

  /**
   * Returns all bytes at once, hashed. The buffer may be shared with other callers: never write to it. NOT_FOUND;
   * DATA_LOSS if they are damaged; PAYLOAD_TOO_LARGE above `maxBytes`.
   */
  read(key: BlobKey, options?: ReadOptions): Promise<Buffer>;

  /**
   * As `open`, for a part: its bytes alone are read and hashed, whatever the size of the blob. DATA_LOSS before the first
   * byte if the blob ends within the part.
   * @param range counted from the first byte of the part
   */
  openPart(key: BlobKey, part: BlobPart, range?: BlobRange): Promise<Readable>;

  /** As `read`, for a part of any length: its bytes alone are read and hashed. */
  readPart(key: BlobKey, part: BlobPart): Promise<Buffer>;

  /** Reads and hashes all bytes. NOT_FOUND; DATA_LOSS if they are damaged. */
  verify(key: BlobKey): Promise<void>;

  stat(key: BlobKey): Promise<BlobStat | null>;

  /**
   * Removes the blob if it was last put before `olderThan` (less `TIMESTAMP_SLACK_MS`), and says whether it did. A put
   * of the same bytes that is acknowledged at any time at or after `olderThan` keeps them, without a lock.
   */
  removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean>;

  /**
   * All blobs of an area, or of one workspace in it. What is put or removed meanwhile may or may not be among them.
   * @param after a key of the area, there or not: only blobs behind it, in the order of this store
   */
  list(area: string, workspace?: string, after?: BlobKey): AsyncIterable<BlobEntry>;

  /** Removes what killed processes left before `olderThan`; returns the number of files removed. */
  sweepTemporary(olderThan: Date): Promise<number>;

  /** Resolves if a put can succeed now; otherwise STORAGE_FULL or UNAVAILABLE. For readiness. */
  checkWritable(): Promise<void>;

  /**
   * The file that holds the blob, for another process on the same machine; null for adapters without files. The file
   * may be missing: it is not looked for.
   */
  localPath?(key: BlobKey): string | null;

  /** How clients can reach the storage themselves; absent where only this system can. */
  readonly direct?: DirectTransfers;

  /** Lets go of connections, where there are any. Nothing may be asked afterwards. */
  close?(): Promise<void>;
}
