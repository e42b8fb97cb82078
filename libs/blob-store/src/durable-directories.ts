import { dirname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type FileOperations, syncDirectory } from './file-operations.js';
import { errorCode } from './storage-error.js';

const DIRECTORY_MODE = 0o700;
/** Leaf directories remembered as durable, about 200 bytes each. One that is forgotten costs another fsync. */
const REMEMBERED = 20_000;

/**
 * Directories whose own entry is known to be durable. That a directory exists says nothing: another put, or another
 * process, may have made it a moment ago and not reached its fsync. So each process syncs the parent once itself.
 */
export class DurableDirectories {
  readonly #durable = new LRUCache<string, true>({ max: REMEMBERED });

  constructor(
    private readonly files: FileOperations,
    /** Durable already. */
    private readonly root: string,
  ) {}

  /** Makes the directory and those above it, up to the root. Not durable before `persist`. */
  async make(path: string): Promise<void> {
    if (this.#isDurable(path)) return;
    await this.files.mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  }

  /** Makes the entries of the directory durable, and its own, and those of the directories above it. */
  async persist(path: string): Promise<void> {
    const unknown: string[] = [];
    for (let each = path; !this.#isDurable(each); each = dirname(each)) unknown.push(each);
    // In any order and at once: the file system's journal then needs one commit for all of them.
    await Promise.all([path, ...unknown.map((each) => dirname(each))].map((each) => syncDirectory(this.files, each)));
    for (const each of unknown) this.#durable.set(each, true);
  }

  /** After ENOENT: someone removed the directory behind our back. */
  forget(path: string): void {
    for (let each = path; each !== this.root && each !== dirname(each); each = dirname(each))
      this.#durable.delete(each);
  }

  #isDurable(path: string): boolean {
    return path === this.root || this.#durable.has(path);
  }
}

/** Makes the root and what is missing above it, each durable before the next one is used. */
export async function makeRoot(files: FileOperations, root: string): Promise<void> {
  try {
    await files.mkdir(root, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || dirname(root) === root) throw error;
    await makeRoot(files, dirname(root));
    return makeRoot(files, root);
  }
  await syncDirectory(files, dirname(root));
}
