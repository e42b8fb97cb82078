import { close, createReadStream, fstat, open as openDescriptor, read, type Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { DomainError } from '@pentaprism/domain';
import { type BlobKey, blobName, requireBlobArea, requireBlobKey } from './blob-key.js';
import { listBlobs } from './blob-listing.js';
import { partName, requirePart } from './blob-part.js';
import { BlobPaths } from './blob-paths.js';
import { requireRange } from './blob-range.js';
import { BlobRemoval, removeTemporary, touchBlob, trashedPaths } from './blob-removal.js';
import {
  type BlobEntry,
  type BlobPart,
  type BlobRange,
  type BlobSource,
  type BlobStat,
  type BlobStore,
  type OpenOptions,
  type PutOptions,
  type ReadOptions,
  SMALL_BLOB_BYTES,
  type StoredBlob,
} from './blob-store.js';
import { DurableDirectories, makeRoot } from './durable-directories.js';
import { type FileOperations, NODE_FILES } from './file-operations.js';
import { DEFAULT_MIN_FREE_BYTES, FreeSpace } from './free-space.js';
import { blobLost, type BlobFault, hashBytes, hashFile, type OnDamage } from './integrity.js';
import { blobNotFound, isMissing, storage, tooLarge, toStorageError } from './storage-error.js';
import { TemporaryFile } from './temporary-file.js';
import { VerifiedBlobs } from './verified-blobs.js';
import { verifiedStream } from './verified-stream.js';

export interface FileBlobStoreOptions {
  /** Puts are refused below this many free bytes on the file system; 0 switches the floor off. Default 512 MiB. */
  readonly minFreeBytes?: number;
  readonly onDamage?: OnDamage;
  /** The system calls, for tests. */
  readonly files?: FileOperations;
}

const openFile = promisify(openDescriptor);
const statOpen = promisify(fstat);
const closeFile = promisify(close);

/** The bytes of a file that a stream passes on and checks. */
interface Span extends BlobPart {
  /** For `VerifiedBlobs`. */
  readonly name: string;
}

/** Bytes of one read of a stream. */
const CHUNK_BYTES = 256 * 1024;
/** Milliseconds after the last change of a file in which another change may leave its times as they are. */
const TIME_STEP_MS = 1000;

/**
 * Blobs in a directory of a local file system. Any number of processes may use one root at the same time.
 *
 * A put writes a temporary file while it hashes, then fdatasync, rename to the content's name, fsync of the directory
 * and of the directories above that are new, and only then returns: whatever order the disk chooses, a name never
 * leads to bytes that are not there. Bytes that are there already are hashed, and cost an fsync for their new time instead.
 *
 * Files have mode 0600, directories 0700. Empty directories stay: removing one would race with a put into it.
 */
export class FileBlobStore implements BlobStore {
  readonly #files: FileOperations;
  readonly #paths: BlobPaths;
  readonly #directories: DurableDirectories;
  readonly #freeSpace: FreeSpace;
  readonly #removal: BlobRemoval;
  readonly #verified = new VerifiedBlobs();
  readonly #onDamage: OnDamage;

  private constructor(
    paths: BlobPaths,
    { minFreeBytes = DEFAULT_MIN_FREE_BYTES, onDamage = () => {}, files = NODE_FILES }: FileBlobStoreOptions,
  ) {
    this.#files = files;
    this.#onDamage = onDamage;
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

  async open(key: BlobKey, { size: expected, verify = true, ...range }: OpenOptions = {}): Promise<Readable> {
    requireBlobKey(key);
    requireRange(range);
    const fd = await this.#find(key, (path) => openFile(path, 'r'));
    try {
      const found = await storage(() => statOpen(fd));
      if (expected !== undefined && found.size !== expected) throw this.#damage(key, 'size');
      const whole = { offset: 0, length: found.size, sha256: key.sha256, name: blobName(key) };
      return this.#stream(key, fd, found, whole, { ...range, verify });
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  }

  async openPart(key: BlobKey, part: BlobPart, range: BlobRange = {}): Promise<Readable> {
    const name = partName(key, part);
    requireRange(range);
    if (part.length === 0) return Readable.from([await this.readPart(key, part)], { objectMode: false });
    const fd = await this.#find(key, (path) => openFile(path, 'r'));
    try {
      const found = await storage(() => statOpen(fd));
      if (found.size < part.offset + part.length) throw this.#damage(key, 'size');
      return this.#stream(key, fd, found, { ...part, name }, { ...range, verify: true });
    } catch (error) {
      await closeFile(fd);
      throw error;
    }
  }

  async read(key: BlobKey, { maxBytes = SMALL_BLOB_BYTES, size: expected }: ReadOptions = {}): Promise<Buffer> {
    requireBlobKey(key);
    const handle = await this.#find(key, (path) => this.#files.open(path, 'r'));
    try {
      return await storage(async () => {
        const { size } = await handle.stat();
        if (expected !== undefined && size !== expected) throw this.#damage(key, 'size');
        if (size > maxBytes) throw tooLarge(maxBytes);
        const bytes = await readBytes(handle, 0, size);
        if ((await hashBytes(bytes)) !== key.sha256) throw this.#damage(key, 'hash');
        return bytes;
      });
    } finally {
      await handle.close();
    }
  }

  async readPart(key: BlobKey, part: BlobPart): Promise<Buffer> {
    requireBlobKey(key);
    requirePart(part);
    const { offset, length, sha256 } = part;
    const bytes = length === 0 ? Buffer.alloc(0) : await this.#readSpan(key, offset, length);
    if (bytes.length !== length) throw this.#damage(key, 'size');
    if ((await hashBytes(bytes)) !== sha256) throw this.#damage(key, 'hash');
    return bytes;
  }

  async verify(key: BlobKey): Promise<void> {
    requireBlobKey(key);
    const handle = await this.#find(key, (path) => this.#files.open(path, 'r'));
    try {
      if ((await storage(() => hashFile(handle))) !== key.sha256) throw this.#damage(key, 'hash');
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

  list(area: string, workspace?: string, after?: BlobKey): AsyncIterable<BlobEntry> {
    // Without a workspace, any valid name stands for it.
    requireBlobArea(area, workspace ?? 'any');
    if (after) requireBlobKey(after);
    return listBlobs(this.#files, this.#paths, { area, workspace, after });
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

  #damage(key: BlobKey, fault: BlobFault): DomainError {
    this.#onDamage({ key, fault, repaired: false });
    return blobLost(fault, key);
  }

  /** The bytes from an offset, or as many as there are. */
  async #readSpan(key: BlobKey, offset: number, length: number): Promise<Buffer> {
    const handle = await this.#find(key, (path) => this.#files.open(path, 'r'));
    try {
      return await storage(() => readBytes(handle, offset, length));
    } finally {
      await handle.close();
    }
  }

  /** Takes over the descriptor. */
  #stream(
    key: BlobKey,
    fd: number,
    found: Stats,
    { offset, length, sha256, name }: Span,
    { verify, ...range }: BlobRange & { verify: boolean },
  ): Readable {
    const version = `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
    // eslint-disable-next-line no-restricted-syntax -- the file system uses the clock of this machine
    const isSettled = Date.now() - found.ctimeMs > TIME_STEP_MS;
    const options = { fd, highWaterMark: CHUNK_BYTES, fs: { open: openDescriptor, read: readTranslated, close } };
    const onDamage = (fault: BlobFault) => this.#damage(key, fault);
    const source = (first: number, size: number) => {
      const start = offset + first;
      // The ends are inclusive: of a file without bytes, the first is looked for.
      return createReadStream('', { ...options, start, end: Math.max(start, start + size - 1) });
    };
    if (!verify || this.#verified.versionOf(name) === version) {
      const { start = 0, end = length - 1 } = range;
      const size = Math.max(0, Math.min(length, end + 1) - start);
      if (size === 0) return closing(fd);
      return verifiedStream(source(start, size), { size, onDamage });
    }
    const onVerified = () => {
      if (isSettled) this.#verified.remember(name, version);
    };
    // From the first byte on, also for a range.
    return verifiedStream(source(0, length), { ...range, sha256, size: length, onDamage, onVerified });
  }

  /** Leaves the bytes durable under their name; true if it is this put's own file that has it now. */
  async #keep(key: BlobKey, file: TemporaryFile): Promise<boolean> {
    const path = this.#paths.blob(key);
    const onDamage = (fault: BlobFault) => this.#onDamage({ key, fault, repaired: true });
    const known = await touchBlob(this.#files, path, { size: file.size, sha256: file.sha256, onDamage });
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

/** A stream of no bytes, for which the file was opened in vain. */
function closing(fd: number): Readable {
  close(fd, () => undefined);
  return Readable.from([]);
}

/**
 * Returns as many bytes of a file, or all that there are. `readFile` would ask for the size again, and read on until the
 * end: two steps more for each small blob.
 */
async function readBytes(handle: FileHandle, offset: number, size: number): Promise<Buffer> {
  // Not a part of Node's pool, which a cached blob would keep as a whole.
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await handle.read(bytes, at, size - at, offset + at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
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
