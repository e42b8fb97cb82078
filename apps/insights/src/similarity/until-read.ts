import { DomainError } from '@pentaprism/domain';

/** Milliseconds for which a request waits for a column that is being read: less than a client waits for its answer. */
export const READING_MS = 45_000;

/**
 * Returns the result of work that may have to read a large column first.
 *
 * @throws DomainError UNAVAILABLE after `waitMs`. The work goes on, so that a later request finds the column read
 */
export async function untilRead<T>(work: Promise<T>, waitMs = READING_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const refusal = new Promise<never>((_resolve, reject) => {
    const sentence = 'The embeddings of the images are still being read. Try again in a minute.';
    timer = setTimeout(() => reject(new DomainError('UNAVAILABLE', sentence)), waitMs);
  });
  try {
    return await Promise.race([work, refusal]);
  } finally {
    clearTimeout(timer);
  }
}
