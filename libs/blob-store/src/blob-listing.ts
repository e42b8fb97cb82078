import { join } from 'node:path';
import { SHA256_PATTERN, WORKSPACE_PATTERN } from './blob-key.js';
import type { BlobEntry } from './blob-store.js';
import type { BlobPaths } from './blob-paths.js';
import type { FileOperations } from './file-operations.js';
import { storage, unlessMissing } from './storage-error.js';

const HEX_PAIR = /^[0-9a-f]{2}$/;

/** Walks an area in the order of workspace and sha256; holds one leaf directory in memory. Ignores foreign names.
 * `area` and `workspace` are checked by the caller. */
export async function* listBlobs(
  files: FileOperations,
  paths: BlobPaths,
  area: string,
  workspace?: string,
): AsyncGenerator<BlobEntry> {
  const top = join(paths.blobs, area);
  const workspaces = workspace === undefined ? await names(files, top, WORKSPACE_PATTERN) : [workspace];
  for (const each of workspaces) {
    for (const first of await names(files, join(top, each), HEX_PAIR)) {
      for (const second of await names(files, join(top, each, first), HEX_PAIR)) {
        yield* leaf(files, join(top, each, first, second), area, each);
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
