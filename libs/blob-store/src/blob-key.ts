import { DomainError } from '@pentaprism/domain';

/** Where a blob is: enough to find it, and nothing that could leave its place. */
export interface BlobKey {
  /** What it is for, a lower-case word: `originals`, `thumbnails`, `samples`. */
  readonly area: string;
  /** The workspace that owns it: an ObjectId's 24 hexadecimal digits, or a name of lower-case letters, digits, `-`. */
  readonly workspace: string;
  /** SHA-256 of the bytes, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export const AREA_PATTERN = /^[a-z]{1,32}$/;
/** 24 hexadecimal digits are one case of it. */
export const WORKSPACE_PATTERN = /^[a-z0-9-]{1,64}$/;
export const SHA256_PATTERN = /^[0-9a-f]{64}$/;

/** Throws INVALID_ARGUMENT unless `area` and `workspace` are names that may become parts of a path. */
export function requireBlobArea(area: string, workspace: string): void {
  requireMatch('area', area, AREA_PATTERN);
  requireMatch('workspace', workspace, WORKSPACE_PATTERN);
}

/** Throws INVALID_ARGUMENT unless every part of the key is one that may become part of a path. */
export function requireBlobKey(key: BlobKey): void {
  requireBlobArea(key.area, key.workspace);
  requireMatch('sha256', key.sha256, SHA256_PATTERN);
}

/** `area/workspace/sha256`, for caches and logs. Throws INVALID_ARGUMENT. */
export function blobName(key: BlobKey): string {
  requireBlobKey(key);
  return `${key.area}/${key.workspace}/${key.sha256}`;
}

/** The type is checked too: a pattern would test the text of an array from a request. */
function requireMatch(field: string, value: unknown, pattern: RegExp): void {
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw new DomainError('INVALID_ARGUMENT', `The ${field} of a blob key is malformed.`, { field });
  }
}
