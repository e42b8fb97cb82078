import type { IncomingHttpHeaders } from 'node:http';

/** Headers that hold a key and nothing else. */
const KEY_HEADERS = ['x-api-key', 'training-key', 'prediction-key'];
const MAX_CREDENTIAL_LENGTH = 500;

/**
 * The API key of a request in every spelling that the dialects' clients use: `Authorization: Bearer` or `Token`,
 * `Training-Key`, `Prediction-Key`, `X-Api-Key`, HTTP Basic (key id : secret).
 *
 * @returns the readings of it, one for most; empty when the request has none
 */
export function credentialsOf(headers: IncomingHttpHeaders): string[] {
  const [scheme = '', ...rest] = (headers.authorization ?? '').trim().split(/\s+/);
  const value = rest.join(' ');
  let found: string[] = [];
  if (/^(?:bearer|token)$/i.test(scheme)) found = [value];
  else if (/^basic$/i.test(scheme)) found = basic(value);
  else if (scheme) found = [scheme];
  else {
    const header = KEY_HEADERS.map((name) => headers[name]).find((text) => typeof text === 'string' && text !== '');
    if (typeof header === 'string') found = [header.trim()];
  }
  // Too long for any key: it must be refused, not taken for absent.
  return found.map((text) => text.slice(0, MAX_CREDENTIAL_LENGTH)).map((text) => text || '-');
}

/** The secret may be a bare one, with any user name. */
function basic(encoded: string): string[] {
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) return [decoded];
  const [user, password] = [decoded.slice(0, colon), decoded.slice(colon + 1)];
  return user === '' ? [password] : [`${user}.${password}`, password];
}
