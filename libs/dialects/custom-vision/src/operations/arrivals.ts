import { Injectable } from '@nestjs/common';
import { contentContracts, type ArrivalSource, type ContentReference } from '@pentaprism/contracts';
import { Bus } from '@pentaprism/bus';
import {
  DomainError,
  MAX_FILE_NAME_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_TRAINING_IMAGE_BYTES,
  SNIFF_LENGTH,
  sniffMediaType,
  UNKNOWN_MEDIA_TYPE,
} from '@pentaprism/domain';
import {
  Contents,
  DRAIN_LIMIT,
  incompleteBody,
  inTurn,
  LiftedText,
  principalOf,
  readBase64,
  readForm,
  type FormPart,
} from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { mediaTypeOf } from '../wire/body.js';
import { refusal } from '../wire/codes.js';

/** The bytes of an image, or why there are none, and what it is called. */
export interface Arrival {
  readonly name: string | null;
  readonly source: ArrivalSource;
}

/** Bytes of one upload altogether, those that are dropped included. */
export const UPLOAD_LIMIT = MAX_IMAGES_PER_BATCH * MAX_TRAINING_IMAGE_BYTES + DRAIN_LIMIT;

/** Bytes of one picture at most, and the area of the blob store that it belongs to. */
export interface Kept {
  readonly maxBytes: number;
  /** `predictions`: it is only looked at, and gone soon. */
  readonly area: 'originals' | 'predictions';
}

const TRAINING: Kept = { maxBytes: MAX_TRAINING_IMAGE_BYTES, area: 'originals' };

/** Pictures on their way from a request into the blob store: one after another, and never whole in memory. */
@Injectable()
export class Arrivals {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  /**
   * Stores what a request uploads: the pictures of a form, or the body itself. A picture that is too large or empty spoils
   * only itself.
   *
   * @param maxFiles one more refuses all of them
   * @param kept what one picture may take, and where it is put
   * @returns none for a form without parts, and for an empty body
   * @throws DomainError BadRequestExceededBatchSize, UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE and others; nothing is kept
   */
  async receive(request: FastifyRequest, maxFiles: number, kept: Kept = TRAINING): Promise<Arrival[]> {
    const type = mediaTypeOf(request);
    const arrivals: Arrival[] = [];
    try {
      if (type === 'multipart/form-data')
        await readForm(request, (parts) => this.receiveParts(request, parts, arrivals, maxFiles, kept));
      else if (type === 'application/octet-stream' && request.body instanceof Readable) {
        const { head, bytes } = await peek(complete(request.body), FORM_HEAD_BYTES);
        refuseForm(head);
        const source = await this.storeStream(request, bytes, kept, new Meter());
        if (source) arrivals.push({ name: null, source });
      } else if (type !== 'application/octet-stream')
        throw new DomainError(
          'UNSUPPORTED_MEDIA_TYPE',
          'Send the body as multipart/form-data, or one file as application/octet-stream.',
        );
      return arrivals;
    } catch (error) {
      if (kept.area === 'originals') this.discard(arrivals);
      throw error;
    }
  }

  /** Stores a picture that came as base64. */
  async decode(request: FastifyRequest, contents: string | LiftedText | null | undefined): Promise<ArrivalSource> {
    const text = contents ?? '';
    const size = text instanceof LiftedText ? text.size : text.length;
    // Four characters stand for three bytes.
    if (size * 3 > (MAX_TRAINING_IMAGE_BYTES + 2) * 4) {
      if (text instanceof LiftedText) text.drop();
      return refused('too-many-bytes');
    }
    // Decoding 6 MB takes some 20 ms: others are answered between one picture and the next.
    const bytes = await inTurn(request, () => bytesOf(text));
    if (!bytes) return refused('undecodable', 'Its contents are not base64.');
    if (bytes.length === 0) return refused('undecodable', EMPTY);
    return this.store(request, bytes, TRAINING);
  }

  /** Bytes that were stored and are not wanted any more. Not awaited: what is not discarded now, the sweep finds later. */
  discard(arrivals: readonly Pick<Arrival, 'source'>[]): void {
    const contents = arrivals.flatMap(({ source }) => (source.kind === 'content' ? [source.content] : []));
    for (let at = 0; at < contents.length; at += MAX_IMAGES_PER_BATCH) this.discardSome(contents.slice(at, at + MAX_IMAGES_PER_BATCH)); // prettier-ignore
  }

  private discardSome(contents: readonly ContentReference[]): void {
    void this.bus.call(contentContracts.discard, { contents: [...contents] }).catch(() => undefined);
  }

