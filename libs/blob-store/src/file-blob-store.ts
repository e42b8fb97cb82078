import { close, createReadStream, open as openDescriptor, read } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { DomainError } from '@pentaprism/domain';
import { type BlobKey, requireBlobArea, requireBlobKey } from './blob-key.js';
import { listBlobs } from './blob-listing.js';
import { BlobPaths } from './blob-paths.js';
import { requireRange } from './blob-range.js';
import { BlobRemoval, removeTemporary, touchBlob, trashedPaths } from './blob-removal.js';
import {
  type BlobEntry,
  type BlobRange,
  type BlobSource,
  type BlobStat,
  type BlobStore,
  type PutOptions,
  SMALL_BLOB_BYTES,
  type StoredBlob,
} from './blob-store.js';
import { DurableDirectories, makeRoot } from './durable-directories.js';
import { type FileOperations, NODE_FILES } from './file-operations.js';
import { DEFAULT_MIN_FREE_BYTES, FreeSpace } from './free-space.js';
import { blobNotFound, isMissing, storage, tooLarge, toStorageError } from './storage-error.js';
import { TemporaryFile } from './temporary-file.js';

export interface FileBlobStoreOptions {
  /** Puts are refused below this many free bytes on the file system; 0 switches the floor off. Default 512 MiB. */
  readonly minFreeBytes?: number;
  /** The system calls, for tests. */
  readonly files?: FileOperations;
}

const openFile = promisify(openDescriptor);

/**
 * Blobs in a directory of a local file system. Any number of processes may use one root at the same time.
 *
 * A put writes a temporary file while it hashes, then fdatasync, rename to the content's name, fsync of the directory
 * and of the directories above that are new, and only then returns: whatever order the disk chooses, a name never
 * leads to bytes that are not there. Bytes that are there already cost an fsync for their new time instead.
 *
 * Files have mode 0600, directories 0700. Empty directories stay: removing one would race with a put into it.
 */
export class FileBlobStore implements BlobStore {
  readonly #files: FileOperations;
  readonly #paths: BlobPaths;
  readonly #directories: DurableDirectories;
  readonly #freeSpace: FreeSpace;
  readonly #removal: BlobRemoval;

  private constructor(
    paths: BlobPaths,
    { minFreeBytes = DEFAULT_MIN_FREE_BYTES, files = NODE_FILES }: FileBlobStoreOptions,
  ) {
    this.#files = files;
    this.#paths = paths;
    this.#directories = new DurableDirectories(files, paths.blobs);
    this.#freeSpace = new FreeSpace(files, paths.root, minFreeBytes);
    this.#removal = new BlobRemoval(files, paths, this.#directories);
  }

  /** Makes what is missing of the root directory (an absolute path). */
  static async open(root: string, options: FileBlobStoreOptions = {}): Promise<FileBlobStore> {
    const paths = new BlobPaths(root);
    const files = options.files ?? NODE_FILES;
    await storage(async () => {
      for (const each of [paths.blobs, paths.temporary, paths.trash]) await makeRoot(files, each);
    });
    return new FileBlobStore(paths, options);
  }

