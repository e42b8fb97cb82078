import { DomainError } from '@pentaprism/domain';
import type { BlobRange } from './blob-store.js';

/** Throws INVALID_ARGUMENT unless both ends are whole numbers in the right order. */
export function requireRange({ start = 0, end }: BlobRange): void {
  const valid = Number.isSafeInteger(start) && start >= 0;
  if (!valid || (end !== undefined && !(Number.isSafeInteger(end) && end >= start))) {
    throw new DomainError('INVALID_ARGUMENT', 'The range of bytes is malformed.', { start, end });
  }
}
