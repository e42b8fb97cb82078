import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';

export const MIB = 1024 * 1024;

/** A file that takes up what is free. */
export class SmallDisk {
  private readonly filler: string;

  constructor(private readonly directory: string) {
    this.filler = path.join(directory, 'filler');
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Leaves this many bytes free, as far as nobody else takes some. */
  fillUpTo(left: number): void {
    const chunk = Buffer.alloc(MIB);
    const descriptor = openSync(this.filler, 'a');
    try {
      while (this.free > left) writeSync(descriptor, chunk, 0, Math.min(MIB, this.free - left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  empty(): void {
    rmSync(this.filler, { force: true });
  }
}
