import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConditionFailed, isMissingObject, isTransient, toS3Error } from './s3-error.js';

/** Starts of one request. */
const ATTEMPTS = 3;
/** Milliseconds before the second start; doubled before each further one, and shortened at random. */
const BACKOFF_MS = 150;
/** Milliseconds after which no further start is made: an outage is told to a client that still waits. */
const PATIENCE_MS = 12_000;
/** Milliseconds that one start may take until its answer begins. */
const REQUEST_MS = 10_000;
/** Milliseconds beyond those, in which the server copies a large object. */
const COPY_MS = 60_000;

/** The metadata of blobs that says when they were last put, in milliseconds since 1970. */
const PUT_AT = 'put-at';

export interface S3Entry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When the server last wrote it, by the server's clock. */
  readonly modifiedAt: Date;
  readonly etag: string;
}

export interface S3Head {
  /** Bytes. */
  readonly size: number;
  /** By `putAtMetadata` where it is there, otherwise by the server's clock. */
  readonly putAt: Date;
}

export interface RequestOptions {
  /** 1 for requests that must not arrive twice. Default `ATTEMPTS`. */
  readonly attempts?: number;
  /** Milliseconds that it may take beyond `REQUEST_MS`. Default 0. */
  readonly extraMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The time of a put, to be given whenever bytes of a blob are put, touched or restored. */
export function putAtMetadata(at: number): { Metadata: Record<string, string>; ContentType: string } {
  // Never the type of an image or a document: who opens the bucket itself in a browser gets a download.
  return { Metadata: { [PUT_AT]: String(at) }, ContentType: 'application/octet-stream' };
}

/** Requests to one bucket: bounded in time and number, their failures translated. */
export class S3Requests {
  constructor(
    readonly client: S3Client,
    readonly bucket: string,
  ) {}

  /**
   * Makes a request until it is answered for good.
   * @param request makes it, anew for each start, since a stream can be sent once
   * @param expected the failures that come out as they are; all others are DomainErrors, and an abort its reason
   */
  async send<Output>(
    request: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<Output>,
    { attempts = ATTEMPTS, extraMs = 0, signal }: RequestOptions = {},
    expected: (error: unknown) => boolean = () => false,
  ): Promise<Output> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(), REQUEST_MS + extraMs).unref();
      try {
        const abortSignal = signal ? AbortSignal.any([limit.signal, signal]) : limit.signal;
        return await request(this.client, { abortSignal });
      } catch (error) {
        signal?.throwIfAborted();
        if (expected(error)) throw error;
        if (!isTransient(error) || attempt >= attempts || performance.now() > giveUpAt) throw toS3Error(error);
      } finally {
        // The body of an answer is read under a limit of its own.
        clearTimeout(timer);
      }
      await sleep(BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }

  /** Null when there is no such object. */
  async head(name: string): Promise<S3Head | null> {
    const command = new HeadObjectCommand({ Bucket: this.bucket, Key: name });
    const found = await orNull(this.send((client, options) => client.send(command, options), {}, isMissingObject));
    if (found === null) return null;
    const putAt = Number(found.Metadata?.[PUT_AT] ?? Number.NaN);
    const written = found.LastModified ?? new Date(0);
    return { size: found.ContentLength ?? 0, putAt: Number.isSafeInteger(putAt) ? new Date(putAt) : written };
  }

  /** The ETag of an object; null when there is none. */
  async etag(name: string): Promise<string | null> {
    const command = new HeadObjectCommand({ Bucket: this.bucket, Key: name });
    const found = await orNull(this.send((client, options) => client.send(command, options), {}, isMissingObject));
    return found?.ETag ?? null;
  }

  async putEmpty(name: string): Promise<void> {
    const command = new PutObjectCommand({ Bucket: this.bucket, Key: name, Body: '', ContentLength: 0 });
    await this.send((client, options) => client.send(command, options));
  }

  /** Failures that another attempt does not change come out as they are: the caller knows what they mean. */
  get(name: string, { range, ifMatch }: { readonly range?: string; readonly ifMatch?: string } = {}) {
    const command = new GetObjectCommand({ Bucket: this.bucket, Key: name, Range: range, IfMatch: ifMatch });
    return this.send(
      (client, options) => client.send(command, options),
      {},
      (error) => !isTransient(error),
    );
  }

  /** Copies within the bucket, with a new time of put; false when the source is not there. */
  async copy(from: string, to: string, putAt: number): Promise<boolean> {
    const command = new CopyObjectCommand({
      Bucket: this.bucket,
      Key: to,
      // Names hold nothing that would have to be escaped here.
      CopySource: `${this.bucket}/${from}`,
      MetadataDirective: 'REPLACE',
      ...putAtMetadata(putAt),
    });
    const extra = { extraMs: COPY_MS };
    const sending = this.send((client, options) => client.send(command, options), extra, isMissingObject);
    return (await orNull(sending)) !== null;
  }

  /** Whether it was there or not. */
  async delete(name: string, options: RequestOptions & { readonly ifMatch?: string } = {}): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.bucket, Key: name, IfMatch: options.ifMatch });
    const isGone = (error: unknown) => isMissingObject(error) || isConditionFailed(error);
    await orNull(
      this.send((client, http) => client.send(command, http), options, isGone),
      isGone,
    );
  }

  /**
   * All objects whose names begin with `prefix`, in the order of names; a page of 1,000 is held at a time.
   * @param after only names behind this one
   */
  async *list(prefix: string, after?: string): AsyncGenerator<S3Entry> {
    let token: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.bucket,
        Prefix: prefix,
        StartAfter: after,
        ContinuationToken: token,
      });
      const page = await this.send((client, options) => client.send(command, options));
      for (const { Key, Size = 0, LastModified = new Date(0), ETag = '' } of page.Contents ?? []) {
        if (Key !== undefined) yield { name: Key, size: Size, modifiedAt: LastModified, etag: ETag };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async listNames(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.list(prefix)) names.push(name);
    return names;
  }
}

/** Null for the one failure that `send` was told to expect. */
export async function orNull<T>(sending: Promise<T>, expected = isMissingObject): Promise<T | null> {
  try {
    return await sending;
  } catch (error) {
    if (expected(error)) return null;
    throw error;
  }
}
