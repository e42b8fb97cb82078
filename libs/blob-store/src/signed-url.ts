import { createHmac, timingSafeEqual } from 'node:crypto';
import { DomainError, systemNow } from '@pentaprism/domain';
import { AREA_PATTERN, WORKSPACE_PATTERN } from './blob-key.js';

/**
 * URLs with which a client can read or write one file for a while, without a key:
 *
 *     /files/{workspace}/{area}/{id}?expires={epoch s}&method={get|put}[&disposition={attachment|inline}]&signature={…}
 *
 * The signature is HMAC-SHA256 over everything before it, in base64url. There is one spelling of each URL: what was
 * received is matched as a whole, rebuilt from its parts, and compared, so no parameter can be added, reordered or
 * encoded otherwise, and the spare bits of the last signature character cannot be used either.
 */

export const FILES_PATH = '/files';

/** Shorter secrets can be guessed from one URL without asking the server. */
export const MIN_SECRET_LENGTH = 32;

export type SignedMethod = 'GET' | 'PUT';
export type SignedDisposition = 'attachment' | 'inline';

/** What a signed URL is about: each field is part of the URL and covered by its signature. */
export interface SignedTarget {
  readonly method: SignedMethod;
  readonly workspace: string;
  /** What of the resource: `originals`, `thumbnails`, `samples`. */
  readonly area: string;
  /** Id of the image or sample: letters, digits, `_` and `-`, at most 128. */
  readonly id: string;
  /** Seconds since 1970; from then on the URL is refused. */
  readonly expiresAt: number;
  /** How a browser is told to treat the bytes; left out, the server decides. */
  readonly disposition?: SignedDisposition;
}

const ID_PATTERN = /^[A-Za-z0-9_-]{1,128}$/;
const SIGNED_URL =
  /^\/files\/([a-z0-9-]{1,64})\/([a-z]{1,32})\/([A-Za-z0-9_-]{1,128})\?expires=([1-9][0-9]{0,11})&method=(get|put)(?:&disposition=(attachment|inline))?&signature=([A-Za-z0-9_-]{43})$/;
const MAX_EXPIRES_AT = 999_999_999_999;

/** Keeps these signatures apart from all others that the same secret may make. */
const DOMAIN_SEPARATION = 'pentaprism/signed-url/v1\n';

/** Throws FAILED_PRECONDITION unless there is a secret and each is long enough. Call at start-up. */
export function requireSigningSecrets(secrets: readonly string[]): void {
  if (secrets.length === 0) {
    throw new DomainError('FAILED_PRECONDITION', 'Signed URLs need at least one secret.');
  }
  if (secrets.some((secret) => typeof secret !== 'string' || secret.length < MIN_SECRET_LENGTH)) {
    throw new DomainError('FAILED_PRECONDITION', `A URL signing secret has at least ${MIN_SECRET_LENGTH} characters.`);
  }
}

/**
 * The absolute URL, signed with the first secret.
 * @param target `origin` is scheme, host and port; it is not signed, since a proxy may change it
 * Errors: INVALID_ARGUMENT for a part that could not be read back.
 */
export function signUrl(target: SignedTarget & { readonly origin: string }, secrets: readonly string[]): string {
  requireSigningSecrets(secrets);
  const origin = requireOrigin(target.origin);
  requireTarget(target);
  const [secret = ''] = secrets;
  const unsigned = unsignedUrl(target);
  return `${origin}${unsigned}&signature=${signature(unsigned, secret)}`;
}

/**
 * What the URL allows.
 * @param method of the request; HEAD counts as GET
 * @param rawUrl path and query exactly as received, before any decoding or normalisation
 * @param secrets any of them may have signed
 * @param now seconds since 1970
 * Errors: PERMISSION_DENIED, with the same message for everything but the expiry of a genuine URL.
 */
export function verifySignedUrl(
  method: string,
  rawUrl: string,
  secrets: readonly string[],
  now: number = systemNow() / 1000,
): SignedTarget {
  requireSigningSecrets(secrets);
  const parsed = parse(rawUrl);
  if (parsed === null) throw refused();
  const { target, received } = parsed;
  const unsigned = unsignedUrl(target);
  // All secrets are tried, so that the time does not tell which one signed.
  const genuine = secrets.map((secret) => equal(signature(unsigned, secret), received)).includes(true);
  if (!genuine || `${unsigned}&signature=${received}` !== rawUrl) throw refused();
  if ((method === 'HEAD' ? 'GET' : method) !== target.method) throw refused();
  // Written so that a `now` that is no number refuses.
  if (!(now < target.expiresAt)) throw new DomainError('PERMISSION_DENIED', 'This URL has expired.');
  return target;
}

function parse(rawUrl: string): { target: SignedTarget; received: string } | null {
  const [, workspace, area, id, expires, method, disposition, received] = SIGNED_URL.exec(rawUrl) ?? [];
  if (!workspace || !area || !id || !expires || !received) return null;
  const target: SignedTarget = {
    method: method === 'put' ? 'PUT' : 'GET',
    workspace,
    area,
    id,
    expiresAt: Number(expires),
    ...(disposition === undefined ? {} : { disposition: disposition as SignedDisposition }),
  };
  return { target, received };
}

function unsignedUrl({ method, workspace, area, id, expiresAt, disposition }: SignedTarget): string {
  const query = `expires=${expiresAt}&method=${method.toLowerCase()}`;
  return `${FILES_PATH}/${workspace}/${area}/${id}?${query}${disposition === undefined ? '' : `&disposition=${disposition}`}`;
}

function signature(unsigned: string, secret: string): string {
  return createHmac('sha256', secret)
    .update(DOMAIN_SEPARATION + unsigned)
    .digest('base64url');
}

/** In constant time, over the text: two texts can decode to the same bytes. */
function equal(expected: string, received: string): boolean {
  const [a, b] = [Buffer.from(expected, 'latin1'), Buffer.from(received, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}

function requireTarget({ method, workspace, area, id, expiresAt, disposition }: SignedTarget): void {
  const valid: Record<string, boolean> = {
    method: method === 'GET' || method === 'PUT',
    workspace: WORKSPACE_PATTERN.test(workspace),
    area: AREA_PATTERN.test(area),
    id: ID_PATTERN.test(id),
    expiresAt: Number.isInteger(expiresAt) && expiresAt > 0 && expiresAt <= MAX_EXPIRES_AT,
    disposition: disposition === undefined || disposition === 'attachment' || disposition === 'inline',
  };
  const field = Object.keys(valid).find((each) => !valid[each]);
  if (field !== undefined)
    throw new DomainError('INVALID_ARGUMENT', `The ${field} of a signed URL is malformed.`, { field });
}

function requireOrigin(origin: string): string {
  const url = URL.canParse(origin) ? new URL(origin) : null;
  const valid = url && ['http:', 'https:'].includes(url.protocol) && `${url.origin}/` === url.href;
  if (!valid)
    throw new DomainError('INVALID_ARGUMENT', 'The origin of a signed URL is malformed.', { field: 'origin' });
  return url.origin;
}

function refused(): DomainError {
  return new DomainError('PERMISSION_DENIED', 'This URL is not valid for this request.');
}
