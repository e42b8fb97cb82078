import { DomainError } from '@pentaprism/domain';
import { type BlobKey, blobName, SHA256_PATTERN } from './blob-key.js';
import type { BlobPart } from './blob-store.js';

/** Throws INVALID_ARGUMENT unless the part is one that a blob can have. */
export function requirePart({ offset, length, sha256 }: BlobPart): void {
  const isSpan = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length >= 0;
  if (!isSpan || !Number.isSafeInteger(offset + length) || !SHA256_PATTERN.test(sha256)) {
    throw new DomainError('INVALID_ARGUMENT', 'The part of a blob is malformed.', { offset, length });
  }
}

/** Whether a name is that of a blob, or of a part of it. */
export function isNameOf(name: string, blob: string): boolean {
  return name.startsWith(blob) && (name.length === blob.length || name[blob.length] === '@');
}

/** `area/workspace/sha256@offset+length:sha256`, for caches. Throws INVALID_ARGUMENT. */
export function partName(key: BlobKey, part: BlobPart): string {
  requirePart(part);
  return `${blobName(key)}@${part.offset}+${part.length}:${part.sha256}`;
}
