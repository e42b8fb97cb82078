import type { BlobKey } from './blob-key.js';
import type { BlobStore } from './blob-store.js';

/** Blobs of one workspace that are looked up together. */
const BATCH = 100;

/**
 * Removes the blobs of an area that were last put before `before` and that no record knows.
 *
 * A record that is written while its bytes are looked up must have put them (again) after `before`: then they stay. So
 * `before` lies further back than an upload takes from the last byte to the record.
 *
 * @param known which of these hashes the workspace's records refer to
 * @param stopped asked before each blob, so that a stop does not take as long as a walk through the store
 * @returns how many were removed
 */
export async function sweepUnknown(
  blobs: Pick<BlobStore, 'list' | 'removeIfUnusedSince'>,
  area: string,
  before: Date,
  known: (workspace: string, hashes: string[]) => Promise<Set<string>>,
  stopped: () => boolean,
): Promise<number> {
  const batches = new Map<string, BlobKey[]>();
  const removeUnknown = async (workspace: string, keys: readonly BlobKey[]) => {
    batches.delete(workspace);
    let removed = 0;
    const kept = await known(
      workspace,
      keys.map(({ sha256 }) => sha256),
    );
    for (const key of keys) {
      if (stopped()) return removed;
      if (!kept.has(key.sha256) && (await blobs.removeIfUnusedSince(key, before))) removed += 1;
    }
    return removed;
  };

  let removed = 0;
  for await (const { key, modifiedAt } of blobs.list(area)) {
    if (stopped()) return removed;
    if (modifiedAt >= before) continue;
    const batch = batches.get(key.workspace) ?? [];
    batches.set(key.workspace, batch);
    if (batch.push(key) === BATCH) removed += await removeUnknown(key.workspace, batch);
  }
  for (const [workspace, batch] of batches) {
    if (stopped()) return removed;
    removed += await removeUnknown(workspace, batch);
  }
  return removed;
}
