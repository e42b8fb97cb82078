import { DomainError } from '@pentaprism/domain';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** The `code` of one of Node's own errors. Not `instanceof`, which fails across realms. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What a failed system call means to the callers of the port; the cause, which may name a path, goes to the log. */
export function toStorageError(error: unknown): unknown {
  if (DomainError.is(error)) return error;
  const code = errorCode(error);
  if (code !== undefined && FULL.has(code)) return storageFull(error);
  return new DomainError('UNAVAILABLE', 'The blob store does not work at the moment.', {}, { cause: error });
}

export function storageFull(cause?: unknown): DomainError {
  return new DomainError('STORAGE_FULL', 'The blob store has too little free space.', {}, { cause });
}

export function blobNotFound(): DomainError {
  return new DomainError('NOT_FOUND', 'These bytes are not in the blob store.');
}

export function tooLarge(maxBytes: number): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', `More than ${maxBytes} bytes.`, { maxBytes });
}

/** Runs system calls and translates their failure. */
export async function storage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStorageError(error);
  }
}

/** Null when there is no such file or directory. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}
