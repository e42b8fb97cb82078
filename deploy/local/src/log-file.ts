import { closeSync, copyFileSync, openSync, readSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** One old log is kept per part, so that the logs of a part stay near twice this size. */
export const ROTATE_ABOVE_BYTES = 20 * 1024 * 1024;
const TAIL_EVERY_MS = 150;
const TAIL_CHUNK_BYTES = 256 * 1024;

/**
 * Opens a log for appending; a large one becomes `FILE.1` first.
 * The descriptor is handed to the child, so that its output survives the launcher. The caller closes its own copy.
 */
export function openLog(file: string): number {
  if (sizeOf(file) > ROTATE_ABOVE_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/**
 * Makes a large log that a process writes to its own `FILE.1`, and empties it: the process keeps its descriptor, which
 * appends. Lines that are written between the two are lost. Where there is no space for a copy, there is none.
 */
export function rotateLog(file: string): void {
  if (sizeOf(file) <= ROTATE_ABOVE_BYTES) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    rmSync(`${file}.1`, { force: true, recursive: true });
  }
  truncateSync(file);
}

const LAST_WORDS_BYTES = 16 * 1024;
const LAST_WORDS_LENGTH = 300;

/** Why a part ended, in the words of the last line of its log; empty when it says nothing that people can read. */
export function lastWords(file: string): string {
  const size = sizeOf(file);
  if (size === 0) return '';
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(size, LAST_WORDS_BYTES));
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length);
    const line = buffer.toString('utf8').trimEnd().split('\n').at(-1) ?? '';
    return messageOf(line).slice(0, LAST_WORDS_LENGTH);
  } finally {
    closeSync(descriptor);
  }
}

/** Apps log in JSON, with the error beside the message; servers and crashes in lines of text. */
function messageOf(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { err, msg } = JSON.parse(line) as { err?: { message?: string }; msg?: unknown };
    return err?.message ?? (typeof msg === 'string' ? msg : '');
  } catch {
    return '';
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Passes on each line that is written to the file from now on.
 * @returns stops it, after what has been written so far
 */
export function followLog(file: string, onLine: (line: string) => void): () => void {
  let offset = sizeOf(file);
  let rest = '';
  let decoder = new StringDecoder('utf8');
  const read = (): void => {
    const size = sizeOf(file);
    if (size < offset) {
      [offset, rest, decoder] = [0, '', new StringDecoder('utf8')];
    }
    if (size === offset) return;
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.allocUnsafe(TAIL_CHUNK_BYTES);
      for (let count = -1; offset < size && count !== 0; offset += count) {
        count = readSync(descriptor, buffer, 0, Math.min(buffer.length, size - offset), offset);
        const lines = (rest + decoder.write(buffer.subarray(0, count))).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(onLine);
      }
    } finally {
      closeSync(descriptor);
    }
  };
  const timer = setInterval(read, TAIL_EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    read();
    if (rest) onLine(rest);
  };
}
