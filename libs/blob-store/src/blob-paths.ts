import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AREA_PATTERN, type BlobKey, requireBlobKey, SHA256_PATTERN, WORKSPACE_PATTERN } from './blob-key.js';

/**
 * Where things are below the root, all on one file system so that a rename is atomic:
 *
 *     blobs/{area}/{workspace}/{ab}/{cd}/{abcd…}     65,536 leaf directories keep each of them small
 *     tmp/{random}                                   being received
 *     trash/{area}.{workspace}.{sha256}.{random}     being removed; the names cannot hold a dot themselves
 */
export class BlobPaths {
  readonly blobs: string;
  readonly temporary: string;
  readonly trash: string;

  constructor(readonly root: string) {
    this.blobs = join(root, 'blobs');
    this.temporary = join(root, 'tmp');
    this.trash = join(root, 'trash');
  }

  /** The leaf directory of a blob. Throws INVALID_ARGUMENT, so that no unchecked key ever becomes a path. */
  directory(key: BlobKey): string {
    requireBlobKey(key);
    return join(this.blobs, key.area, key.workspace, key.sha256.slice(0, 2), key.sha256.slice(2, 4));
  }

  blob(key: BlobKey): string {
    return join(this.directory(key), key.sha256);
  }

  /** A new name for each removal: two that shared one could delete what the other has to put back. */
  newTrash(key: BlobKey): string {
    return join(this.trash, trashPrefix(key) + randomBytes(16).toString('hex'));
  }

  isTrashOf(key: BlobKey, name: string): boolean {
    return name.startsWith(trashPrefix(key));
  }
}

function trashPrefix({ area, workspace, sha256 }: BlobKey): string {
  return `${area}.${workspace}.${sha256}.`;
}

/** The blob whose bytes a file in the trash holds; null for a file that is none of ours. */
export function parseTrashName(name: string): BlobKey | null {
  const [area = '', workspace = '', sha256 = ''] = name.split('.');
  const valid = AREA_PATTERN.test(area) && WORKSPACE_PATTERN.test(workspace) && SHA256_PATTERN.test(sha256);
  return valid ? { area, workspace, sha256 } : null;
}
