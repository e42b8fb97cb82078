import { DomainError } from '@pentaprism/domain';

/** Milliseconds for which a request waits for a column that is being read: less than a client waits for its answer. */
export const READING_MS = 45_000;

/**
 * Returns the result of work that may have to read a large column first.
 *
 * @param begin begins the work. Its signal aborts once no caller waits for the result: the column is still read, so that a later request
 * finds it, but what follows can be left out
 * @throws DomainError UNAVAILABLE after `waitMs`
 */
export async function untilRead<T>(begin: (signal: AbortSignal) => Promise<T>, waitMs = READING_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const given = new AbortController();
  const refusal = new Promise<never>((_resolve, reject) => {
    const sentence = 'The embeddings of the images are still being read. Try again in a minute.';
    timer = setTimeout(() => {
      const error = new DomainError('UNAVAILABLE', sentence);
      reject(error);
      given.abort(error);
    }, waitMs);
  });
  try {
    return await Promise.race([begin(given.signal), refusal]);
  } finally {
    clearTimeout(timer);
  }
}
