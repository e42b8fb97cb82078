import { DRAIN_LIMIT, incompleteBody, JSON_BODY_LIMIT, type BodyBudgetSettings } from '@pentaprism/http';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import type { z } from 'zod';
import { fromElement, fromJson, malformed } from './element.js';
import { FormReader } from './form-reader.js';
import { JsonReader } from './json-reader.js';
import { parseWith } from './parse.js';
import { XmlReader } from './xml-reader.js';

/** Bytes of a body that holds pictures in base64: what they are altogether has to fit into memory. */
export const PICTURES_BODY_LIMIT = 128 * 1024 ** 2;
/** For all such bodies together: half a gigabyte, of which one workspace may have three quarters. */
export const PICTURE_BODIES: BodyBudgetSettings = {
  each: PICTURES_BODY_LIMIT,
  total: 4 * PICTURES_BODY_LIMIT,
  perWorkspace: 3 * PICTURES_BODY_LIMIT,
  waitMs: 20_000,
};

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
    const reader = new JsonReader(JSON_BODY_LIMIT);
    await readBody(body, limit, (chunk) => reader.write(chunk));
    return parseWith(schema, fromJson(reader.end() ?? {}, schema));
  }
  const reader = XML_TYPES.includes(type) ? new XmlReader() : type === FORM_TYPE ? new FormReader() : undefined;
  if (!reader) throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, as XML or as a form in a URL.');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const size = await readBody(body, limit, (chunk) => reader.write(decode(decoder, chunk)));
  if (size === 0) return parseWith(schema, {});
  decode(decoder);
  return parseWith(schema, fromElement(reader.end(), schema));
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

/**
 * Gives a body to `take`, piece by piece. After a failure the rest is read, so that the client sees the answer.
 *
 * @returns bytes read
 * @throws DomainError PAYLOAD_TOO_LARGE; INVALID_ARGUMENT when the client went away; what `take` throws
 */
async function readBody(body: AsyncIterable<Buffer>, limit: number, take: (chunk: Buffer) => void): Promise<number> {
  let [size, dropped] = [0, 0];
  let failure: unknown;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (failure === undefined && size > limit)
        failure = new DomainError('PAYLOAD_TOO_LARGE', `The body has more than ${limit} bytes.`, { limit });
      if (failure === undefined) failure = attempt(() => take(chunk));
      else if ((dropped += chunk.length) > DRAIN_LIMIT) break;
    }
  } catch (error) {
    throw incompleteBody(error);
  }
  if (failure !== undefined) throw failure;
  return size;
}

function attempt(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
