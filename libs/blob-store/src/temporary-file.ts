import { systemDate } from '@pentaprism/domain';
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSource, PutOptions } from './blob-store.js';
import type { FileOperations } from './file-operations.js';
import type { FreeSpace } from './free-space.js';
import { receiveSource } from './receive-source.js';
import { storage } from './storage-error.js';

const FILE_MODE = 0o600;

/** A file that has received a source, open, with its bytes not yet durable. `discard` it in every case. */
export class TemporaryFile {
  private constructor(
    private readonly files: FileOperations,
    private readonly path: string,
    private readonly handle: FileHandle,
    readonly sha256: string,
    readonly size: number,
    readonly head: Buffer,
  ) {}

  static async receive(
    files: FileOperations,
    directory: string,
    freeSpace: FreeSpace,
    source: BlobSource,
    options: PutOptions,
  ): Promise<TemporaryFile> {
    options.signal?.throwIfAborted();
    const path = join(directory, randomBytes(16).toString('hex'));
    const handle = await storage(async () => {
      await freeSpace.reserve(0);
      return files.open(path, 'wx', FILE_MODE);
    });
    const write = async (chunks: readonly Uint8Array[], bytes: number) =>
      storage(async () => {
        await freeSpace.reserve(bytes);
        await writeAll(handle, chunks);
      });
    try {
      const { sha256, size, head } = await receiveSource(source, options, write);
      return new TemporaryFile(files, path, handle, sha256, size, head);
    } catch (error) {
      await dispose(files, path, handle);
      throw error;
    }
  }

  /** Makes the bytes durable, then gives them their name. The entry itself is durable once its directory is synced. */
  async install(target: string): Promise<void> {
    await this.handle.datasync();
    // The last byte may have been written long before a slow source ended: the time has to be that of the put.
    const now = systemDate();
    await this.handle.utimes(now, now);
    await this.files.rename(this.path, target);
  }

  /** Closes the file, and removes it unless it was installed. Never throws: the sweep finds what remains. */
  async discard(installed: boolean): Promise<void> {
    if (installed) await this.handle.close().catch(() => undefined);
    else await dispose(this.files, this.path, this.handle);
  }
}

/** A write may take less than it was given, when the disk is about to be full. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
}

async function dispose(files: FileOperations, path: string, handle: FileHandle): Promise<void> {
  await handle.close().catch(() => undefined);
  await files.unlink(path).catch(() => undefined);
}
