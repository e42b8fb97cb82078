import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RefusedBodySettings {
  /** Milliseconds between two looks. */
  readonly lookMs: number;
  /** Looks after which the connection ends, however fast the client sends. */
  readonly looks: number;
  /** Bytes that have to come between two looks. */
  readonly leastBytes: number;
}

/** 32 KiB a second, for half a minute. */
export const REFUSED_BODY: RefusedBodySettings = { lookMs: 10_000, looks: 3, leastBytes: 320 * 1024 };

/**
 * Reads and drops what a client still sends after its request was refused, so that it finds the answer instead of a reset
 * connection. That is bounded: a client without a key must not keep a connection by sending a byte now and then.
 */
export function dropRefusedBody(raw: IncomingMessage, settings: RefusedBodySettings = REFUSED_BODY): void {
  const { socket } = raw;
  if (raw.complete || socket.destroyed) return;
  raw.resume();
  let [looks, before] = [0, socket.bytesRead];
  const timer = setInterval(() => {
    const came = socket.bytesRead - before;
    before = socket.bytesRead;
    if (!raw.complete && !socket.destroyed && ++looks < settings.looks && came >= settings.leastBytes) return;
    clearInterval(timer);
    // Not the socket: the request ends it, and requests that a test injects have none.
    if (!raw.complete) raw.destroy();
  }, settings.lookMs);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

/**
 * Resolves when the whole body was dropped, when the client has gone or has sent nothing for `silenceMs`, or after about `limitMs`.
 */
export async function bodyDropped(
  raw: IncomingMessage,
  { limitMs, silenceMs }: { readonly limitMs: number; readonly silenceMs: number },
): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  const end = () => done.abort();
  raw.once('end', end).once('close', end);
  let before = -1;
  for (let waited = 0; waited < limitMs && !signal.aborted && raw.socket.bytesRead !== before; waited += silenceMs) {
    before = raw.socket.bytesRead;
    await sleep(silenceMs, undefined, { signal }).catch(() => undefined);
  }
  raw.off('end', end).off('close', end);
}