  private async receiveParts(
    request: FastifyRequest,
    parts: AsyncIterable<FormPart>,
    arrivals: Arrival[],
    maxFiles: number,
    kept: Kept,
  ): Promise<void> {
    const meter = new Meter();
    for await (const part of parts) {
      const { fileName } = part;
      const { isPicture, bytes } = await examine(part);
      if (!isPicture) {
        // Read here, so that it counts.
        for await (const _ of meter.watch(bytes));
        continue;
      }
      if (arrivals.length === maxFiles)
        throw refusal('BadRequestExceededBatchSize', `A request has at most ${maxFiles} files.`);
      const source = await this.storeStream(request, bytes, kept, meter);
      arrivals.push({ name: fileName === '' ? null : fileName, source: source ?? refused('undecodable', EMPTY) });
    }
  }

  /** @returns undefined for no bytes at all */
  private async storeStream(
    request: FastifyRequest,
    bytes: AsyncIterable<Buffer>,
    kept: Kept,
    meter: Meter,
  ): Promise<ArrivalSource | undefined> {
    const iterator = meter.watch(bytes)[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done) return undefined;
    const source = await this.store(request, continued(first.value, iterator), kept);
    // What is left of a picture that is too large is read here, so that it counts.
    for (let next = await iterator.next(); !next.done; next = await iterator.next());
    return source;
  }

  private async store(
    request: FastifyRequest,
    source: Buffer | AsyncIterable<Buffer>,
    { maxBytes, area }: Kept,
  ): Promise<ArrivalSource> {
    try {
      const content = await this.contents.store(principalOf(request).workspace, source, maxBytes, area);
      return { kind: 'content', content };
    } catch (error) {
      if (DomainError.is(error, 'PAYLOAD_TOO_LARGE') && error.details['upload'] === undefined)
        return refused('too-many-bytes');
      if (DomainError.is(error, 'STORAGE_FULL')) return refused('storage-error');
      throw error;
    }
  }
}

/** What clients call the part with the picture, which some send without a file name and without a type. */
const PICTURE_NAMES = new Set(['', 'imagedata', 'image', 'imagefile', 'file', 'files', 'data', 'picture', 'photo']);

/**
 * Tells a picture from a text field beside it: a part is a picture if it has a file name, is called as one, is declared as
 * anything but text, or begins as one.
 */
async function examine({ name, fileName, declaredType, bytes }: FormPart) {
  const isNamed = fileName !== '' || PICTURE_NAMES.has(name.toLowerCase().replace(/\[\d{0,6}\]$/, ''));
  if (isNamed) return { isPicture: true, bytes };
  if (declaredType !== undefined) return { isPicture: !/^(?:text\/|application\/json$)/.test(declaredType), bytes };
  const seen = await peek(bytes, SNIFF_LENGTH);
  return { isPicture: sniffMediaType(seen.head) !== UNKNOWN_MEDIA_TYPE, bytes: seen.bytes };
}

type RefusedStatus = Extract<ArrivalSource, { kind: 'refused' }>['status'];

const EMPTY = 'The file is empty.';

export function refused(status: RefusedStatus, reason?: string): ArrivalSource {
  return { kind: 'refused', status, ...(reason === undefined ? {} : { reason }) };
}

function bytesOf(base64: string | LiftedText): Buffer | undefined {
  try {
    return base64 instanceof LiftedText ? base64.takeBase64() : readBase64(base64);
  } catch {
    return undefined;
  }
}

/**
 * The name that an image is kept by, without directories. Names are kept as far as they fit, since they are no reason to
 * refuse a picture.
 */
export function fileNameOf(name: string | null | undefined): string {
  const base = name?.split(/[/\\]/).at(-1) ?? '';
  return base.slice(0, MAX_FILE_NAME_LENGTH).toWellFormed();
}

/** Without the end of the iterator when the consumer gives up: the rest is still to be read. */
async function* continued(first: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}

/** How a form begins, which some clients send as `application/octet-stream`; seen in the first bytes. */
const FORM = /^--[^\r\n]{1,70}\r\nContent-(?:Disposition|Type):/i;
const FORM_HEAD_BYTES = 128;

function refuseForm(head: Buffer): void {
  if (FORM.test(head.subarray(0, FORM_HEAD_BYTES).toString('latin1')))
    throw new DomainError(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body is a form: send it as multipart/form-data with its boundary, or the file alone as application/octet-stream.',
    );
}

/** Reads the first bytes, `length` at least where there are so many. @returns them, and all bytes with them */
async function peek(source: AsyncIterable<Buffer>, length: number) {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < length) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, bytes: continued(head, iterator) };
}

/** @throws DomainError INVALID_ARGUMENT when the client goes away in the middle of it */
async function* complete(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    yield* body;
  } catch (error) {
    throw incompleteBody(error);
  }
}

/** Bytes of one request so far. */
class Meter {
  private size = 0;

  async *watch(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
    for await (const chunk of bytes) {
      this.size += chunk.length;
      if (this.size > UPLOAD_LIMIT)
        throw new DomainError('PAYLOAD_TOO_LARGE', `The body has more than ${UPLOAD_LIMIT} bytes.`, { upload: true });
      if (chunk.length > 0) yield chunk;
    }
  }
}
