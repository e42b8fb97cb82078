import { DomainError } from '@pentaprism/domain';

/** What the environment says about the S3 server; the URL of the store says bucket and prefix. */
export interface S3Settings {
  /** Origin of a server that is not Amazon's, e.g. `http://minio:9000`; left out, Amazon's of the region. */
  readonly endpoint?: string | undefined;
  /** Origin at which clients reach the same server; left out, the endpoint itself. */
  readonly publicUrl?: string | undefined;
  /** Left out, that of the shared AWS configuration; `us-east-1` where an endpoint is set and nothing else says it. */
  readonly region?: string | undefined;
}

/** Where in S3 the blobs are. */
export interface S3Location {
  readonly bucket: string;
  /** Before every key: empty, or with a slash at its end. */
  readonly prefix: string;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Letters that need no escaping anywhere, so that keys, copy sources and URLs are spelled alike. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** Reads `s3://bucket` or `s3://bucket/some/prefix`. Throws FAILED_PRECONDITION, in one sentence. */
export function parseS3Url(url: string): S3Location {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?$/.exec(url) ?? [];
  const segments = path.replace(/\/$/, '').split('/');
  const rooted = path === '' || path === '/';
  if (!BUCKET.test(bucket) || !(rooted || segments.every((segment) => SEGMENT.test(segment)))) {
    throw new DomainError('FAILED_PRECONDITION', 'The URL of a blob store in S3 has to look like s3://bucket/prefix.');
  }
  return { bucket, prefix: rooted ? '' : `${segments.join('/')}/` };
}

/** Throws FAILED_PRECONDITION unless the text is scheme, host and port of an HTTP server, without a path. */
export function requireHttpOrigin(text: string, what: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const valid = url && ['http:', 'https:'].includes(url.protocol) && `${url.origin}/` === url.href;
  if (!valid)
    throw new DomainError('FAILED_PRECONDITION', `The ${what} has to look like https://host or http://host:port.`);
  return url.origin;
}
