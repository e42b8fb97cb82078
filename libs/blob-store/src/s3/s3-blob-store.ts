import type { S3Client } from '@aws-sdk/client-s3';
import { DomainError } from '@pentaprism/domain';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type BlobKey, blobName, requireBlobArea, requireBlobKey } from '../blob-key.js';
import { partName, requirePart } from '../blob-part.js';
import { requireRange } from '../blob-range.js';
import {
  type BlobEntry,
  type BlobPart,
  type BlobRange,
  type BlobSource,
  type BlobStat,
  type BlobStore,
  type OpenOptions,
  type PutOptions,
  type ReadOptions,
  SMALL_BLOB_BYTES,
  type StoredBlob,
} from '../blob-store.js';
import { blobLost, type BlobFault, hashBytes, type OnDamage } from '../integrity.js';
import { blobNotFound, tooLarge } from '../storage-error.js';
import { VerifiedBlobs } from '../verified-blobs.js';
import { verifiedStream } from '../verified-stream.js';
import { limitedBody } from './s3-body.js';
import { createS3Client, requireBucket } from './s3-client.js';
import { S3Contents } from './s3-contents.js';
import { isConditionFailed, isMissingObject, isUnsatisfiableRange, toS3Error } from './s3-error.js';
import { S3Keys } from './s3-keys.js';
import { parseS3Url, type S3Settings } from './s3-location.js';
import { S3Removal } from './s3-removal.js';
import { S3Requests } from './s3-requests.js';
import { S3Transfers } from './s3-transfers.js';
import { abortStaleUploads, upload } from './s3-upload.js';
import { Spool } from './spool.js';

export interface S3BlobStoreOptions {
  readonly s3?: S3Settings;
  readonly onDamage?: OnDamage;
  /** Changes the client before its first request, for tests. */
  readonly onClient?: (client: S3Client) => void;
}

/**
 * Blobs in a bucket of Amazon S3 or a server that speaks its protocol. Any number of processes may use one prefix.
 *
 * A put keeps the bytes until their hash is known, in memory or in a nameless file, then sends them with their SHA-256,
 * which the server checks, on condition that they are not there already. It is durable once the server has answered.
 * `S3Removal` has the argument why removals take nothing that was put meanwhile.
 */
export class S3BlobStore implements BlobStore {
  readonly #verified = new VerifiedBlobs();

  private constructor(
    private readonly requests: S3Requests,
    private readonly keys: S3Keys,
    private readonly removal: S3Removal,
    readonly direct: S3Transfers,
    private readonly clients: readonly S3Client[],
    private readonly onDamage: OnDamage,
  ) {}

  /**
   * @param url `s3://bucket/prefix`; the bucket exists
   * Errors: FAILED_PRECONDITION for a URL, setting or credential that is wrong; UNAVAILABLE
   */
  static async open(
    url: string,
    { s3 = {}, onClient, onDamage = () => {} }: S3BlobStoreOptions = {},
  ): Promise<S3BlobStore> {
    const location = parseS3Url(url);
    const client = createS3Client(s3);
    onClient?.(client);
    const clients = [client];
    try {
      await requireBucket(client, location);
      const requests = new S3Requests(client, location.bucket);
      const keys = new S3Keys(location.prefix);
      const contents = new S3Contents(requests);
      const isIntact = async (key: BlobKey) => {
        const fault = await contents.faultOf(keys.blob(key), key.sha256);
        if (fault) onDamage({ key, fault, repaired: true });
        return !fault;
      };
      const removal = new S3Removal(requests, keys, isIntact);
      const outside =
        s3.publicUrl === undefined ? client : createS3Client({ ...s3, endpoint: s3.publicUrl }, 'public URL of S3');
      if (outside !== client) clients.push(outside);
      const direct = await S3Transfers.open(
        requests,
        keys,
        (key, write) => removal.keep(key, write, { askFirst: true }),
        outside,
      );
      return new S3BlobStore(requests, keys, removal, direct, clients, onDamage);
    } catch (error) {
      for (const each of clients) each.destroy();
      throw error;
    }
  }

