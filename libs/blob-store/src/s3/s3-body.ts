import { Readable } from 'node:stream';
import { toS3Error } from './s3-error.js';

/** Milliseconds without a byte, while some are wanted, after which the server counts as gone. */
export const BODY_IDLE_MS = 15_000;

/**
 * The body of an answer, which neither hangs nor fails with anything but a DomainError. A limit on the connection would
 * not do: it would end a download whose client reads slowly.
 */
export function limitedBody(body: Readable, idleMs = BODY_IDLE_MS): Readable {
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => out.destroy(toS3Error(new Error('the body stopped')) as Error), idleMs);
  };
  const out = new Readable({
    read: () => {
      wait();
      body.resume();
    },
    destroy: (error, done) => {
      clearTimeout(timer);
      // Ends the connection, with what is still in it.
      body.destroy();
      done(error);
    },
  });
  body.on('data', (chunk: Buffer) => {
    if (out.push(chunk)) wait();
    else {
      clearTimeout(timer);
      body.pause();
    }
  });
  body.on('end', () => {
    clearTimeout(timer);
    out.push(null);
  });
  body.on('error', (error) => out.destroy(toS3Error(error) as Error));
  body.on('close', () => {
    if (!body.readableEnded) out.destroy(toS3Error(new Error('the body was cut off')) as Error);
  });
  body.pause();
  return out;
}
