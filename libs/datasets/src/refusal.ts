import { DomainError } from '@pentaprism/domain';

/** Returns the error that refuses an upload as a whole. `message` says what is wrong, with the value, and what to do. */
export function refusal(message: string, cause?: unknown): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, {}, { cause });
}

/** Characters of a name or value that a message quotes. */
const MAX_QUOTED_LENGTH = 120;

/** Returns `text` in quotes on one line, cut to a readable length. */
export function quoted(text: string): string {
  const line = singleLine(text);
  return line.length > MAX_QUOTED_LENGTH ? `"${cut(line)}…"` : `"${line}"`;
}

/** Replaces control characters, line separators and lone surrogates, so that the text cannot break a line of a log. */
export function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').toWellFormed();
}

function cut(line: string): string {
  return line.slice(0, MAX_QUOTED_LENGTH).toWellFormed();
}

export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2).toLocaleString('en')} MiB`;
}

/** Formats a count with separators of thousands. */
export function count(value: number): string {
  return value.toLocaleString('en');
}
