import type { FileOperations } from './file-operations.js';
import { storageFull } from './storage-error.js';

/** Below this the store takes nothing more: databases and logs on the same disk need room to fail gracefully. */
export const DEFAULT_MIN_FREE_BYTES = 512 * 1024 * 1024;

const RECHECK_BYTES = 64 * 1024 * 1024;
/** A figure is used this long; asking before every small blob would cost a system call each. */
const RECHECK_MS = 1000;

/** Keeps the floor of free space. One per store, so that what all puts write together counts. */
export class FreeSpace {
  #checkedAt = Number.NEGATIVE_INFINITY;
  #writtenSince = 0;

  constructor(
    private readonly files: FileOperations,
    private readonly root: string,
    private readonly minFreeBytes: number,
  ) {}

  /** Call before `bytes` are written. Throws STORAGE_FULL when the floor is reached. */
  async reserve(bytes: number): Promise<void> {
    this.#writtenSince += bytes;
    const fresh = performance.now() - this.#checkedAt < RECHECK_MS;
    if (fresh && this.#writtenSince < RECHECK_BYTES) return;
    await this.check();
  }

  async check(): Promise<void> {
    if (this.minFreeBytes === 0) return;
    // Forgotten first: if the floor is reached, the next put has to look again.
    this.#checkedAt = Number.NEGATIVE_INFINITY;
    const { bavail, bsize } = await this.files.statfs(this.root);
    if (bavail * bsize < this.minFreeBytes) throw storageFull();
    this.#checkedAt = performance.now();
    this.#writtenSince = 0;
  }
}
