import { Inject, Injectable } from '@nestjs/common';
import { blobLost, SMALL_BLOB_BYTES, type BlobKey, type BlobRange, type BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { DomainError, sniffMediaType } from '@pentaprism/domain';
import { Contents, dispositionOf, type SendOptions, type StoredContent } from '@pentaprism/http';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import parseRange from 'range-parser';

type ByteRange = Required<BlobRange>;

/** Whatever a file holds, a browser runs nothing of it and loads nothing for it. */
const INERT = "default-src 'none'; sandbox";

/** The dialects' way to bytes, on top of the blob store. */
@Injectable()
export class BlobContents extends Contents {
  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'error'>,
  ) {
    super();
  }

  async store(
    workspace: string,
    source: Buffer | AsyncIterable<Uint8Array>,
    maxBytes: number,
    area: StoredContent['area'] = 'originals',
  ): Promise<ContentReference> {
    const { sha256, size, head } = await this.blobs.put(area, workspace, source, {
      maxBytes,
      allowEmpty: false,
    });
    return { sha256, size, mediaType: sniffMediaType(head) };
  }

  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    content: StoredContent,
    options: SendOptions = {},
  ): Promise<void> {
    const { size, sha256 } = servedBytes(content);
    const etag = `"${sha256}"`;
    if (matches(request.headers['if-none-match'], etag)) {
      describe(reply, content, options).header('ETag', etag);
      // Fastify gives an answer to HEAD without a body the length 0, which caches then take for the file's.
      await reply.status(304).send(request.method === 'HEAD' ? Readable.from([]) : undefined);
      return;
    }
    const range = rangeOf(request, size, etag);
    if (range === 'unsatisfiable') {
      await describe(reply, content, options).header('Content-Range', `bytes */${size}`).status(416).send();
      return;
    }
    // Before any header is set: an error has other ones, and nothing of a damaged file may be kept by a cache.
    const body = await this.body(request.method, content, range, options);
    const { start, end } = range ?? { start: 0, end: size - 1 };
    describe(reply, content, options).header('ETag', etag);
    if (range) void reply.status(206).header('Content-Range', `bytes ${start}-${end}/${size}`);
    await reply.header('Content-Length', end - start + 1).send(body);
  }

  async open(content: StoredContent, options: Pick<SendOptions, 'mayBeGone'> = {}): Promise<AsyncIterable<Uint8Array>> {
    const body = await this.body('GET', content, undefined, options);
    return Buffer.isBuffer(body) ? Readable.from([body]) : body;
  }

  /**
   * Returns the bytes: small blobs and parts whole out of a cache, large ones as a stream. The size of a blob has been
   * compared with that of the record.
   * @throws DomainError DATA_LOSS if they are damaged or missing; NOT_FOUND if they are missing and may be
   */
  private async body(
    method: string,
    content: StoredContent,
    range: ByteRange | undefined,
    { mayBeGone = false }: SendOptions,
  ): Promise<Buffer | Readable> {
    const { area, workspace, sha256, size } = content;
    const key = { area, workspace, sha256 };
    try {
      if (method === 'HEAD') {
        await this.requireSize(key, content);
        // Fastify would read the whole file to throw it away, and takes anything but a stream for the length.
        return Readable.from([]);
      }
      if (servedBytes(content).size > SMALL_BLOB_BYTES)
        return await firstBytesOf(await this.stream(key, content, range));
      const whole = await this.whole(key, content);
      return range ? whole.subarray(range.start, range.end + 1) : whole;
    } catch (error) {
      if (mayBeGone || !DomainError.is(error, 'NOT_FOUND')) throw error;
      metrics.blobsDamaged.inc({ area, fault: 'missing', outcome: 'refused' });
      this.logger.error({ area, workspace, sha256, size }, 'blobs: stored bytes are missing');
      throw blobLost('missing', key);
    }
  }

  private whole(key: BlobKey, { size, part }: StoredContent): Promise<Buffer> {
    return part ? this.blobs.readPart(key, part) : this.blobs.read(key, { size });
  }

  private stream(key: BlobKey, { size, part }: StoredContent, range: ByteRange | undefined): Promise<Readable> {
    return part ? this.blobs.openPart(key, part, range) : this.blobs.open(key, { ...range, size });
  }

  private async requireSize(key: BlobKey, { size, part }: StoredContent): Promise<void> {
    // As a GET of it reads nothing.
    if (part?.length === 0) return;
    const found = await this.blobs.stat(key);
    if (!found) throw new DomainError('NOT_FOUND', 'These bytes are not in the blob store.');
    // Both report the damage.
    if (!part && found.size !== size) await this.blobs.verify(key);
    if (part && found.size < part.offset + part.length) (await this.blobs.openPart(key, part)).destroy();
  }
}

/** Size and hash of what a client receives. */
function servedBytes({ size, sha256, part }: StoredContent): { readonly size: number; readonly sha256: string } {
  return part ? { size: part.length, sha256: part.sha256 } : { size, sha256 };
}

/** Resolves when a stream has its first bytes, or none at all; rejects if it fails before. */
async function firstBytesOf(stream: Readable): Promise<Readable> {
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.off('readable', settle).off('error', settle);
      if (error) reject(error);
      else resolve();
    };
    stream.on('readable', settle).on('error', settle);
  });
  return stream;
}

function describe(
  reply: FastifyReply,
  { mediaType }: StoredContent,
  { fileName, maxAge = 0, cacheControl }: SendOptions,
): FastifyReply {
  return reply
    .header('Content-Type', mediaType)
    .header('Content-Disposition', dispositionOf(mediaType, fileName))
    .header('Content-Security-Policy', INERT)
    .header('Cache-Control', cacheControl ?? (maxAge > 0 ? `private, max-age=${maxAge}` : 'private, no-cache'))
    .header('Accept-Ranges', 'bytes');
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((candidate) => [etag, `W/${etag}`, '*'].includes(candidate.trim()));
}

/**
 * Returns the requested range. Returns undefined, so that the whole file is sent, for several ranges at once, and for a
 * range of another version of the file.
 */
function rangeOf(request: FastifyRequest, size: number, etag: string): ByteRange | 'unsatisfiable' | undefined {
  const { range } = request.headers;
  const condition = request.headers['if-range'];
  if (range === undefined || (condition !== undefined && condition !== etag)) return undefined;
  const ranges = parseRange(size, withinFile(range, size));
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return undefined;
  return ranges[0];
}

/**
 * Cuts suffixes that are longer than the file to its length, as RFC 9110 (14.1.2) asks. range-parser 1 takes them for
 * unsatisfiable, and version 2 needs Node.js 22.
 */
function withinFile(range: string, size: number): string {
  return range.replace(/([=,]\s*)-(\d+)/g, (_, before: string, length: string) => {
    return `${before}-${Math.min(Number(length), size)}`;
  });
}
