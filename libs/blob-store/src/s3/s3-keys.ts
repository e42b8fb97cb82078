import { randomBytes } from 'node:crypto';
import { AREA_PATTERN, type BlobKey, requireBlobKey, SHA256_PATTERN, WORKSPACE_PATTERN } from '../blob-key.js';
import { parseTrashName } from '../blob-paths.js';

const UPLOAD_ID = /^[A-Za-z0-9_-]{1,128}$/;
const KEEP = '.keep';

/**
 * The names of objects below the prefix:
 *
 *     blobs/{area}/{workspace}/{sha256}
 *     trash/{area}.{workspace}.{sha256}.{random}         a copy of a blob that is being removed
 *     trash/{area}.{workspace}.{sha256}.{random}.keep    empty: a put wants that removal undone
 *     incoming/{workspace}/{id}                          what clients have put to presigned URLs
 *     tmp/{random}                                       empty: whether the bucket can be written
 */
export class S3Keys {
  readonly blobs: string;
  readonly trash: string;
  readonly incoming: string;
  readonly temporary: string;

  constructor(prefix: string) {
    this.blobs = `${prefix}blobs/`;
    this.trash = `${prefix}trash/`;
    this.incoming = `${prefix}incoming/`;
    this.temporary = `${prefix}tmp/`;
  }

  /** Throws INVALID_ARGUMENT, so that no unchecked key ever becomes the name of an object. */
  blob(key: BlobKey): string {
    requireBlobKey(key);
    return `${this.blobs}${key.area}/${key.workspace}/${key.sha256}`;
  }

  /** The blob that an object holds; null for an object that is none of ours. */
  parseBlob(name: string): BlobKey | null {
    const [area = '', workspace = '', sha256 = '', ...more] = name.slice(this.blobs.length).split('/');
    const valid = AREA_PATTERN.test(area) && WORKSPACE_PATTERN.test(workspace) && SHA256_PATTERN.test(sha256);
    return name.startsWith(this.blobs) && valid && more.length === 0 ? { area, workspace, sha256 } : null;
  }

  /** What all names in the trash that concern a blob begin with. */
  trashOf({ area, workspace, sha256 }: BlobKey): string {
    return `${this.trash}${area}.${workspace}.${sha256}.`;
  }

  /** A new name for each removal: no name in the trash is ever used for two. */
  newTrash(key: BlobKey): string {
    return this.trashOf(key) + randomBytes(16).toString('hex');
  }

  parseTrash(name: string): BlobKey | null {
    return parseTrashName(name.slice(this.trash.length));
  }

  newTemporary(): string {
    return this.temporary + randomBytes(16).toString('hex');
  }

  upload(workspace: string, id: string): string {
    return `${this.incoming}${workspace}/${id}`;
  }

  parseUpload(name: string): { workspace: string; id: string } | null {
    const [workspace = '', id = '', ...more] = name.slice(this.incoming.length).split('/');
    const valid = isUploadSlot(workspace, id) && more.length === 0;
    return name.startsWith(this.incoming) && valid ? { workspace, id } : null;
  }
}

export function isUploadSlot(workspace: string, id: string): boolean {
  return WORKSPACE_PATTERN.test(workspace) && UPLOAD_ID.test(id);
}

/** The mark that asks the removal with this name in the trash to put its blob back. */
export const keepMark = (trash: string): string => trash + KEEP;
export const isKeepMark = (name: string): boolean => name.endsWith(KEEP);
export const markedTrash = (mark: string): string => mark.slice(0, -KEEP.length);
