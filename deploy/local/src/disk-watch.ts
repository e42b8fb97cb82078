import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOutOfSpace } from './launcher-error.js';

const MIB = 1024 * 1024;

/**
 * Bytes of a file that exists to be removed. MongoDB needs some space to start, and to delete records: when the disk is
 * full, the reserve is given up for that.
 */
export const RESERVE_BYTES = 64 * MIB;
/** Free bytes below which the disk counts as full. Servers that die then are started again for as long as it lasts. */
export const FULL_BELOW_BYTES = 16 * MIB;
/** Free bytes beside the reserve from which it is made again. */
export const RESERVE_ABOVE_BYTES = 256 * MIB;
const LOOK_EVERY_MS = 1000;
/** Looks with a full disk after which the reserve is given up: whatever filled the disk has stopped by then. */
const FULL_LOOKS = 2;
const CHUNK = Buffer.alloc(MIB);

export interface DiskWatchOptions {
  /** Bytes of the reserve, for tests. */
  readonly reserveBytes?: number;
  /** Milliseconds between two looks, for tests. */
  readonly everyMs?: number;
  /** Bytes that are free on the disk of the directory, for tests. */
  readonly freeBytes?: () => Promise<number>;
  readonly onNote: (text: string) => void;
}

/** Watches the free space of the data directory, and keeps a reserve for when it is used up. */
export class DiskWatch {
  /** Called when there is space again after the disk was full, also when it comes from the reserve. */
  onSpace: () => void = () => undefined;
  private readonly reserve: string;
  private readonly reserveBytes: number;
  private readonly everyMs: number;
  private timer: NodeJS.Timeout | undefined;
  /** A disk that is full at the start was filled before: the first look gives the reserve up. */
  private fullLooks = FULL_LOOKS - 1;
  private wasFull = false;

  constructor(
    private readonly directory: string,
    private readonly options: DiskWatchOptions,
  ) {
    this.reserve = path.join(directory, 'reserve');
    this.reserveBytes = options.reserveBytes ?? RESERVE_BYTES;
    this.everyMs = options.everyMs ?? LOOK_EVERY_MS;
  }

  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look().catch(() => undefined), this.everyMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Whether so little is free that servers cannot be expected to run. False if the file system does not tell. */
  async isFull(): Promise<boolean> {
    return (await this.freeBytes().catch(() => Number.POSITIVE_INFINITY)) < FULL_BELOW_BYTES;
  }

  /**
   * Runs a step that writes to the directory. While the disk has no space for it, gives up the reserve and runs the step
   * again every second.
   * @param signal ends the wait with its reason
   */
  async whenWritable<Result>(step: () => Result, signal?: AbortSignal): Promise<Result> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        return step();
      } catch (error) {
        if (!isOutOfSpace(error)) throw error;
      }
      this.noteFull();
      if (!this.release()) await sleep(this.everyMs, undefined, { signal });
    }
  }

  private async freeBytes(): Promise<number> {
    if (this.options.freeBytes) return this.options.freeBytes();
    const { bavail, bsize } = await statfs(this.directory);
    return bavail * bsize;
  }

  private async look(): Promise<void> {
    const free = await this.freeBytes();
    if (free < FULL_BELOW_BYTES) {
      this.noteFull();
      this.fullLooks += 1;
      if (this.fullLooks >= FULL_LOOKS) this.release();
      return;
    }
    this.fullLooks = 0;
    if (this.wasFull) {
      this.wasFull = false;
      this.onSpace();
    }
    if (free > this.reserveBytes + RESERVE_ABOVE_BYTES) this.keep();
  }

  private noteFull(): void {
    if (this.wasFull) return;
    this.wasFull = true;
    this.options.onNote(
      `The disk of ${this.directory} is full, and nothing can be stored: free at least ${RESERVE_ABOVE_BYTES / MIB} MiB ` +
        'there. What needs space is tried again until then.',
    );
  }

  /** @returns whether there was a reserve */
  private release(): boolean {
    if (statSync(this.reserve, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(this.reserve, { force: true });
    this.options.onNote('The reserve was given up, so that MongoDB can run and delete.');
    return true;
  }

  /** Written, not only given a length: a sparse file would reserve nothing. */
  private keep(): void {
    if (statSync(this.reserve, { throwIfNoEntry: false })?.size === this.reserveBytes) return;
    try {
      const descriptor = openSync(this.reserve, 'w', 0o600);
      try {
        for (let written = 0; written < this.reserveBytes;)
          written += writeSync(descriptor, CHUNK, 0, Math.min(CHUNK.length, this.reserveBytes - written));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch {
      rmSync(this.reserve, { force: true });
    }
  }
}
