import type { BlobKey } from './blob-key.js';

export interface StoredBlob {
  readonly key: BlobKey;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** The first `HEAD_BYTES` bytes, fewer when the blob is shorter. */
  readonly head: Buffer;
}
