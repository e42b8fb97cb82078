import { compiled } from '@pentaprism/concurrency';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { copyForDecoder, readBitmapHeader } from './bitmap-header.js';
import type { BitmapAnswer } from './bitmap-thread.js';
import { damaged } from './undecodable.js';

/** 8 bits a channel, row by row from the top: R, G, B and, where there are 4, alpha. */
export interface Bitmap {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * A file of up to so many pixels leaves a thread with less than 100 MB behind it, which the next file may use. Starting
 * one takes a tenth of a second, a small file 5 ms.
 */
const KEPT_PIXELS = 2_000_000;

/** Waits for work, and does not keep the process alive. */
let idle: Worker | undefined;

/**
 * Decodes a BMP, which sharp's build does not read, with Rust's image crate in WebAssembly.
 *
 * In a thread of its own. WebAssembly never gives memory back, and leaks where a decoder gives up: both end with the
 * thread. And this one stays free to watch how much memory there is.
 *
 * @param bytes a file whose header has been checked, see `readImageHeader`
 * @throws DomainError UNDECODABLE_IMAGE; other errors where the thread could not work
 */
export async function decodeBitmap(bytes: Uint8Array): Promise<Bitmap> {
  const { width, height, hasAlpha } = readBitmapHeader(bytes);
  const thread = idle ?? startThread();
  idle = undefined;
  let answer: BitmapAnswer | undefined;
  try {
    answer = await askThread(thread, copyForDecoder(bytes));
  } finally {
    const keep = idle === undefined && answer !== undefined && 'pixels' in answer && width * height <= KEPT_PIXELS;
    if (keep) {
      thread.unref();
      idle = thread;
    } else await thread.terminate();
  }
  if ('refused' in answer) throw damaged(answer.refused);
  const { pixels, ...size } = answer;
  if (size.width !== width || size.height !== height || pixels.length !== width * height * 4) throw damaged();
  const keepsAlpha = hasAlpha && isVisible(pixels);
  return { data: keepsAlpha ? pixels : withoutAlpha(pixels), width, height, channels: keepsAlpha ? 4 : 3 };
}

function startThread(): Worker {
  const thread = new Worker(compiled('bitmap-thread.js', import.meta.url), { env: {}, execArgv: [] });
  thread.on('exit', () => {
    if (idle === thread) idle = undefined;
  });
  // What waits for it hears of it, too; nobody does while it is idle.
  thread.on('error', () => undefined);
  return thread;
}

/** @param bytes given away */
async function askThread(thread: Worker, bytes: Uint8Array<ArrayBuffer>): Promise<BitmapAnswer> {
  const done = new AbortController();
  thread.ref();
  // 'error' rejects it.
  const answered = once(thread, 'message', { signal: done.signal }) as Promise<[BitmapAnswer]>;
  const ended = once(thread, 'exit', { signal: done.signal }).then(() => {
    throw new Error('The thread ended.');
  });
  for (const each of [answered, ended]) each.catch(() => undefined);
  thread.postMessage(bytes, [bytes.buffer]);
  try {
    const [answer] = await Promise.race([answered, ended]);
    return answer;
  } finally {
    done.abort();
  }
}

/** Programs declare alpha and write zeros, for pictures that are meant to be seen: every viewer shows them opaque. */
function isVisible(pixels: Uint8Array): boolean {
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 0) return true;
  return false;
}

/** In place. */
function withoutAlpha(pixels: Uint8Array): Uint8Array {
  let to = 0;
  for (let from = 0; from < pixels.length; from += 4) {
    pixels[to++] = pixels[from] as number;
    pixels[to++] = pixels[from + 1] as number;
    pixels[to++] = pixels[from + 2] as number;
  }
  return pixels.subarray(0, to);
}
