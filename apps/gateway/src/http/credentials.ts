import { isAscii, isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';

/** Headers that hold a key and nothing else. */
const KEY_HEADERS = ['x-api-key', 'training-key', 'prediction-key', 'ocp-apim-subscription-key'];
const MAX_CREDENTIAL_LENGTH = 500;

export interface CredentialRules {
  /** What is no HTTP Basic with user and password in the `Authorization` header counts as an unknown key. */
  readonly basicOnly?: boolean | undefined;
  /** Headers of the API itself, in lower case: they win over `Authorization`, which may be meant for a proxy. */
  readonly keyHeaders?: readonly string[] | undefined;
}

/**
 * The API key of a request in every spelling that the dialects' clients use: `Authorization: Bearer` or `Token`,
 * `Training-Key`, `Prediction-Key`, `Ocp-Apim-Subscription-Key`, `X-Api-Key`, HTTP Basic (key id : secret).
 *
 * @returns the readings of it, one for most; empty when the request has none
 */
export function credentialsOf(
  headers: IncomingHttpHeaders,
  { basicOnly = false, keyHeaders = [] }: CredentialRules = {},
): string[] {
  const [scheme = '', ...rest] = (headers.authorization ?? '').trim().split(/\s+/);
  const value = rest.join(' ');
  const own = keyIn(headers, keyHeaders);
  let found: string[] = [];
  if (own !== undefined) found = [own];
  else if (/^basic$/i.test(scheme)) found = basic(value, basicOnly);
  else if (scheme && basicOnly) found = [''];
  else if (/^(?:bearer|token)$/i.test(scheme)) found = [value];
  else if (scheme) found = [scheme];
  else {
    const other = keyIn(headers, KEY_HEADERS);
    if (other !== undefined) found = [other];
  }
  // Too long for any key: it must be refused, not taken for absent.
  return found.map((text) => text.slice(0, MAX_CREDENTIAL_LENGTH)).map((text) => text || '-');
}

/** Whether the key of a request is in HTTP Basic, which browsers cache and send by themselves. */
export function usesBasic(headers: IncomingHttpHeaders, { keyHeaders = [] }: CredentialRules = {}): boolean {
  return keyIn(headers, keyHeaders) === undefined && /^\s*basic(?:\s|$)/i.test(headers.authorization ?? '');
}

/** The first header of these that has something in it. */
function keyIn(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  const found = names.map((name) => headers[name]).find((text) => typeof text === 'string' && text.trim() !== '');
  return typeof found === 'string' ? found.trim() : undefined;
}

/** User and password, which may be a bare secret with any user name. */
function basic(encoded: string, withUser: boolean): string[] {
  const readings = textsOf(Buffer.from(encoded, 'base64')).flatMap((decoded) => {
    const colon = decoded.indexOf(':');
    if (colon < 0) return withUser ? [] : [decoded];
    const [user, password] = [decoded.slice(0, colon), decoded.slice(colon + 1)];
    return user === '' ? [password] : [`${user}.${password}`, password];
  });
  return readings.length > 0 ? readings : [''];
}

/** Reads UTF-8, which the challenge requests (RFC 7617), or Latin-1, which clients send without reading the challenge. */
function textsOf(bytes: Buffer): string[] {
  const latin1 = bytes.toString('latin1');
  if (isAscii(bytes)) return [latin1];
  return isUtf8(bytes) ? [bytes.toString('utf8'), latin1] : [latin1];
}