  async put(area: string, workspace: string, source: BlobSource, options: PutOptions): Promise<StoredBlob> {
    requireBlobArea(area, workspace);
    const { signal } = options;
    const spool = await Spool.receive(source, options);
    try {
      const key = { area, workspace, sha256: spool.sha256 };
      const write = (putAt: number, replace: boolean) =>
        upload(this.requests, this.keys.blob(key), spool, { putAt, replace, signal });
      // For a small one, to ask first would cost more than to send it in vain.
      await this.removal.keep(key, write, { askFirst: spool.size > SMALL_BLOB_BYTES, signal });
      return { key, sha256: spool.sha256, size: spool.size, head: spool.head };
    } finally {
      await spool.discard();
    }
  }

  async open(key: BlobKey, { size: expected, verify = true, ...range }: OpenOptions = {}): Promise<Readable> {
    requireBlobKey(key);
    requireRange(range);
    if (!verify) return this.#find(key, (name) => this.#openRange(key, name, range));
    return (await this.#openVerified(key, blobName(key), range)) ?? this.#openWhole(key, range, expected);
  }

  async openPart(key: BlobKey, part: BlobPart, range: BlobRange = {}): Promise<Readable> {
    const name = partName(key, part);
    requireRange(range);
    const { start = 0, end = Number.POSITIVE_INFINITY } = range;
    if (part.length === 0) return Readable.from([await this.readPart(key, part)], { objectMode: false });
    const wanted = { start: part.offset + start, end: part.offset + Math.min(end, part.length - 1) };
    const verified = start < part.length ? await this.#openVerified(key, name, wanted) : undefined;
    return verified ?? this.#openPart(key, part, range);
  }

  async read(key: BlobKey, { maxBytes = SMALL_BLOB_BYTES, size: expected }: ReadOptions = {}): Promise<Buffer> {
    requireBlobKey(key);
    return this.#find(key, async (name) => {
      const { Body, ContentLength = 0 } = await this.requests.get(name);
      const body = limitedBody(Body as Readable);
      try {
        if (expected !== undefined && ContentLength !== expected) throw this.#damage(key, 'size');
        if (ContentLength > maxBytes) throw tooLarge(maxBytes);
        const bytes = await buffer(body);
        if ((await hashBytes(bytes)) !== key.sha256) throw this.#damage(key, 'hash');
        return bytes;
      } finally {
        body.destroy();
      }
    });
  }

  async readPart(key: BlobKey, part: BlobPart): Promise<Buffer> {
    requireBlobKey(key);
    requirePart(part);
    const bytes = part.length === 0 ? Buffer.alloc(0) : await this.#readPart(key, part);
    if ((await hashBytes(bytes)) !== part.sha256) throw this.#damage(key, 'hash');
    return bytes;
  }

  async verify(key: BlobKey): Promise<void> {
    for await (const chunk of await this.#openWhole(key, {})) void chunk;
  }

  async stat(key: BlobKey): Promise<BlobStat | null> {
    requireBlobKey(key);
    try {
      const { size, putAt } = await this.#find(key, async (name) => (await this.requests.head(name)) ?? undefined);
      return { size, modifiedAt: putAt };
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return null;
      throw error;
    }
  }

  async removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean> {
    requireBlobKey(key);
    return this.removal.removeIfUnusedSince(key, olderThan);
  }

  list(area: string, workspace?: string, after?: BlobKey): AsyncIterable<BlobEntry> {
    // Without a workspace, any valid name stands for it.
    requireBlobArea(area, workspace ?? 'any');
    const prefix = `${this.keys.blobs}${area}/${workspace === undefined ? '' : `${workspace}/`}`;
    return this.#list(prefix, after && this.keys.blob(after));
  }

  async sweepTemporary(olderThan: Date): Promise<number> {
    let removed = await this.removal.recover(olderThan);
    for await (const { name, modifiedAt } of this.requests.list(this.keys.temporary)) {
      if (modifiedAt >= olderThan) continue;
      await this.requests.delete(name);
      removed += 1;
    }
    return removed + (await abortStaleUploads(this.requests, this.keys.blobs, olderThan));
  }

  async checkWritable(): Promise<void> {
    const name = this.keys.newTemporary();
    await this.requests.putEmpty(name);
    await this.requests.delete(name);
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
  }

  #damage(key: BlobKey, fault: BlobFault): DomainError {
    this.onDamage({ key, fault, repaired: false });
    return blobLost(fault, key);
  }

  /** The range alone, of an object whose bytes were hashed a moment ago; undefined if there is none. */
  async #openVerified(key: BlobKey, name: string, range: BlobRange): Promise<Readable | undefined> {
    const version = this.#verified.versionOf(name);
    if (version === undefined) return undefined;
    try {
      return await this.#openRange(key, this.keys.blob(key), { ...range, ifMatch: version });
    } catch (error) {
      if (isConditionFailed(error) || isMissingObject(error)) return undefined;
      throw toS3Error(error);
    }
  }

  /** The range alone, of an object of this name. @throws errors of the S3 client */
  async #openRange(
    key: BlobKey,
    name: string,
    { start = 0, end, ifMatch }: BlobRange & { ifMatch?: string },
  ): Promise<Readable> {
    try {
      const range = `bytes=${start}-${end ?? ''}`;
      const { Body, ContentLength = 0 } = await this.requests.get(name, { range, ...(ifMatch ? { ifMatch } : {}) });
      const onDamage = (fault: BlobFault) => this.#damage(key, fault);
      return verifiedStream(limitedBody(Body as Readable), { size: ContentLength, onDamage });
    } catch (error) {
      if (isUnsatisfiableRange(error)) return Readable.from([]);
      throw error;
    }
  }

  async #openWhole(key: BlobKey, range: BlobRange, expected?: number): Promise<Readable> {
    requireBlobKey(key);
    return this.#find(key, async (name) => {
      const { Body, ContentLength: size = 0, ETag } = await this.requests.get(name);
      const body = limitedBody(Body as Readable);
      if (expected !== undefined && size !== expected) {
        body.destroy();
        throw this.#damage(key, 'size');
      }
      const onDamage = (fault: BlobFault) => this.#damage(key, fault);
      const onVerified = () => {
        if (ETag !== undefined) this.#verified.remember(blobName(key), ETag);
      };
      return verifiedStream(body, { ...range, sha256: key.sha256, size, onDamage, onVerified });
    });
  }

  async #openPart(key: BlobKey, part: BlobPart, range: BlobRange): Promise<Readable> {
    return this.#find(key, async (name) => {
      const { body, etag } = await this.#getPart(key, name, part);
      const onDamage = (fault: BlobFault) => this.#damage(key, fault);
      const onVerified = () => {
        if (etag !== undefined) this.#verified.remember(partName(key, part), etag);
      };
      return verifiedStream(body, { ...range, sha256: part.sha256, size: part.length, onDamage, onVerified });
    });
  }

  async #readPart(key: BlobKey, part: BlobPart): Promise<Buffer> {
    return this.#find(key, async (name) => {
      const { body } = await this.#getPart(key, name, part);
      try {
        return await buffer(body);
      } finally {
        body.destroy();
      }
    });
  }

  /** @throws errors of the S3 client; DATA_LOSS if the object ends within the part */
  async #getPart(key: BlobKey, name: string, { offset, length }: BlobPart) {
    try {
      const range = `bytes=${offset}-${offset + length - 1}`;
      const { Body, ContentLength, ETag: etag } = await this.requests.get(name, { range });
      const body = limitedBody(Body as Readable);
      if (ContentLength === length) return { body, etag };
      body.destroy();
    } catch (error) {
      if (!isUnsatisfiableRange(error)) throw error;
    }
    throw this.#damage(key, 'size');
  }

  async *#list(prefix: string, after?: string): AsyncGenerator<BlobEntry> {
    for await (const { name, size, modifiedAt } of this.requests.list(prefix, after)) {
      const key = this.keys.parseBlob(name);
      if (key) yield { key, size, modifiedAt };
    }
  }

  /** Twice, since a fresh blob that a removal has just deleted is in the trash and then back (see `S3Removal`). */
  async #find<T>(key: BlobKey, use: (name: string) => Promise<T | undefined>): Promise<T> {
    for (let round = 0; round < 2; round += 1) {
      const found = await this.#tryName(this.keys.blob(key), use);
      if (found !== undefined) return found;
      for (const name of await this.removal.trashed(key)) {
        const trashed = await this.#tryName(name, use);
        if (trashed !== undefined) return trashed;
      }
    }
    throw blobNotFound();
  }

  async #tryName<T>(name: string, use: (name: string) => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await use(name);
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw toS3Error(error);
    }
  }
}
