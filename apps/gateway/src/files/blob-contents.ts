import { Inject, Injectable } from '@nestjs/common';
import { SMALL_BLOB_BYTES, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { sniffMediaType } from '@pentaprism/domain';
import { Contents, type SendOptions, type StoredContent } from '@pentaprism/http';
import { BLOB_STORE } from '@pentaprism/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import parseRange from 'range-parser';
import { dispositionOf } from './disposition.js';

/** Whatever a file holds, a browser runs nothing of it and loads nothing for it. */
const INERT = "default-src 'none'; sandbox";

/** The dialects' way to bytes, on top of the blob store. */
@Injectable()
export class BlobContents extends Contents {
  constructor(@Inject(BLOB_STORE) private readonly blobs: BlobStore) {
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
    const { area, workspace, sha256, size } = content;
    const etag = `"${sha256}"`;
    describe(reply, content, options).header('ETag', etag);
    if (matches(request.headers['if-none-match'], etag)) {
      // Fastify gives an answer to HEAD without a body the length 0, which caches then take for the file's.
      await reply.status(304).send(request.method === 'HEAD' ? Readable.from([]) : undefined);
      return;
    }
    const range = rangeOf(request, size, etag);
    if (range === 'unsatisfiable') {
      await reply.header('Content-Range', `bytes */${size}`).status(416).send();
      return;
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    if (range) void reply.status(206).header('Content-Range', `bytes ${start}-${end}/${size}`);
    void reply.header('Content-Length', end - start + 1);
    if (request.method === 'HEAD') {
      // Fastify would read the whole file to throw it away, and takes anything but a stream for the length.
      await reply.send(Readable.from([]));
      return;
    }
    await reply.send(await this.bytes({ area, workspace, sha256 }, size, range));
  }

  /** Small blobs come whole out of a cache, large ones as a stream. */
  private async bytes(key: BlobKey, size: number, range: { start: number; end: number } | undefined) {
    if (size > SMALL_BLOB_BYTES) return this.blobs.open(key, range);
    const whole = await this.blobs.read(key);
    return range ? whole.subarray(range.start, range.end + 1) : whole;
  }
}

function describe(
  reply: FastifyReply,
  { mediaType }: StoredContent,
  { fileName, maxAge = 0 }: SendOptions,
): FastifyReply {
  return reply
    .header('Content-Type', mediaType)
    .header('Content-Disposition', dispositionOf(mediaType, fileName))
    .header('Content-Security-Policy', INERT)
    .header('Cache-Control', maxAge > 0 ? `private, max-age=${maxAge}` : 'private, no-cache')
    .header('Accept-Ranges', 'bytes');
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((candidate) => [etag, `W/${etag}`, '*'].includes(candidate.trim()));
}

/**
 * Returns the requested range. Returns undefined, so that the whole file is sent, for several ranges at once, and for a
 * range of another version of the file.
 */
function rangeOf(
  request: FastifyRequest,
  size: number,
  etag: string,
): { start: number; end: number } | 'unsatisfiable' | undefined {
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
