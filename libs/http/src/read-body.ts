import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { BodyHold } from './body-memory.js';
import { awaitsContinue } from './expectation.js';
import { isGivenUp } from './given-up.js';
import { joinChunks } from './small-chunks.js';

/** Bytes of a body beyond its limit that are read and dropped, so that the client sees the answer. */
export const DRAIN_LIMIT = 64 * 1024 * 1024;
/** Milliseconds for the same. */
const DRAIN_MS = 5000;
/** Smaller pieces of a body are joined: each costs some hundred bytes beside its own, and a client can send single ones. */
const PIECE_BYTES = 16 * 1024;

/** Events after which nothing more comes. */
const ENDS = ['end', 'error', 'close'] as const;

export interface BodyReader {
  /** Bytes of the body at most. */
  readonly limit: number;
  /** What the body is called in messages; by default `The body`. */
  readonly what?: string;
  /** Gets the body piece by piece. What it throws is thrown when the rest has been drained. */
  readonly take: (piece: Buffer) => void;
  /** Bytes of memory that the body costs once it has `size` bytes; by default its own size. */
  readonly cost?: (size: number) => number;
  /** Lets go of all pieces after a failure: the rest of a refused body is drained for seconds. */
  readonly drop?: () => void;
}

/**
 * Reads a body, or a part of one, that stays in memory, when and as far as the memory for bodies allows. After a failure
 * the rest is drained, so that the client sees the answer.
 *
 * @returns bytes read
 * @throws DomainError PAYLOAD_TOO_LARGE; INVALID_ARGUMENT if the client goes away or is too slow; RATE_LIMITED and UNAVAILABLE
 *   if there is no memory for long; what `take` throws
 */
export async function readBody(
  request: FastifyRequest,
  source: Readable | AsyncIterable<Buffer>,
  reader: BodyReader,
): Promise<number> {
  const { limit, what } = reader;
  // Nothing is there to be drained while the client waits to be told to send it.
  if (awaitsContinue(request)) refuseDeclaredLength(request, limit);
  const stream = source instanceof Readable ? source : joinChunks(Readable.from(source, { objectMode: false }));
  let lose: (error: Error) => void = () => undefined;
  const hold = BodyHold.of(request, (error) => lose(error));
  const pieces = new Pieces(reader.take);
  let size = 0;
  try {
    await readChunks(
      stream,
      (chunk) => {
        size += chunk.length;
        if (size > limit) throw tooLong(limit, what);
        hold.arrived(chunk.length);
        return hold.inTurn(() => {
          pieces.add(chunk);
          return hold.cover(reader.cost?.(size) ?? size);
        });
      },
      (fail) => (lose = fail),
    );
    pieces.end();
    await coverWhole(hold, reader, size);
  } catch (error) {
    pieces.drop();
    reader.drop?.();
    hold.release();
    if (!stream.destroyed && !isGivenUp(request)) await drain(stream);
    throw error;
  }
  hold.complete();
  return size;
}

/** What the end of the body costs may be more than the sum of its pieces. */
async function coverWhole(hold: BodyHold, { cost }: BodyReader, size: number): Promise<void> {
  if (cost) await hold.cover(cost(size));
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

/** Gives each chunk to `take`, and reads no further until what it returns is fulfilled. The stream is never destroyed. */
function readChunks(
  stream: Readable,
  take: (chunk: Buffer) => Promise<void> | undefined,
  onFail: (fail: (error: Error) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let waiting = false;
    let ended = false;
    const stop = () => {
      for (const [name, listener] of Object.entries(listeners)) stream.off(name, listener);
      stream.pause();
      // A stream without a listener would throw what it fails with later.
      stream.on('error', () => undefined);
    };
    const fail = (error: unknown) => {
      stop();
      reject(error as Error);
    };
    const end = () => {
      ended = true;
      if (waiting) return;
      stop();
      resolve();
    };
    const goOn = () => {
      waiting = false;
      if (ended) end();
      else stream.resume();
    };
    const listeners = {
      data: (chunk: Buffer) => {
        try {
          const wait = take(chunk);
          if (!wait) return;
          waiting = true;
          stream.pause();
          wait.then(goOn, fail);
        } catch (error) {
          fail(error);
        }
      },
      end,
      error: (error: Error) => fail(incompleteBody(error)),
      close: () => {
        if (!ended) fail(incompleteBody(new Error('The connection was closed.')));
      },
    };
    onFail(fail);
    if (stream.destroyed) fail(incompleteBody(stream.errored));
    else for (const [name, listener] of Object.entries(listeners)) stream.on(name, listener);
  });
}

/** Joins small chunks to pieces of `PIECE_BYTES`. */
class Pieces {
  /** A small chunk that may stay the only one. */
  private first: Buffer | undefined;
  private piece: Buffer | undefined;
  private size = 0;

  constructor(private readonly take: (piece: Buffer) => void) {}

  add(chunk: Buffer): void {
    if (!this.first && !this.piece) {
      if (chunk.length >= PIECE_BYTES) this.take(chunk);
      else this.first = chunk;
      return;
    }
    const { first } = this;
    this.first = undefined;
    if (first) this.copy(first);
    this.copy(chunk);
  }

  end(): void {
    if (this.first) this.take(this.first);
    // A copy, since the rest of the piece would stay in memory with it.
    if (this.piece && this.size > 0) this.take(Buffer.from(this.piece.subarray(0, this.size)));
    this.drop();
  }

  drop(): void {
    [this.first, this.piece, this.size] = [undefined, undefined, 0];
  }

  private copy(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.size === 0 && chunk.length - at >= PIECE_BYTES) {
        this.piece = undefined;
        this.take(chunk.subarray(at));
        return;
      }
      this.piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
      const copied = chunk.copy(this.piece, this.size, at);
      at += copied;
      this.size += copied;
      if (this.size < PIECE_BYTES) continue;
      this.take(this.piece);
      [this.piece, this.size] = [undefined, 0];
    }
  }
}

/**
 * Reads what a client still sends, up to `DRAIN_LIMIT` and for a while, so that it sees the answer instead of a reset
 * connection.
 */
export function drain(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    let size = 0;
    const stop = () => {
      clearTimeout(timer);
      for (const name of ENDS) stream.off(name, stop);
      stream.off('data', count);
      stream.pause();
      // A stream without a listener would throw what it fails with later.
      stream.on('error', () => undefined);
      resolve();
    };
    const count = (chunk: Buffer) => {
      if ((size += chunk.length) > DRAIN_LIMIT) stop();
    };
    const timer = setTimeout(stop, DRAIN_MS);
    if (stream.destroyed || stream.readableEnded) {
      stop();
      return;
    }
    for (const name of ENDS) stream.on(name, stop);
    stream.on('data', count);
    stream.resume();
  });
}

/**
 * The failure of a request whose client stopped or went away half-way. The answer has no reader, but log and
 * metrics must not count it as a fault of this system.
 */
export function incompleteBody(cause: unknown): DomainError {
  // What compares the body with its digests refuses it itself.
  if (DomainError.is(cause)) return cause;
  return new DomainError('INVALID_ARGUMENT', 'The request ended before its body was complete.', {}, { cause });
}
