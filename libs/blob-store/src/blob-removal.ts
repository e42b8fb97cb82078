import { systemDate } from '@pentaprism/domain';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobKey } from './blob-key.js';
import { TIMESTAMP_SLACK_MS } from './blob-store.js';
import { type BlobPaths, parseTrashName } from './blob-paths.js';
import type { DurableDirectories } from './durable-directories.js';
import type { FileOperations } from './file-operations.js';
import { type BlobFault, hashFile } from './integrity.js';
import { errorCode, isMissing, unlessMissing } from './storage-error.js';

/**
 * Removal beside concurrent puts, in any number of processes, without a lock.
 *
 * Put ends in one of two ways:
 *   P1  it sets the time of the file that is there, whose bytes it has hashed, to now, and afterwards finds that the name still (or again) leads to
 *       that same file; or
 *   P2  it renames its own file, whose time it has just set to now, to the name.
 * Removal:
 *   R1  looks at the time and leaves a fresh blob alone (not needed for what follows: it spares the other steps);
 *   R2  renames the file of that name to a trash name that no other process uses;
 *   R3  looks at the time of the file that it has now;
 *   R4  fresh: links it back under its name, and only then drops the trash name. If the name is taken, it gives the file
 *       there the time of now, by P1, before it drops its own; if that one vanishes meanwhile, it links again;
 *   R5  old: unlinks the trash name.
 *
 * Why no acknowledged put loses its bytes to a removal whose `olderThan` is not later than that put:
 *   - Only R5 deletes. It deletes a file that R3 found old, under a name that only this removal knows.
 *   - After P2 the name leads to a file that is fresh for good. A removal that takes it finds it fresh in R3.
 *   - After P1 the same holds: the time was set before the name was seen to lead to the file. A removal that renames
 *     the file afterwards finds it fresh in R3. One that had renamed it before has put it back already, since the name
 *     was seen, and deletes no more than its trash name. A file that was touched in the trash, on its way to R5, is not
 *     found under the name: the put then ends with P2.
 *   - Between R2 and R4 a fresh blob has only its trash name. Readers look there, and `recover` restores what a killed
 *     removal left, always: a wrongly restored blob costs space until the next sweep, the opposite would cost the bytes.
 *   - P2 may replace a file whose time is newer by the moment between setting the time and the rename.
 *     `TIMESTAMP_SLACK_MS` covers it.
 *
 * The argument needs a file system on which a completed rename and time are seen by all, so a local one: clients of
 * network file systems cache both.
 */
export class BlobRemoval {
  constructor(
    private readonly files: FileOperations,
    private readonly paths: BlobPaths,
    private readonly directories: DurableDirectories,
  ) {}

  async removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean> {
    const path = this.paths.blob(key);
    const isOld = async (each: string) =>
      (await this.files.stat(each)).mtimeMs < olderThan.getTime() - TIMESTAMP_SLACK_MS;
    const trash = this.paths.newTrash(key);
    try {
      if (!(await isOld(path))) return false;
      await this.files.rename(path, trash);
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    if (await isOld(trash)) {
      await this.files.unlink(trash);
      return true;
    }
    await this.#restore(key, trash);
    return false;
  }

  /** Puts back what removals that were killed before `olderThan` left in the trash; returns how many. */
  async recover(olderThan: Date): Promise<number> {
    let recovered = 0;
    for (const name of await this.files.readdir(this.paths.trash)) {
      const trash = join(this.paths.trash, name);
      const key = parseTrashName(name);
      if (key === null) continue;
      try {
        // The rename to the trash set this time; the other one is that of the blob.
        if ((await this.files.stat(trash)).ctimeMs >= olderThan.getTime()) continue;
        await this.#restore(key, trash);
        recovered += 1;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    return recovered;
  }

  async #restore(key: BlobKey, trash: string): Promise<void> {
    const path = this.paths.blob(key);
    await this.directories.make(dirname(path));
    while (!(await this.#linkOrTouch(trash, path)));
    // The bytes have to be durable under their name before the other one goes.
    await this.directories.persist(dirname(path));
    await this.files.unlink(trash);
  }

  async #linkOrTouch(trash: string, path: string): Promise<boolean> {
    try {
      await this.files.link(trash, path);
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      return touchBlob(this.files, path);
    }
  }
}

/** What the bytes under a name must be. */
export interface TouchedBytes {
  readonly size: number;
  readonly sha256: string;
  /** Called for other bytes, which the caller then replaces. */
  readonly onDamage: (fault: BlobFault) => void;
}

/**
 * P1 above. Returns true if the name led to the touched file after it was touched, and its time and bytes are durable.
 * Returns false if there is no file, or if it holds other bytes than it should: then the caller puts its own there.
 */
export async function touchBlob(files: FileOperations, path: string, expected?: TouchedBytes): Promise<boolean> {
  const handle = await unlessMissing(files.open(path, 'r'));
  if (handle === null) return false;
  try {
    const touched = await handle.stat({ bigint: true });
    const fault = expected && (await faultOf(handle, touched.size, expected));
    if (fault) {
      expected.onDamage(fault);
      return false;
    }
    const now = systemDate();
    await handle.utimes(now, now);
    await handle.sync();
    // The open handle keeps the inode number from being given to another file.
    const named = await unlessMissing(files.stat(path, { bigint: true }));
    return named !== null && named.ino === touched.ino && named.dev === touched.dev;
  } finally {
    await handle.close();
  }
}

async function faultOf(
  handle: FileHandle,
  found: bigint,
  { size, sha256 }: TouchedBytes,
): Promise<BlobFault | undefined> {
  if (found !== BigInt(size)) return 'size';
  return (await hashFile(handle)) === sha256 ? undefined : 'hash';
}

/** Where the bytes of a blob may be at this moment: under its name, or in the trash on the way back. */
export async function trashedPaths(files: FileOperations, paths: BlobPaths, key: BlobKey): Promise<string[]> {
  const names = await files.readdir(paths.trash);
  return names.filter((name) => paths.isTrashOf(key, name)).map((name) => join(paths.trash, name));
}

/** Removes files that were last written before `olderThan` by puts that never ended; returns how many. */
export async function removeTemporary(files: FileOperations, paths: BlobPaths, olderThan: Date): Promise<number> {
  let removed = 0;
  for (const name of await files.readdir(paths.temporary)) {
    const path = join(paths.temporary, name);
    const found = await unlessMissing(files.stat(path));
    if (found === null || found.mtimeMs >= olderThan.getTime()) continue;
    await unlessMissing(files.unlink(path));
    removed += 1;
  }
  return removed;
}
