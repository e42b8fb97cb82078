/** A failure that the user can act on: the message is one sentence that says what happened and what to do. */
export class LauncherError extends Error {
  override readonly name = 'LauncherError';

  /** By shape, since `instanceof` fails across the realms of a test runner. */
  static is(error: unknown): error is LauncherError {
    return typeof error === 'object' && error !== null && (error as Error).name === 'LauncherError';
  }
}

/** The code of a Node.js or system error, such as `EADDRINUSE`. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Whether something could not be written because the disk, or the user's share of it, is full. */
export function isOutOfSpace(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
