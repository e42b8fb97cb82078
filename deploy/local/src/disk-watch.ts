import { statfs } from 'node:fs/promises';
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

const MIB = 1024 * 1024;

/**
 * Bytes of a file that exists to be removed. MongoDB needs some space to start, and to delete records: when the disk is
 * full, the reserve is given up for that.
 */
export const RESERVE_BYTES = 64 * MIB;
/** Free bytes below which the disk counts as full. Servers that die then are started again for as long as it lasts. */
export const FULL_BELOW_BYTES = 16 * MIB;
/** Free bytes beside the reserve from which it is made again. */
const RESERVE_ABOVE_BYTES = 256 * MIB;
const LOOK_EVERY_MS = 1000;
/** Looks with a full disk after which the reserve is given up: whatever filled the disk has stopped by then. */
const FULL_LOOKS = 2;
const CHUNK = Buffer.alloc(MIB);

export interface DiskWatchOptions {
  /** Bytes of the reserve, for tests. */
  readonly reserveBytes?: number;
  readonly onNote: (text: string) => void;
  /** Called when there is space again after the disk was full, also when it comes from the reserve. */
  readonly onSpace: () => void;
}

/** Watches the free space of the data directory, and keeps a reserve for when it is used up. */
export class DiskWatch {
  private readonly reserve: string;
  private readonly reserveBytes: number;
  private timer: NodeJS.Timeout | undefined;
  private fullLooks = 0;
  private wasFull = false;

  constructor(
    private readonly directory: string,
    private readonly options: DiskWatchOptions,
  ) {
    this.reserve = path.join(directory, 'reserve');
    this.reserveBytes = options.reserveBytes ?? RESERVE_BYTES;
  }

  async start(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look().catch(() => undefined), LOOK_EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Whether so little is free that servers cannot be expected to run. False if the file system does not tell. */
  async isFull(): Promise<boolean> {
    return (await this.freeBytes().catch(() => Number.POSITIVE_INFINITY)) < FULL_BELOW_BYTES;
  }

  private async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.directory);
    return bavail * bsize;
  }

  private async look(): Promise<void> {
    const free = await this.freeBytes();
    if (free < FULL_BELOW_BYTES) {
      if (!this.wasFull) this.options.onNote('The disk is full: nothing can be stored until there is space again.');
      this.wasFull = true;
      this.fullLooks += 1;
      if (this.fullLooks >= FULL_LOOKS) this.release();
      return;
    }
    this.fullLooks = 0;
    if (this.wasFull) {
      this.wasFull = false;
      this.options.onSpace();
    }
    if (free > this.reserveBytes + RESERVE_ABOVE_BYTES) this.keep();
  }

  private release(): void {
    if (statSync(this.reserve, { throwIfNoEntry: false }) === undefined) return;
    rmSync(this.reserve, { force: true });
    this.options.onNote('The reserve was given up, so that MongoDB can run and delete. Free some space.');
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
