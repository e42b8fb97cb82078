import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DiskWatch, FULL_BELOW_BYTES, RESERVE_ABOVE_BYTES } from './disk-watch.js';

const RESERVE = 3_000_000;
const PLENTY = RESERVE + RESERVE_ABOVE_BYTES + 1;
const EVERY_MS = 5;

/** Checks again and again until it holds; jest ends a test for which it never does. */
async function eventually(check: () => void): Promise<void> {
  for (;;) {
    try {
      return check();
    } catch {
      await sleep(EVERY_MS);
    }
  }
}

describe('the watch of the disk', () => {
  let directory: string;
  let free: number;
  let notes: string[];
  let spaces: number;
  let watch: DiskWatch;
  const reserve = () => path.join(directory, 'reserve');
  const full = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    [free, notes, spaces] = [PLENTY, [], 0];
    watch = new DiskWatch(directory, {
      reserveBytes: RESERVE,
      everyMs: EVERY_MS,
      freeBytes: () => Promise.resolve(free),
      onNote: (text) => notes.push(text),
    });
    watch.onSpace = () => (spaces += 1);
  });
  afterEach(() => {
    watch.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('writes a reserve that takes up its space on the disk, for the owner only', async () => {
    await watch.start();
    const { size, blocks, mode } = statSync(reserve());
    expect(size).toBe(RESERVE);
    expect(blocks * 512).toBeGreaterThanOrEqual(RESERVE);
    expect(mode & 0o077).toBe(0);
  });

  it('makes no reserve while there is only a little space', async () => {
    free = PLENTY - 1;
    await watch.start();
    expect(existsSync(reserve())).toBe(false);
    free = PLENTY;
    await eventually(() => expect(existsSync(reserve())).toBe(true));
  });

  it('gives the reserve up when the disk is full, says what to do, and makes it again when there is space', async () => {
    await watch.start();
    free = FULL_BELOW_BYTES - 1;
    await eventually(() => expect(existsSync(reserve())).toBe(false));
    expect(await watch.isFull()).toBe(true);
    expect(notes).toEqual([
      expect.stringContaining(`The disk of ${directory} is full, and nothing can be stored: free at least 256 MiB`),
      expect.stringContaining('The reserve was given up'),
    ]);
    expect(spaces).toBe(0);
    free = PLENTY;
    await eventually(() => expect(spaces).toBe(1));
    await eventually(() => expect(statSync(reserve()).size).toBe(RESERVE));
    expect(await watch.isFull()).toBe(false);
  });

  it('gives the reserve up at once when the disk is full at the start', async () => {
    await watch.start();
    watch.stop();
    free = 0;
    const next = new DiskWatch(directory, {
      freeBytes: () => Promise.resolve(free),
      onNote: () => undefined,
    });
    await next.start();
    next.stop();
    expect(existsSync(reserve())).toBe(false);
  });

  it('runs a step again until there is space for it, and gives up the reserve first', async () => {
    await watch.start();
    watch.stop();
    let runs = 0;
    const done = watch.whenWritable(() => {
      runs += 1;
      if (runs < 4) throw full();
      return existsSync(reserve());
    });
    await expect(done).resolves.toBe(false);
    expect(runs).toBe(4);
    expect(notes.filter((note) => note.includes('is full'))).toHaveLength(1);
  });

  it('passes on other failures of a step, and ends the wait when it is aborted', async () => {
    const other = Object.assign(new Error('no'), { code: 'EACCES' });
    await expect(
      watch.whenWritable(() => {
        throw other;
      }),
    ).rejects.toBe(other);
    const abort = new AbortController();
    const waiting = watch.whenWritable(() => {
      throw full();
    }, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toThrow(/aborted/i);
  });

  it('does not take a disk for full whose file system does not tell', async () => {
    const blind = new DiskWatch(path.join(directory, 'missing'), { onNote: () => undefined });
    expect(await blind.isFull()).toBe(false);
  });
});
