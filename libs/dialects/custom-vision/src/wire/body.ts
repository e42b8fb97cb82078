import { checkStructure, isWellFormed, JSON_BODY_LIMIT, JsonReader, readBody, TEXT_COST } from '@pentaprism/http';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import type { z } from 'zod';
import { fromElement, fromJson, malformed } from './element.js';
import { FormReader } from './form-reader.js';
import { parseWith } from './parse.js';
import { XmlReader } from './xml-reader.js';

/** Bytes of a body that holds pictures in base64: what they are altogether has to fit into memory. */
export const PICTURES_BODY_LIMIT = 128 * 1024 ** 2;
/** The same in XML or as a form. It is text as a whole, which takes more memory. */
export const PICTURES_TEXT_LIMIT = 32 * 1024 ** 2;
/** The member whose long values stay the pieces that they came in. */
const PICTURE = 'contents';

const JSON_TYPES = ['application/json', 'text/json'];
const XML_TYPES = ['application/xml', 'text/xml'];
const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * Reads a model from a body in JSON, XML or form encoding, whatever the case of its names. No body, and an empty one that
 * is called JSON, is a model without members.
 *
 * @param limit bytes of the body
 * @throws DomainError INVALID_ARGUMENT, PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE; the refusals of the schema
 */
export async function readModel<Schema extends z.ZodType>(
  request: FastifyRequest,
  schema: Schema,
  limit = JSON_BODY_LIMIT,
): Promise<z.output<Schema>> {
  const { body } = request;
  if (!(body instanceof Readable)) return parseWith(schema, {});
  const type = mediaTypeOf(request);
  if (JSON_TYPES.includes(type)) {
    const reader = new JsonReader(JSON_BODY_LIMIT, [PICTURE]);
    const cost = (size: number) => reader.cost(size, 1);
    await readBody(request, body, { limit, take: (piece) => reader.write(piece), cost, drop: () => reader.drop() });
    return parseWith(schema, fromJson(parsed(reader) ?? {}, schema));
  }
  let reader = XML_TYPES.includes(type)
    ? new XmlReader([PICTURE])
    : type === FORM_TYPE
      ? new FormReader([PICTURE])
      : undefined;
  if (!reader) throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, as XML or as a form in a URL.');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const size = await readBody(request, body, {
    limit: Math.min(limit, PICTURES_TEXT_LIMIT),
    take: (piece) => reader?.write(decode(decoder, piece)),
    cost: (bytes) => bytes * TEXT_COST,
    drop: () => (reader = undefined),
  });
  if (size === 0) return parseWith(schema, {});
  decode(decoder);
  return parseWith(schema, fromElement(reader.end(), schema));
}

/**
 * Returns what the text of a reader stands for; undefined for an empty body.
 * @throws DomainError INVALID_ARGUMENT
 */
export function parsed(reader: JsonReader): unknown {
  const text = reader.end();
  if (text.trim() === '') return undefined;
  checkStructure(text);
  const value = parseJson(text);
  if (!isWellFormed(value)) throw malformed('The body holds half of a surrogate pair, which is no character.');
  return reader.restore(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed('The body is not valid JSON.', error);
  }
}

/** Text of the next piece; without one, the body is over. */
function decode(decoder: TextDecoder, chunk?: Buffer): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (error) {
    throw malformed('The body is not valid UTF-8.', error);
  }
}

/** The type that the body is said to be of, without parameters; empty where nothing is said. */
export function mediaTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
