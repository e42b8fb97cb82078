import { systemDate } from '@pentaprism/domain';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { isConditionFailed, isMissingObject } from './s3-error.js';
import { orNull, putAtMetadata, type S3Requests } from './s3-requests.js';
import type { Spool } from './spool.js';

/** Blobs above this go in parts: a failure repeats one of them only, and several are on their way at once. */
export const MULTIPART_BYTES = 32 * 1024 * 1024;
/** S3 takes at least 5 MiB. */
const PART_BYTES = 8 * 1024 * 1024;
/** S3's own limit; parts grow so that no blob has more. */
const MAX_PARTS = 10_000;
/** Parts of one blob that are sent at once. */
const LANES = 3;
/** The slowest upload that counts as going on, in bytes per millisecond: 128 KiB/s. */
const SLOWEST_UPLOAD = 131;
/** Milliseconds beyond those of any request, in which the server puts the parts together. */
const COMPLETE_MS = 120_000;

interface UploadOptions {
  readonly putAt: number;
  /** Whether to write over what has the name. */
  readonly replace: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Without `replace`, only where there is nothing yet. */
const conditionOf = ({ replace }: UploadOptions) => (replace ? {} : { IfNoneMatch: '*' });

/**
 * Sends the bytes under the name, each request with its SHA-256, which the server checks before it keeps anything.
 * @param putAt milliseconds since 1970
 * @returns false when the name was taken; a server that does not know the condition replaces it, with the same bytes
 */
export async function upload(
  requests: S3Requests,
  name: string,
  spool: Spool,
  options: UploadOptions,
): Promise<boolean> {
  const target = { Bucket: requests.bucket, Key: name };
  const send = spool.size > MULTIPART_BYTES ? uploadInParts : uploadWhole;
  const sending = send(requests, target, spool, options);
  return (await orNull(sending, isThereAlready)) !== null;
}

/** An upload in parts that is not known any more was completed by a request whose answer was lost. */
function isThereAlready(error: unknown): boolean {
  return isConditionFailed(error) || isMissingObject(error);
}

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

async function uploadWhole(requests: S3Requests, target: Target, spool: Spool, options: UploadOptions): Promise<true> {
  const { putAt, signal } = options;
  const checksum = Buffer.from(spool.sha256, 'hex').toString('base64');
  await requests.send(
    async (client, http) => {
      const input = { ...target, ...conditionOf(options), ...putAtMetadata(putAt), ContentLength: spool.size };
      await spool.withBody(0, spool.size, (body) =>
        client.send(new PutObjectCommand({ ...input, Body: body, ChecksumSHA256: checksum }), http),
      );
    },
    { extraMs: spool.size / SLOWEST_UPLOAD, signal },
    isConditionFailed,
  );
  return true;
}

async function uploadInParts(
  requests: S3Requests,
  target: Target,
  spool: Spool,
  options: UploadOptions,
): Promise<true> {
  const { putAt, signal } = options;
  const create = new CreateMultipartUploadCommand({
    ...target,
    ...putAtMetadata(putAt),
    ChecksumAlgorithm: 'SHA256',
  });
  const { UploadId } = await requests.send((client, http) => client.send(create, http), { signal });
  try {
    const parts = await sendParts(requests, { ...target, UploadId }, spool, signal);
    const complete = new CompleteMultipartUploadCommand({
      ...target,
      ...conditionOf(options),
      UploadId,
      MultipartUpload: { Parts: parts },
    });
    const extra = { extraMs: COMPLETE_MS, signal };
    await requests.send((client, http) => client.send(complete, http), extra, isThereAlready);
    return true;
  } catch (error) {
    // What cannot be aborted now, since the server is away, is found by the sweep.
    await abort(requests, { ...target, UploadId }).catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  requests: S3Requests,
  target: Target & { readonly UploadId: string | undefined },
  spool: Spool,
  signal: AbortSignal | undefined,
): Promise<CompletedPart[]> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(spool.size / MAX_PARTS));
  const count = Math.ceil(spool.size / partBytes);
  const parts: CompletedPart[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const [start, end] = [index * partBytes, Math.min(spool.size, (index + 1) * partBytes)];
      const ChecksumSHA256 = await spool.checksum(start, end);
      const input = { ...target, PartNumber: index + 1, ContentLength: end - start, ChecksumSHA256 };
      const { ETag } = await requests.send(
        (client, options) =>
          spool.withBody(start, end, (body) => client.send(new UploadPartCommand({ ...input, Body: body }), options)),
        { extraMs: (end - start) / SLOWEST_UPLOAD, signal },
      );
      parts[index] = { ETag, PartNumber: index + 1, ChecksumSHA256 };
    }
  };
  const lanes = Array.from({ length: LANES }, () =>
    lane().catch((error: unknown) => {
      // The other lanes begin nothing new.
      next = count;
      throw error;
    }),
  );
  // All of them: a part that arrives after the abort would stay.
  const failed = (await Promise.allSettled(lanes)).find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return parts;
}

async function abort(
  requests: S3Requests,
  target: Target & { readonly UploadId: string | undefined },
): Promise<boolean> {
  const command = new AbortMultipartUploadCommand(target);
  const sending = requests.send((client, options) => client.send(command, options), {}, isMissingObject);
  return (await orNull(sending)) !== null;
}

/** Ends the uploads below the prefix that were begun before `olderThan` and never ended; returns how many. */
export async function abortStaleUploads(requests: S3Requests, prefix: string, olderThan: Date): Promise<number> {
  let aborted = 0;
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (marker) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: requests.bucket,
      Prefix: prefix,
      ...marker,
    });
    const page = await requests.send((client, options) => client.send(command, options));
    for (const { Key, UploadId, Initiated = systemDate() } of page.Uploads ?? []) {
      if (Key === undefined || Initiated >= olderThan) continue;
      if (await abort(requests, { Bucket: requests.bucket, Key, UploadId })) aborted += 1;
    }
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined;
  }
  return aborted;
}
