import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Bytes of a JSON body where the route says nothing else. */
export const JSON_BODY_LIMIT = 1024 * 1024;
/** Arrays and objects inside one another. */
export const JSON_DEPTH_LIMIT = 32;
/** Bytes of a body beyond its limit that are read and dropped, so that the client sees the answer. */
export const DRAIN_LIMIT = 64 * 1024 * 1024;

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/** What a route can set with Nest's `@RouteConfig`. */
export interface BodyConfig {
  readonly jsonBodyLimit?: number;
}

/**
 * Replaces Fastify's JSON parser: a limit per route, bodies beyond it drained before the 413 (else the client sees a
 * reset connection), a limit of depth, and no body at all where the content type promises one.
 */
export function registerJsonParser(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('application/json');
  fastify.removeContentTypeParser('text/plain');
  const parseText = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    const limit = (request.routeOptions.config as BodyConfig).jsonBodyLimit ?? JSON_BODY_LIMIT;
    const body = await readWhole(payload, limit);
    if (body.length === 0) return undefined;
    const text = decodeUtf8(body);
    checkDepth(text);
    return new Promise((resolve, reject) => {
      void parseText(request, text, (error, value) => {
        if (error) reject(new DomainError('INVALID_ARGUMENT', 'The body is not valid JSON.'));
        else if (SURROGATE_ESCAPE.test(text) && !isWellFormed(value))
          reject(
            new DomainError('INVALID_ARGUMENT', 'The body holds half of a surrogate pair, which is no character.'),
          );
        else resolve(value);
      });
    });
  });
}

/** @throws DomainError PAYLOAD_TOO_LARGE after the rest was drained; INVALID_ARGUMENT when the client went away */
export async function readWhole(source: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks.length = 0;
      if (size > limit + DRAIN_LIMIT) break;
    }
  } catch (error) {
    throw incompleteBody(error);
  }
  if (size > limit) throw new DomainError('PAYLOAD_TOO_LARGE', `The body has more than ${limit} bytes.`, { limit });
  return Buffer.concat(chunks);
}

/** Reads what a client still sends, up to `DRAIN_LIMIT`, so that it sees the answer instead of a reset connection. */
export async function drain(source: AsyncIterable<Buffer>): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of source) if ((size += chunk.length) > DRAIN_LIMIT) return;
  } catch {
    // The client went away: there is an answer already, and nobody to see it.
  }
}

/**
 * The failure of a request whose client stopped or went away half-way. Nobody reads the answer, but log and metrics
 * must not count it as a fault of ours.
 */
export function incompleteBody(cause: unknown): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The request ended before its body was complete.', {}, { cause });
}

function decodeUtf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'The body is not valid UTF-8.');
  }
}

/** Deep nesting makes recursive readers overflow; one pass over the text finds it before anything is parsed. */
export function checkDepth(text: string, limit = JSON_DEPTH_LIMIT): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString) {
      // A string can be megabytes of base64: jump to its end, then see whether that quote was escaped.
      const end = text.indexOf('"', i);
      if (end === -1) return;
      i = end;
      if (!isEscaped(text, end)) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > limit)
        throw new DomainError('INVALID_ARGUMENT', `The body is nested more than ${limit} levels deep.`, { limit });
    } else if (unit === 0x7d || unit === 0x5d) depth--;
  }
}

/**
 * Whether every name and string is Unicode. Half of a surrogate pair can come out of a JSON escape only; a database
 * would keep another character in its place, and the name would never be found again.
 */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, each]) => name.isWellFormed() && isWellFormed(each));
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
