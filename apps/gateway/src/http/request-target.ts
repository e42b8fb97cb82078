import { isHost, MalformedRequest } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { canonicalUrl } from '../dialects.js';

/**
 * A path and a query of printable ASCII without `#`: a fragment never leaves its client, and anything else has to be
 * escaped. No `\` in the path either, which some proxies and browsers read as a slash.
 */
const TARGET = /^\/[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*(?:\?[\x21\x22\x24-\x7e]*)?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

/**
 * The URL that the router reads: a path and a query, in the spelling of its dialect. A fragment is cut off, since the
 * router would end the path there. The hooks refuse such a request with `checkTarget`.
 */
export function routedUrl({ url = '/' }: IncomingMessage): string {
  return canonicalUrl(pathOf(url.split('#', 1)[0] ?? ''));
}

/** @throws MalformedRequest for a target or a Host that is not valid, or not the only one */
export function checkTarget(request: FastifyRequest): void {
  const { originalUrl, method, raw } = request;
  const isServer = method === 'OPTIONS' && originalUrl === '*';
  if (!isServer && !TARGET.test(pathOf(originalUrl)))
    throw new MalformedRequest('The URL has a character that must be escaped, such as #.');
  // Node.js keeps the first and drops the others without a word; a proxy may have gone by another one.
  const hosts = raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) throw new MalformedRequest('The request has more than one Host header.');
  if (!isHost(request.host)) throw new MalformedRequest('The Host header is not valid.');
  const authority = ABSOLUTE.exec(originalUrl)?.[1];
  if (authority !== undefined && authority.toLowerCase() !== raw.headers.host?.toLowerCase())
    throw new MalformedRequest('The URL and the Host header name different hosts.');
}

/** The path and query of a target; in absolute form, as clients send it to proxies, without its scheme and host. */
function pathOf(target: string): string {
  const path = target.replace(ABSOLUTE, '');
  return path === '' || path.startsWith('?') ? `/${path}` : path;
}
