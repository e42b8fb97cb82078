import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { giveUp } from './given-up.js';

/** Bytes of a chunk that gets a place of its own in a buffer. */
const LARGE_BYTES = 4 * 1024;
/** Bytes up to which smaller chunks are joined. */
const JOINED_BYTES = 16 * 1024;
/** Chunks of a body that may have any size. */
const FREE_CHUNKS = 5000;
/**
 * Bytes of a chunk on average where there are more. Each takes some 2 µs to parse, whatever its size, and no other request
 * is answered meanwhile: 3.7 MB in chunks of one byte took 8 s.
 */
const LEAST_CHUNK = 32;

/**
 * Joins small chunks of all bodies, whether they are read whole or streamed, and refuses bodies of very many small chunks.
 */
export function joinSmallChunks(fastify: FastifyInstance): void {
  // Before Fastify gets the request: no chunk has been parsed then.
  fastify.server.prependListener('request', (request: IncomingMessage) => {
    let [chunks, bytes] = [0, 0];
    joinChunks(request, (size) => {
      bytes += size;
      if (++chunks > FREE_CHUNKS && bytes < chunks * LEAST_CHUNK) refuse(request);
    });
  });
}

/** Ends the body with an error, but not the connection, so that the client sees the answer. */
function refuse(request: IncomingMessage): void {
  giveUp({ raw: request });
  const message = `The body comes in chunks of less than ${LEAST_CHUNK} bytes each; send larger ones.`;
  // As Node.js does: without a reader, the error would be unhandled. A later reader gets it.
  request._destroy = (error, done) => done(request.listenerCount('error') > 0 ? error : null);
  request.destroy(new DomainError('INVALID_ARGUMENT', message, { limit: LEAST_CHUNK }));
}

/**
 * Joins small chunks in the buffer of a stream. Each costs some 400 bytes beside its own, and a stream counts only those:
 * with a buffer of 64 KiB, single bytes could take 26 MB. Chunks for which the reader waits are joined with those that are
 * parsed in the same turn, so that nothing is delayed.
 *
 * @param arrived called with the size of each chunk
 */
export function joinChunks<T extends Readable>(stream: T, arrived: (bytes: number) => void = () => undefined): T {
  const push = stream.push.bind(stream);
  const read = stream.read.bind(stream);
  let block: Buffer | undefined;
  let size = 0;
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    if (!block || stream.destroyed) return;
    // A copy, since the rest of the block would stay in memory with it.
    const joined = size < JOINED_BYTES ? Buffer.from(block.subarray(0, size)) : block;
    [block, size] = [undefined, 0];
    push(joined);
  };
  const keep = (chunk: Buffer) => {
    if (size + chunk.length > JOINED_BYTES) flush();
    block ??= Buffer.allocUnsafeSlow(JOINED_BYTES);
    size += chunk.copy(block, size);
    // If there is something to read already, the reader gets these with it.
    if (stream.readableLength === 0 && !scheduled) {
      scheduled = true;
      process.nextTick(flush);
    }
    return stream.readableLength + size < stream.readableHighWaterMark;
  };
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (Buffer.isBuffer(chunk)) {
      if (stream.destroyed) return false;
      arrived(chunk.length);
      if (chunk.length > 0 && chunk.length < LARGE_BYTES) return keep(chunk);
    }
    flush();
    return push(chunk, encoding);
  };
  stream.read = (bytes?: number) => {
    // With 0, the stream only fills its buffer.
    if (bytes !== 0) flush();
    return read(bytes) as unknown;
  };
  return stream;
}
