import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DomainError } from '@pentaprism/domain';
import { requireHttpOrigin, type S3Location, type S3Settings } from './s3-location.js';
import { isMissingObject, statusOf, toS3Error } from './s3-error.js';

/** Milliseconds until a connection has to be there. */
const CONNECT_MS = 3_000;
/** Connections to the server at once: each download that a client reads slowly holds one. */
const MAX_CONNECTIONS = 256;
/** Milliseconds for the first look at the bucket, credentials included. */
const OPEN_MS = 10_000;
/** What servers other than Amazon's take by default; it only has to be the same on both sides. */
const DEFAULT_REGION = 'us-east-1';

/** Its warnings would come between the JSON lines of the log; what fails is thrown. */
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * A client of the bucket's server; nothing is asked yet.
 * @param settings whose `endpoint` is an origin; credentials come from the usual places of the AWS SDK: `AWS_*`
 *   variables, shared files, the identity of the container or machine
 */
export function createS3Client({ endpoint, region }: S3Settings, what = 'endpoint of S3'): S3Client {
  const chosen = region ?? (endpoint === undefined ? undefined : DEFAULT_REGION);
  const agent = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  return new S3Client({
    ...(chosen === undefined ? {} : { region: chosen }),
    // A host name for each bucket needs DNS and certificates that only Amazon has.
    ...(endpoint === undefined ? {} : { endpoint: requireHttpOrigin(endpoint, what), forcePathStyle: true }),
    logger: SILENT,
    // Retries are ours: some requests must not be repeated, and bodies are made anew.
    maxAttempts: 1,
    // Ours are SHA-256 and always given; a default one would be signed into presigned uploads.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Waiting for the server's go-ahead costs a connection of its own for each body.
    expectContinueHeader: false,
    requestHandler: { connectionTimeout: CONNECT_MS, httpAgent: agent, httpsAgent: agent },
  });
}

/** Throws FAILED_PRECONDITION for what an operator has to change, UNAVAILABLE for what may pass. */
export async function requireBucket(client: S3Client, { bucket }: S3Location): Promise<void> {
  await requireConfigured(() => client.config.region(), 'S3 needs a region: set AWS_REGION.');
  await requireConfigured(
    () => client.config.credentials(),
    'S3 needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role.',
  );
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: AbortSignal.timeout(OPEN_MS) });
  } catch (error) {
    const status = statusOf(error) ?? 0;
    if (isMissingObject(error)) throw refused(`The bucket ${bucket} does not exist.`, error);
    if (status === 301 || status === 400) throw refused(`The bucket ${bucket} is not in this region.`, error);
    if (status === 401 || status === 403) throw refused(`The credentials do not open the bucket ${bucket}.`, error);
    throw toS3Error(error);
  }
}

async function requireConfigured(get: () => Promise<unknown>, sentence: string): Promise<void> {
  try {
    await get();
  } catch (error) {
    throw refused(sentence, error);
  }
}

function refused(sentence: string, cause: unknown): DomainError {
  return new DomainError('FAILED_PRECONDITION', sentence, {}, { cause });
}
