import type { ContentReference, EVENT_IMAGES_AREA, EVENT_UPLOADS_AREA, Image } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where bytes are: which area of the blob store, whose, and what. */
export interface StoredContent extends ContentReference {
  readonly area:
    | 'originals'
    | 'samples'
    | 'thumbnails'
    | 'modality'
    | 'models'
    | 'predictions'
    | 'datasets'
    | 'insights'
    | typeof EVENT_IMAGES_AREA
    | typeof EVENT_UPLOADS_AREA;
  readonly workspace: string;
  /** The bytes that are meant, of a blob that holds several files. The media type is theirs, the size that of the blob. */
  readonly part?: ContentPart;
}

/** Bytes within a blob. They have a hash of their own, by which alone they are checked and which is their ETag. */
export interface ContentPart {
  /** Of the first byte, from 0. */
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

export interface SendOptions {
  /** Offered to the browser as the name to save under. */
  readonly fileName?: string;
  /** Seconds that a client may keep it; 0: it must ask again each time. */
  readonly maxAge?: number;
  /** The value of `Cache-Control` where an API has its own. */
  readonly cacheControl?: string;
  /** Whether the bytes may have been removed since the caller learned of them. Then missing ones are NOT_FOUND. */
  readonly mayBeGone?: boolean;
}

/** The gateway's way to the bytes, as dialects see it: they never see the blob store itself. */
export abstract class Contents {
  /**
   * Stores an upload durably while hashing it. Nothing is kept when the source throws, at its very end too.
   *
   * @param area where it belongs; by default it is an image's own
   * @throws DomainError PAYLOAD_TOO_LARGE beyond `maxBytes`; INVALID_ARGUMENT when empty; STORAGE_FULL; what the source
   *   throws
   */
  abstract store(
    workspace: string,
    source: Buffer | AsyncIterable<Uint8Array>,
    maxBytes: number,
    area?: StoredContent['area'],
  ): Promise<ContentReference>;
  /**
   * Answers with the bytes: ETag, range and conditional requests, never as active content.
   *
   * @throws DomainError DATA_LOSS if the stored bytes are damaged or missing, before any header is sent for a file or part
   *   up to 1 MiB, for a file of another size than its record, and for a part beyond the end of its blob. Damage that
   *   shows later ends the connection.
   */
  abstract send(
    request: FastifyRequest,
    reply: FastifyReply,
    content: StoredContent,
    options?: SendOptions,
  ): Promise<void>;
  /**
   * Returns the bytes for an answer that is made of them. Bytes that are not consumed to the end must be returned, as `for await` does.
   *
   * @throws DomainError as `send`. Damage of a large file or part ends the iteration with DATA_LOSS.
   */
  abstract open(content: StoredContent, options?: Pick<SendOptions, 'mayBeGone'>): Promise<AsyncIterable<Uint8Array>>;
}

/** What is signed of an image. */
export type SignedImage = Pick<Image, 'id' | 'sha256'> & Partial<Pick<Image, 'mediaType' | 'fileName' | 'expiresAt'>>;

/** What is signed of bytes that are shown whether an image still has them or not. */
export type SignedContent = StoredContent & {
  /** Milliseconds since the Unix epoch: no URL outlives it. */
  readonly expiresAt?: number | undefined;
};

/** Makes signed, expiring URLs. */
export abstract class FileUrls {
  /**
   * The file of an image: the URL ends with the image.
   *
   * @param method GET only for an image that has its file
   * @returns an absolute URL: of the storage itself where clients can reach it, otherwise below PUBLIC_URL, or below the
   *   origin of the request where none is configured
   */
  abstract sign(request: FastifyRequest, method: 'GET' | 'PUT', workspace: string, image: SignedImage): Promise<string>;
  /**
   * Bytes by their content, such as a thumbnail, or the original of an image that only a snapshot has. Asked for again
   * soon, the URL is the same one, so that a browser finds it in its cache.
   *
   * @returns an absolute URL to GET, as `sign` does; it works for as long as the bytes are there
   */
  abstract signContent(request: FastifyRequest, content: SignedContent): Promise<string>;
}

/** Waits for the end of jobs, for APIs whose clients sleep long between polls. */
export abstract class JobWaiter {
  /** Resolves when the job has ended, at the latest after `limitMs`, or when the client has gone. */
  abstract wait(jobId: string, limitMs: number, signal?: AbortSignal): Promise<void>;
}
