import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { inTurn } from './body-memory.js';
import { JsonReader, notJson, TEXT_COST } from './json-reader.js';
import { readBody } from './read-body.js';
import { decodeUtf8 } from './utf8.js';

/** Bytes of a JSON body where the route says nothing else. */
export const JSON_BODY_LIMIT = 1024 * 1024;
/** Arrays and objects inside one another. */
export const JSON_DEPTH_LIMIT = 32;
/**
 * Names, strings, numbers, arrays and so on. Parsing and validating one costs up to 4 µs, in which no other request
 * is answered: 100,000 empty arrays in 300 kB took 0.4 s.
 */
export const JSON_VALUE_LIMIT = 10_000;
/** Bytes of memory for each byte of a long string that stays in pieces: these, and the bytes that it is decoded to. */
const LIFTED_COST = 2;

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/** What a route can set with Nest's `@RouteConfig`. */
export interface BodyConfig {
  readonly jsonBodyLimit?: number;
  /** Names, in lower case, of members whose long values come as `LiftedText`. */
  readonly lifted?: readonly string[];
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
  'application/offset+octet-stream',
];

/** Bodies reach the routes that read them themselves (`streamed` of `BodyConfig`) as streams; others refuse them. */
export function registerStreamParsers(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(STREAMED_TYPES, (request, payload, done) => {
    // What there is nothing for is a 404, whatever it was to be told.
    const { streamed, multipart } = request.routeOptions.config as BodyConfig;
    if (streamed || request.is404) return done(null, payload);
    const wanted = multipart ? 'multipart/form-data' : 'application/json';
    done(new DomainError('UNSUPPORTED_MEDIA_TYPE', `Send the body as ${wanted}.`));
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
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, payload: Readable) => {
    const { streamed, jsonBodyLimit: limit = JSON_BODY_LIMIT, lifted } = request.routeOptions.config as BodyConfig;
    if (streamed) return payload;
    // What there is nothing for is a 404, whatever is in it.
    if (request.is404) return undefined;
    const reader = lifted && new JsonReader(JSON_BODY_LIMIT, lifted);
    const text = reader ? await readLifted(request, payload, limit, reader) : await readText(request, payload, limit);
    if (text === '') return undefined;
    const value = await inTurn(request, () => {
      checkStructure(text);
      return isPlain(text) ? parsePlain(text) : parseWithCare(request, text);
    });
    return reader ? reader.restore(value) : value;
  });

  function parseWithCare(request: FastifyRequest, text: string): Promise<unknown> {
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
  }
}

async function readText(request: FastifyRequest, payload: Readable, limit: number): Promise<string> {
  return decodeUtf8(await readWhole(request, payload, limit));
}

async function readLifted(request: FastifyRequest, payload: Readable, limit: number, reader: JsonReader) {
  await readBody(request, payload, {
    limit,
    take: (piece) => reader.write(piece),
    cost: (size) => reader.cost(size, LIFTED_COST),
    drop: () => reader.drop(),
  });
  return reader.end();
}

/**
 * Reads a body, or a part of one, into one buffer.
 * @param what the body is called in messages
 * @throws DomainError as `readBody` does
 */
export async function readWhole(
  request: FastifyRequest,
  source: Readable | AsyncIterable<Buffer>,
  limit: number,
  what?: string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const take = (piece: Buffer) => pieces.push(piece);
  const drop = () => (pieces.length = 0);
  await readBody(request, source, { limit, ...(what && { what }), take, drop, cost: (size) => size * TEXT_COST });
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
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
