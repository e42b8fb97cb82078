import type { BlobKey } from './blob-key.js';
import type { StoredBlob } from './stored-blob.js';

export interface DownloadOptions {
  /** Seconds until the URL is refused. */
  readonly expiresIn: number;
  /** What the answer says in `Content-Type`. */
  readonly mediaType: string;
  /** What the answer says in `Content-Disposition`. */
  readonly disposition: string;
}

/** A file that a client has put to an upload URL, not a blob yet. */
export interface Arrival {
  readonly workspace: string;
  /** What the URL was made for. */
  readonly id: string;
  /** Bytes. */
  readonly size: number;
  /** Another one for other bytes. */
  readonly version: string;
}

export interface ReceiveOptions {
  /** More bytes than this end with PAYLOAD_TOO_LARGE. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Transfers between clients and the storage itself, past this system. The storage does not report that a file has arrived,
 * so arrivals have to be listed.
 */
export interface DirectTransfers {
  /** URL to GET a blob; it is not looked for. */
  downloadUrl(key: BlobKey, options: DownloadOptions): Promise<string>;

  /**
   * URL to PUT one file of any size; each PUT replaces the one before.
   * @param workspace a name as in a blob key
   * @param id of what the file is for: letters, digits, `_` and `-`, at most 128
   * @param options `expiresIn` in seconds
   */
  uploadUrl(workspace: string, id: string, options: { readonly expiresIn: number }): Promise<string>;

  /** Everything that has been put to upload URLs and was not discarded. */
  arrivals(): AsyncIterable<Arrival>;

  /**
   * Makes a blob of an arrival, which stays. Errors as those of `put`, and CONFLICT when it was replaced or discarded
   * meanwhile.
   */
  receive(area: string, arrival: Arrival, options: ReceiveOptions): Promise<StoredBlob>;

  /** Removes an arrival, unless it has been replaced by other bytes. */
  discard(arrival: Arrival): Promise<void>;
}
