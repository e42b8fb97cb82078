import { CopyObjectCommand, GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl, S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import { DomainError } from '@pentaprism/domain';
import type { Readable } from 'node:stream';
import { type BlobKey, requireBlobArea } from '../blob-key.js';
import type { StoredBlob } from '../blob-store.js';
import type { Arrival, DirectTransfers, DownloadOptions, ReceiveOptions } from '../direct-transfers.js';
import { receiveSource } from '../receive-source.js';
import { limitedBody } from './s3-body.js';
import { isConditionFailed, isMissingObject, toS3Error } from './s3-error.js';
import { isUploadSlot, type S3Keys } from './s3-keys.js';
import type { WriteBlob } from './s3-removal.js';
import { orNull, putAtMetadata, type S3Requests } from './s3-requests.js';

/** Milliseconds beyond those of any request, in which the server copies what has arrived. */
const COPY_MS = 60_000;

/** Looks for a blob, writes it unless it is there, and returns once no removal can take it any more. */
export type KeepBlob = (key: BlobKey, write: WriteBlob) => Promise<void>;

/** S3's own presigned URLs, and what clients have put to them. */
export class S3Transfers implements DirectTransfers {
  private constructor(
    private readonly requests: S3Requests,
    private readonly keys: S3Keys,
    private readonly keep: KeepBlob,
    private readonly presigner: S3RequestPresigner,
    /** URL of the bucket as clients reach it, without a slash at the end. */
    private readonly bucketUrl: URL,
  ) {}

  /** @param client whose endpoint is the one that clients reach */
  static async open(requests: S3Requests, keys: S3Keys, keep: KeepBlob, client: S3Client): Promise<S3Transfers> {
    // Host and path of the bucket follow from rules of the SDK (regions, dots in names, path style): it is asked once.
    const sample = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: requests.bucket, Key: 'x' })));
    const bucketUrl = new URL(sample.pathname.replace(/\/x$/, ''), sample);
    const { region, credentials, sha256 } = client.config;
    const presigner = new S3RequestPresigner({ region, credentials, sha256 });
    return new S3Transfers(requests, keys, keep, presigner, bucketUrl);
  }

  async downloadUrl(key: BlobKey, { expiresIn, mediaType, disposition }: DownloadOptions): Promise<string> {
    const query = { 'response-content-type': mediaType, 'response-content-disposition': disposition };
    return this.#presign('GET', this.keys.blob(key), expiresIn, query);
  }

  async uploadUrl(workspace: string, id: string, { expiresIn }: { readonly expiresIn: number }): Promise<string> {
    if (!isUploadSlot(workspace, id)) throw new DomainError('INVALID_ARGUMENT', 'The place of an upload is malformed.');
    return this.#presign('PUT', this.keys.upload(workspace, id), expiresIn, {});
  }

  async *arrivals(): AsyncGenerator<Arrival> {
    for await (const { name, size, etag } of this.requests.list(this.keys.incoming)) {
      const place = this.keys.parseUpload(name);
      if (place) yield { ...place, size, version: etag };
    }
  }

  async receive(area: string, arrival: Arrival, { maxBytes, signal }: ReceiveOptions): Promise<StoredBlob> {
    const { workspace } = arrival;
    requireBlobArea(area, workspace);
    const { sha256, size, head } = await this.#hash(arrival, { maxBytes, signal });
    const key = { area, workspace, sha256 };
    await this.keep(key, (putAt) => this.#copy(arrival, key, putAt));
    return { key, sha256, size, head };
  }

  async discard({ workspace, id, version }: Arrival): Promise<void> {
    const name = this.keys.upload(workspace, id);
    // Servers that do not know the condition of the deletion ignore it: with them, what is left is the time between
    // these two requests.
    const current = await this.requests.etag(name);
    if (current === version) await this.requests.delete(name, { ifMatch: version });
  }

  async #hash({ workspace, id, version }: Arrival, { maxBytes, signal }: ReceiveOptions) {
    const name = this.keys.upload(workspace, id);
    const { Body } = await changedUnless(this.requests.get(name, { ifMatch: version }));
    const body = limitedBody(Body as Readable);
    try {
      return await receiveSource(body, { maxBytes, allowEmpty: false, ...(signal ? { signal } : {}) }, async () => {});
    } finally {
      body.destroy();
    }
  }

  /** Always true: what is there already was seen before, and is not copied over. */
  async #copy({ workspace, id, version }: Arrival, key: BlobKey, putAt: number): Promise<boolean> {
    const { bucket } = this.requests;
    const command = new CopyObjectCommand({
      Bucket: bucket,
      Key: this.keys.blob(key),
      CopySource: `${bucket}/${this.keys.upload(workspace, id)}`,
      CopySourceIfMatch: version,
      ChecksumAlgorithm: 'SHA256',
      MetadataDirective: 'REPLACE',
      ...putAtMetadata(putAt),
    });
    const isChanged = (error: unknown) => isConditionFailed(error) || isMissingObject(error);
    const { CopyObjectResult } = await changedUnless(
      this.requests.send((client, options) => client.send(command, options), { extraMs: COPY_MS }, isChanged),
    );
    // An ETag is an MD5: who knows two files with the same one could swap them between the hashing and the copy.
    const copied = CopyObjectResult?.ChecksumSHA256;
    if (copied !== undefined && copied !== Buffer.from(key.sha256, 'hex').toString('base64')) {
      await this.requests.delete(this.keys.blob(key));
      throw changed();
    }
    return true;
  }

  async #presign(method: 'GET' | 'PUT', name: string, expiresIn: number, query: Record<string, string>) {
    const { protocol, hostname, port, host, pathname } = this.bucketUrl;
    const path = `${pathname.replace(/\/$/, '')}/${name}`;
    // The presigner alone, which keeps the day's signing key: with the SDK's way through a whole command, each URL
    // takes ten times as long (1 ms), which is much for a page of 100.
    const signed = await this.presigner.presign(
      {
        ...{ method, protocol, hostname, path, query, headers: { host } },
        ...(port === '' ? {} : { port: Number(port) }),
      },
      { expiresIn },
    );
    const parameters = Object.entries(signed.query ?? {}).map(([key, value]) => `${escape(key)}=${escape(`${value}`)}`);
    return `${protocol}//${host}${path}?${parameters.join('&')}`;
  }
}

/** As signatures want it: nothing but letters, digits and `-._~` stays as it is. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function changed(): DomainError {
  return new DomainError('CONFLICT', 'The upload was replaced or removed meanwhile.');
}

async function changedUnless<T>(sending: Promise<T>): Promise<T> {
  try {
    const found = await orNull(sending, (error) => isConditionFailed(error) || isMissingObject(error));
    if (found !== null) return found;
  } catch (error) {
    throw toS3Error(error);
  }
  throw changed();
}
