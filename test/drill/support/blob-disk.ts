import { createTemporaryDirectory } from '@pentaprism/local';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { MIB, SmallDisk } from './small-disk.js';

const DISK_MIB = 512;
/** Free bytes below which nothing is stored. */
const FLOOR = 64 * MIB;

/** A small file system for blobs alone, so that servers and logs go on when it is full. */
export class BlobDisk {
  private readonly directory = createTemporaryDirectory();
  /** Undefined if no file system may be mounted here. */
  readonly disk: SmallDisk | undefined;

  constructor() {
    mkdirSync(this.path, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', this.path]);
    if (mounted.status === 0) this.disk = new SmallDisk(this.path);
  }

  get path(): string {
    return this.directory.path;
  }

  /** Of a system that keeps its blobs here. */
  get settings(): Readonly<Record<string, string>> {
    const url = pathToFileURL(this.path).href;
    return this.disk ? { BLOB_URL: url, BLOB_MIN_FREE: String(FLOOR) } : { BLOB_URL: url };
  }

  /** Leaves half of what has to be free, or nothing. */
  fill(to: 'below the floor' | 'no byte'): void {
    this.disk?.fillUpTo(to === 'no byte' ? 0 : FLOOR / 2);
  }

  empty(): void {
    this.disk?.empty();
  }

  remove(): void {
    if (this.disk) execFileSync('umount', ['-l', this.path]);
    this.directory.remove();
  }
}
