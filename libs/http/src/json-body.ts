import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isAscii, isUtf8 } from 'node:buffer';
import { awaitsContinue } from './expectation.js';

/** Bytes of a JSON body where the route says nothing else. */
export const JSON_BODY_LIMIT = 1024 * 1024;
/** Arrays and objects inside one another. */
export const JSON_DEPTH_LIMIT = 32;
/**
 * Names, strings, numbers, arrays and so on. Parsing and validating one costs up to 4 µs, and nobody else is answered
 * meanwhile: 100,000 empty arrays in 300 kB took 0.4 s.
 */
export const JSON_VALUE_LIMIT = 10_000;
/** Bytes of a body beyond its limit that are read and dropped, so that the client sees the answer. */
export const DRAIN_LIMIT = 64 * 1024 * 1024;

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/** What a route can set with Nest's `@RouteConfig`. */
export interface BodyConfig {
  readonly jsonBodyLimit?: number;
  /** It takes forms, see `readForm`. */
  readonly multipart?: boolean;
  /** It reads its bodies itself: whatever type of `STREAMED_TYPES` they have, they come as streams, JSON too. */
  readonly streamed?: boolean;
}

/** Types of bodies that only routes take which read them themselves. */
export const STREAMED_TYPES = [
  'text/json',
  'application/xml',
  'text/xml',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
];

/** Bodies reach the routes that read them themselves (`streamed` of `BodyConfig`) as streams; others refuse them. */
export function registerStreamParsers(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(STREAMED_TYPES, (request, payload, done) => {
    // What there is nothing for is a 404, whatever it was to be told.
    if ((request.routeOptions.config as BodyConfig).streamed || request.is404) done(null, payload);
    else done(new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.'));
  });
}

/**
 * Replaces Fastify's JSON parser: a limit per route, bodies beyond it drained before the 413 (else the client sees a
 * reset connection), limits of depth and values, and no body at all where the content type promises one.
 */
export function registerJsonParser(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('application/json');
  fastify.removeContentTypeParser('text/plain');
  const parseText = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    const { streamed, jsonBodyLimit: limit = JSON_BODY_LIMIT } = request.routeOptions.config as BodyConfig;
    if (streamed) return payload;
    // Nothing is there to be drained while the client waits to be told to send it.
    if (awaitsContinue(request)) refuseDeclaredLength(request, limit);
    const body = await readWhole(payload, limit);
    if (body.length === 0) return undefined;
    const text = decodeUtf8(body);
    checkStructure(text);
    if (isPlain(text)) return parsePlain(text);
    return new Promise((resolve, reject) => {
      void parseText(request, text, (error, value) => {
        if (error) reject(notJson());
        else if (SURROGATE_ESCAPE.test(text) && !isWellFormed(value))
          reject(
            new DomainError('INVALID_ARGUMENT', 'The body holds half of a surrogate pair, which is no character.'),
          );
        else resolve(value);
      });
    });
  });
}

/**
 * @param what it is called in the message
 * @throws DomainError PAYLOAD_TOO_LARGE after the rest was drained; INVALID_ARGUMENT when the client went away
 */
export async function readWhole(source: AsyncIterable<Buffer>, limit: number, what = 'The body'): Promise<Buffer> {
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
  if (size > limit) throw tooLong(limit, what);
  return Buffer.concat(chunks);
}

/**
 * Refuses a request whose body is longer than the limit by its own Content-Length, before anything of it is read.
 * @throws DomainError PAYLOAD_TOO_LARGE
 */
export function refuseDeclaredLength({ headers }: Pick<FastifyRequest, 'headers'>, limit: number): void {
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLong(limit);
}

function tooLong(limit: number, what = 'The body'): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', `${what} has more than ${limit} bytes.`, { limit });
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
  // What compares the body with its digests refuses it itself.
  if (DomainError.is(cause)) return cause;
  return new DomainError('INVALID_ARGUMENT', 'The request ended before its body was complete.', {}, { cause });
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Megabytes of base64 are ASCII, which is told and turned into a string of single bytes faster than it is decoded. */
export function decodeUtf8(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  if (!isUtf8(body)) throw new DomainError('INVALID_ARGUMENT', 'The body is not valid UTF-8.');
  return body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.toString('utf8', 3) : body.toString('utf8');
}

/**
 * Whether the text holds nothing that has to be looked for with regular expressions: names of prototypes, which can be
 * written with escapes, and escaped halves of surrogate pairs.
 */
function isPlain(text: string): boolean {
  return !text.includes('\\') && !text.includes('"__proto__"') && !text.includes('"constructor"');
}

function parsePlain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

function notJson(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The body is not valid JSON.');
}

/**
 * Deep nesting makes recursive readers overflow, and very many values take long; one pass over the text finds both before
 * anything is parsed. Values are counted by the signs before them, which are at most twice as many.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function checkStructure(text: string, depthLimit = JSON_DEPTH_LIMIT, valueLimit = JSON_VALUE_LIMIT): void {
  let depth = 0;
  let values = 1;
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
      if (++depth > depthLimit) throw tooMuch(`nested more than ${depthLimit} levels deep`, depthLimit);
      values++;
    } else if (unit === 0x7d || unit === 0x5d) depth--;
    // A comma and a colon each come before one more.
    else if (unit === 0x2c || unit === 0x3a) values++;
    if (values > valueLimit) throw tooMuch(`made of more than ${valueLimit} values`, valueLimit);
  }
}

function tooMuch(what: string, limit: number): DomainError {
  return new DomainError('INVALID_ARGUMENT', `The body is ${what}.`, { limit });
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