  async put(area: string, workspace: string, source: BlobSource, options: PutOptions): Promise<StoredBlob> {
    requireBlobArea(area, workspace);
    const file = await TemporaryFile.receive(this.#files, this.#paths.temporary, this.#freeSpace, source, options);
    let installed = false;
    try {
      const key = { area, workspace, sha256: file.sha256 };
      installed = await storage(() => this.#keep(key, file));
      return { key, sha256: file.sha256, size: file.size, head: file.head };
    } finally {
      await file.discard(installed);
    }
  }

  async open(key: BlobKey, range: BlobRange = {}): Promise<Readable> {
    requireBlobKey(key);
    requireRange(range);
    const fd = await this.#find(key, (path) => openFile(path, 'r'));
    return createReadStream('', { ...range, fd, fs: { open: openDescriptor, read: readTranslated, close } });
  }

  async read(key: BlobKey, { maxBytes = SMALL_BLOB_BYTES }: { readonly maxBytes?: number } = {}): Promise<Buffer> {
    requireBlobKey(key);
    const handle = await this.#find(key, (path) => this.#files.open(path, 'r'));
    try {
      return await storage(async () => {
        if ((await handle.stat()).size > maxBytes) throw tooLarge(maxBytes);
        return handle.readFile();
      });
    } finally {
      await handle.close();
    }
  }

  async stat(key: BlobKey): Promise<BlobStat | null> {
    requireBlobKey(key);
    try {
      const { size, mtime } = await this.#find(key, (path) => this.#files.stat(path));
      return { size, modifiedAt: mtime };
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return null;
      throw error;
    }
  }

  async removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean> {
    requireBlobKey(key);
    return storage(() => this.#removal.removeIfUnusedSince(key, olderThan));
  }

  list(area: string, workspace?: string): AsyncIterable<BlobEntry> {
    // Without a workspace, any valid name stands for it.
    requireBlobArea(area, workspace ?? 'any');
    return listBlobs(this.#files, this.#paths, area, workspace);
  }

  async sweepTemporary(olderThan: Date): Promise<number> {
    return storage(async () => {
      const recovered = await this.#removal.recover(olderThan);
      return recovered + (await removeTemporary(this.#files, this.#paths, olderThan));
    });
  }

  async checkWritable(): Promise<void> {
    await storage(async () => {
      await this.#freeSpace.check();
      const path = join(this.#paths.temporary, randomBytes(16).toString('hex'));
      const handle = await this.#files.open(path, 'wx', 0o600);
      try {
        await handle.writeFile('writable');
        await handle.datasync();
      } finally {
        await handle.close();
        await this.#files.unlink(path);
      }
    });
  }

  localPath(key: BlobKey): string {
    return this.#paths.blob(key);
  }

  /** Leaves the bytes durable under their name; true if it is this put's own file that has it now. */
  async #keep(key: BlobKey, file: TemporaryFile): Promise<boolean> {
    const path = this.#paths.blob(key);
    const known = await touchBlob(this.#files, path, file.size);
    if (!known) await this.#install(file, path);
    // Also for known bytes: the put that installed them may not have come this far yet.
    await this.#directories.persist(dirname(path));
    return !known;
  }

  async #install(file: TemporaryFile, path: string): Promise<void> {
    await this.#directories.make(dirname(path));
    try {
      await file.install(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      // Someone tidied up empty directories, which this process remembered as there.
      this.#directories.forget(dirname(path));
      await this.#directories.make(dirname(path));
      await file.install(path);
    }
  }

  /** Twice, since a fresh blob that a removal has just taken is in the trash and then back (see `BlobRemoval`). */
  async #find<T>(key: BlobKey, use: (path: string) => Promise<T>): Promise<T> {
    return storage(async () => {
      for (let round = 0; round < 2; round += 1) {
        const found = await tryPaths([this.#paths.blob(key)], use);
        if (found) return found.value;
        const trashed = await tryPaths(await trashedPaths(this.#files, this.#paths, key), use);
        if (trashed) return trashed.value;
      }
      throw blobNotFound();
    });
  }
}

async function tryPaths<T>(paths: string[], use: (path: string) => Promise<T>): Promise<{ value: T } | null> {
  for (const path of paths) {
    try {
      return { value: await use(path) };
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return null;
}

type ReadCallback = (error: unknown, bytesRead: number, buffer: Buffer) => void;

/** A failing disk in the middle of a stream gives the same error as anywhere else. */
function readTranslated(
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number | null,
  callback: ReadCallback,
): void {
  read(fd, buffer, offset, length, position, (error, bytesRead, filled) =>
    callback(error && toStorageError(error), bytesRead, filled),
  );
}
