import { DomainError } from '@pentaprism/domain';

/** Milliseconds after which an operation is given up; its caller's deadline is 5 s. */
export const OPERATION_LIMIT_MS = 4000;

/**
 * What the operation brings, unless that takes too long: for those on which many requests wait together, since one
 * connection that went silent would hold up all of them. The driver has no such limit (its `timeoutMS` does nothing).
 *
 * @throws DomainError UNAVAILABLE; the operation itself may still take place
 */
export async function limited<T>(operation: Promise<T>, milliseconds = OPERATION_LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DomainError('UNAVAILABLE', 'The database does not answer in time.')),
      milliseconds,
    );
  });
  try {
    return await Promise.race([operation, limit]);
  } finally {
    clearTimeout(timer);
  }
}
