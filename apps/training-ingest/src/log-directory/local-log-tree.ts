import { inLanes } from '@pentaprism/concurrency';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import {
  identityOf,
  isAbsent,
  listDirectory,
  statusOf,
  type DirectoryContent,
  type DirectoryPath,
} from './local-directory.js';
import { reasonOf } from './reason-of.js';
import {
  FileReplaced,
  LISTING_LIMITS,
  ROOT_RUN,
  type ListedFile,
  type ListedRun,
  type ListingLimits,
  type ListingProblem,
  type LogTree,
  type TreeListing,
} from './log-tree.js';

/**
 * Directories that are listed at once. The process has four threads for file systems, and a network file system that
 * hangs must leave some of them to the blob store.
 */
const LANES = 2;
/** Problems of a listing. Further ones are left out. */
const MAX_PROBLEMS = 1_000;
const PIECE_BYTES = 2 ** 20;
/** The least memory for a piece, so that what is appended while a file is read needs no further pieces. */
const LEAST_PIECE_BYTES = 2 ** 12;

/** Opening a named pipe or a device must not wait for its other end. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A log directory on a local or mounted file system. Links are followed. */
export class LocalLogTree implements LogTree {
  /** @param place absolute path */
  constructor(
    readonly place: string,
    private readonly limits: ListingLimits = LISTING_LIMITS,
  ) {}

  async identify(): Promise<string> {
    return identityOf(await statusOf(this.place));
  }

  async list(signal: AbortSignal): Promise<TreeListing> {
    const root: DirectoryPath = { path: this.place, name: ROOT_RUN, parent: undefined, depth: 0 };
    const identity = await this.identify();
    const found = new Findings(this.limits);
    found.add(root, await listDirectory(root));
    for (let level = found.takeDirectories(); level.length > 0; level = found.takeDirectories()) {
      const contents: (DirectoryContent | undefined)[] = [];
      await inLanes(level, { lanes: LANES, signal }, async (directory, i) => {
        contents[i] = await listDirectory(directory).catch((error: unknown) => {
          if (!isAbsent(error)) found.leaveOut(directory, reasonOf(error));
          return undefined;
        });
      });
      for (const [i, directory] of level.entries()) {
        const content = contents[i];
        if (content) found.add(directory, content);
      }
    }
    // Directories of a volume that goes away meanwhile are absent, and not removed.
    if ((await this.identify()) !== identity) throw new Error(`${this.place} was replaced while it was listed.`);
    return found.listing(identity);
  }

  async *read(run: string, file: ListedFile, offset: number): AsyncGenerator<Uint8Array> {
    const handle = await openListed(path.join(this.place, run, file.name));
    try {
      let left = await sizeOf(handle, file);
      for (let at = offset; ;) {
        // Not from the pool, because readers hold on to pieces of a record that is not complete.
        const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, Math.max(left - at, LEAST_PIECE_BYTES)));
        const { bytesRead } = await handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        left = Math.max(left, at);
        yield piece.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  }
}

async function openListed(name: string): Promise<FileHandle> {
  try {
    return await open(name, OPEN_FLAGS);
  } catch (error) {
    throw isAbsent(error) ? new FileReplaced('The file is gone.', { cause: error }) : error;
  }
}

async function sizeOf(handle: FileHandle, { identity }: ListedFile): Promise<number> {
  const status = await handle.stat({ bigint: true });
  if (!status.isFile() || identityOf(status) !== identity) throw new FileReplaced('Another file took its place.');
  return Number(status.size);
}

/** What a listing has found so far, within its limits. Directories are added level by level, in the order of their names. */
class Findings {
  private readonly runs: ListedRun[] = [];
  private readonly unlisted: string[] = [];
  private readonly problems: ListingProblem[] = [];
  private readonly exceeded = new Set<keyof ListingLimits>();
  private next: DirectoryPath[] = [];
  private directories = 1;
  private files = 0;

  constructor(private readonly limits: ListingLimits) {}

  add(directory: DirectoryPath, content: DirectoryContent): void {
    for (const problem of content.problems) this.addProblem(problem);
    if (content.isIncomplete) this.unlisted.push(directory.name);
    if (content.isRun && !content.isIncomplete) this.addRun(directory.name, content.files);
    for (const each of content.directories) this.addDirectory(each);
  }

  /** Notes a directory that cannot be listed. */
  leaveOut(directory: DirectoryPath, why: string): void {
    this.unlisted.push(directory.name);
    this.addProblem({ kind: 'unreadable', text: `${directory.name}: ${why}` });
  }

  /** Returns the directories that were found since the last call. */
  takeDirectories(): DirectoryPath[] {
    const taken = this.next;
    this.next = [];
    return taken;
  }

  listing(identity: string): TreeListing {
    const { runs, unlisted, problems } = this;
    return { identity, runs, unlisted, problems };
  }

  private addRun(name: string, files: readonly ListedFile[]): void {
    if (this.runs.length >= this.limits.runs) return this.exceed('runs', name);
    const read = files.slice(0, this.limits.files - this.files);
    if (read.length < files.length) this.exceed('files', name);
    this.files += read.length;
    this.runs.push({ name, files: read });
  }

  private addDirectory(directory: DirectoryPath): void {
    if (directory.depth > this.limits.depth) return this.exceed('depth', directory.name);
    if (this.directories >= this.limits.directories) return this.exceed('directories', directory.name);
    this.directories += 1;
    this.next.push(directory);
  }

  private addProblem(problem: ListingProblem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  /** Notes the first of those that a limit leaves out. */
  private exceed(limit: keyof ListingLimits, name: string): void {
    if (this.exceeded.has(limit)) return;
    this.exceeded.add(limit);
    const text = `${name} and others are left out: the limit of ${limit} is ${this.limits[limit]}.`;
    this.addProblem({ kind: 'limit', text });
  }
}
