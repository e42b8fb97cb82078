import { Dicer } from '@fastify/busboy';
import { DomainError } from '@pentaprism/domain';
import { parse as parseDisposition } from 'content-disposition';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { on, once } from 'node:events';
import { finished, Readable } from 'node:stream';
import { awaitsContinue } from './expectation.js';
import type { BodyConfig } from './json-body.js';
import { drain, incompleteBody } from './read-body.js';
import { joinChunks } from './small-chunks.js';

/** Parts of one body. */
export const MAX_PARTS = 100;
/** Bytes of the headers of one part. */
export const MAX_PART_HEADER_BYTES = 8 * 1024;
/** Bytes of a part that are read from the client before the handler reads them. */
const READ_AHEAD_BYTES = 256 * 1024;

/** One part of a `multipart/form-data` body: bytes, whatever its headers say. */
export interface FormPart {
  /** As it was sent; empty where there is none. */
  readonly name: string;
  /** As it was sent, directories included; empty where there is none. It is a label, and never a path. */
  readonly fileName: string;
  /** The media type that it was declared as, in lower case and without parameters; undefined where it was not. */
  readonly declaredType: string | undefined;
  /**
   * To be read once, and before the next part is asked for; what is left then is skipped.
   * @throws DomainError INVALID_ARGUMENT when the body ends or breaks in the middle of it
   */
  readonly bytes: AsyncIterable<Buffer>;
}

type RawHeaders = Readonly<Record<string, readonly string[]>>;

/** Bodies of forms reach the routes that take them (`multipart` of `BodyConfig`) as streams; others refuse them. */
export function registerFormParser(fastify: FastifyInstance): void {
  fastify.addContentTypeParser('multipart/form-data', (request, payload, done) => {
    if ((request.routeOptions.config as BodyConfig).multipart || request.is404) done(null, payload);
    else done(new DomainError('UNSUPPORTED_MEDIA_TYPE', 'This path takes no forms.'));
  });
}

/**
 * Gives the parts of a form to `work`, one after another as they come. When it fails, the rest of the body is read, so
 * that the client sees the answer.
 *
 * By the tokenizer below busboy rather than busboy itself, which takes a part without a file name for text, and decodes it,
 * and tells a part that was declared as text/plain from one that was not declared at all by nothing.
 *
 * @throws DomainError UNSUPPORTED_MEDIA_TYPE when the body is no form; INVALID_ARGUMENT when its framing is broken, it has
 *   more than `MAX_PARTS` parts, or the client went away
 */
export async function readForm<T>(
  request: FastifyRequest,
  work: (parts: AsyncGenerator<FormPart, void>) => Promise<T>,
): Promise<T> {
  const { body } = request;
  if (!(body instanceof Readable))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as multipart/form-data.');
  const parts = readParts(body, request.headers['content-type'] ?? '');
  try {
    return await work(parts);
  } catch (error) {
    await parts.return();
    if (!body.destroyed && !awaitsContinue(request)) await drain(body);
    throw error;
  }
}

async function* readParts(body: Readable, contentType: string): AsyncGenerator<FormPart, void> {
  const parser = new Dicer({
    boundary: boundaryOf(contentType),
    partHwm: READ_AHEAD_BYTES,
    maxHeaderSize: MAX_PART_HEADER_BYTES,
  } as ConstructorParameters<typeof Dicer>[0]);
  // Headers may arrive before the handler reads the part, or never, if a delimiter stands in the middle of them.
  const headersOf = new WeakMap<Readable, RawHeaders>();
  const readable = new WeakMap<Readable, Promise<unknown>>();
  let current: Readable | undefined;
  parser.on('part', (part: Readable) => {
    current = joinChunks(part);
    part.once('header', (headers: RawHeaders) => headersOf.set(part, headers));
    const begun = once(part, 'readable');
    begun.catch(() => undefined);
    part.on('error', () => undefined);
    readable.set(part, begun);
  });
  parser.on('error', () => undefined);
  const found = on(parser, 'part', { close: ['finish'] });
  const stopWatching = finished(body, { writable: false }, (error) => {
    if (!error) return;
    current?.destroy(error);
    parser.destroy(error);
  });
  body.pipe(parser);
  try {
    let count = 0;
    for await (const [part] of found as AsyncIterable<[Readable]>) {
      if (++count > MAX_PARTS)
        throw new DomainError('INVALID_ARGUMENT', `The form has more than ${MAX_PARTS} parts.`, { limit: MAX_PARTS });
      await readable.get(part);
      yield toFormPart(headersOf.get(part) ?? {}, part);
      part.resume();
    }
  } catch (error) {
    throw asFormError(error, body);
  } finally {
    stopWatching();
    body.unpipe(parser);
    current?.destroy();
    parser.destroy();
  }
}

function toFormPart(headers: RawHeaders, part: Readable): FormPart {
  const [declared] = headers['content-type'] ?? [];
  return {
    ...namesOf(headers['content-disposition']?.[0]),
    declaredType: declared?.split(';', 1)[0]?.trim().toLowerCase() || undefined,
    bytes: bytesOf(part),
  };
}

async function* bytesOf(part: Readable): AsyncGenerator<Buffer, void> {
  try {
    // What is left is skipped by asking for the next part, and not by the end of the connection.
    yield* part.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw asFormError(error, part);
  }
}

/** Names are sent as UTF-8, in quotes or without. */
function namesOf(disposition = ''): Pick<FormPart, 'name' | 'fileName'> {
  try {
    const text = Buffer.from(disposition, 'latin1')
      .toString('utf8')
      .replace(/\\["\\]/g, unescaped);
    const { type, parameters } = parseDisposition(text, { multipart: true });
    const { name = '', filename = '' } = type === 'form-data' ? parameters : {};
    return { name, fileName: filename };
  } catch {
    return { name: '', fileName: '' };
  }
}

/**
 * Rewrites an escape of RFC 2183, which Go, Java and old releases of curl send, as the one that browsers send and the
 * parser reads. A backslash before any other character is a part of the name.
 */
function unescaped(pair: string): string {
  return pair === '\\"' ? '%22' : '\\';
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw new DomainError('INVALID_ARGUMENT', 'The form has no boundary.');
  return boundary;
}

function asFormError(error: unknown, stream: Readable): DomainError {
  if (DomainError.is(error)) return error;
  if ((error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE' || stream.errored)
    return incompleteBody(error);
  return new DomainError('INVALID_ARGUMENT', 'The form is cut short or broken.', {}, { cause: error });
}
