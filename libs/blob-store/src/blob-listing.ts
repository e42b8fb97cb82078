import { join } from 'node:path';
import { type BlobKey, SHA256_PATTERN, WORKSPACE_PATTERN } from './blob-key.js';
import type { BlobEntry } from './blob-store.js';
import type { BlobPaths } from './blob-paths.js';
import type { FileOperations } from './file-operations.js';
import { storage, unlessMissing } from './storage-error.js';

const HEX_PAIR = /^[0-9a-f]{2}$/;

export interface ListedBlobs {
  readonly area: string;
  readonly workspace?: string | undefined;
  readonly after?: BlobKey | undefined;
}

/** Walks an area in the order of workspace and sha256; holds one leaf directory in memory. Ignores foreign names.
 * The names are checked by the caller. */
export async function* listBlobs(
  files: FileOperations,
  paths: BlobPaths,
  { area, workspace, after }: ListedBlobs,
): AsyncGenerator<BlobEntry> {
  const top = join(paths.blobs, area);
  const workspaces = workspace === undefined ? await names(files, top, WORKSPACE_PATTERN) : [workspace];
  for (const each of workspaces) {
    if (after && each < after.workspace) continue;
    // Only blobs with a greater hash are wanted of the workspace in which the last walk ended.
    const from = each === after?.workspace ? after.sha256 : '';
    for (const first of await names(files, join(top, each), HEX_PAIR)) {
      if (first < from.slice(0, 2)) continue;
      for (const second of await names(files, join(top, each, first), HEX_PAIR)) {
        if (first + second < from.slice(0, 4)) continue;
        for await (const entry of leaf(files, join(top, each, first, second), area, each)) {
          if (entry.key.sha256 > from) yield entry;
        }
      }
    }
  }
}

async function* leaf(
  files: FileOperations,
  directory: string,
  area: string,
  workspace: string,
): AsyncGenerator<BlobEntry> {
  for (const sha256 of await names(files, directory, SHA256_PATTERN)) {
    const found = await storage(() => unlessMissing(files.stat(join(directory, sha256))));
    if (found) yield { key: { area, workspace, sha256 }, size: found.size, modifiedAt: found.mtime };
  }
}

async function names(files: FileOperations, directory: string, pattern: RegExp): Promise<string[]> {
  const found = (await storage(() => unlessMissing(files.readdir(directory)))) ?? [];
  return found.filter((name) => pattern.test(name)).sort();
}
