import { describe, expect, it } from '@jest/globals';
import { EMPTY_RUN } from '@pentaprism/event-files';
import { eventFile, eventRecord, type EventFields } from '@pentaprism/testing';
import { picture, pictures, VERSION } from './event-logs.fixture.js';
import { MAX_PROBLEMS_PER_FILE } from './limits.js';
import { MemoryRun } from './memory-runs.fixture.js';
import { hasNews, isReplaced, RunUpdate, type StoredRun } from './run-update.js';

const never = () => false;
const { tags: _, ...reading } = EMPTY_RUN;

async function readAll(run: MemoryRun, stored: StoredRun | null = null): Promise<RunUpdate> {
  const update = new RunUpdate(run.source, stored, [], 10);
  for (const file of run.source.files) await update.read(file, never);
  return update;
}

/** The run as the next pass finds it. */
function storedAfter({ files, firstWallTime }: RunUpdate): StoredRun {
  const named = files.map((file) => ({ ...file, id: file.name }));
  return { id: 'r', version: 1, sampleSize: 10, firstWallTime, reading, isHidden: false, files: named };
}

const newRun = (...events: EventFields[]) => new MemoryRun('w', 'r', { f: eventFile(...events) });

describe('RunUpdate', () => {
  it('has nothing to read of a file until its next record is whole', async () => {
    const next = eventFile(picture(2));
    const run = newRun(VERSION, picture(1));
    const { length } = eventFile(VERSION, picture(1));
    run.append('f', next.subarray(0, 20));
    const stored = storedAfter(await readAll(run));
    expect(stored.files).toMatchObject([{ offset: length, awaitedSize: length + next.length, ended: null }]);
    expect(hasNews(stored, run.source)).toBe(false);
    run.append('f', next.subarray(20, -1));
    expect(hasNews(stored, run.source)).toBe(false);
    run.append('f', next.subarray(-1));
    expect(hasNews(stored, run.source)).toBe(true);
    expect((await readAll(run, stored)).files).toMatchObject([{ offset: length + next.length }]);
  });

  it('stops in the middle of a file when the pass is full, after a whole event', async () => {
    const run = newRun(...pictures(10));
    const update = new RunUpdate(run.source, null, [], 10);
    const [file] = run.source.files;
    if (!file) throw new Error('The run has no file.');
    let events = 0;
    expect(await update.read(file, () => ++events === 4)).toBe('more');
    expect(update.files).toMatchObject([{ offset: eventFile(...pictures(4)).length }]);
    expect(update.sampling.changes()[0]?.added).toHaveLength(4);
  });

  it('reads nothing of a file after the record at which it ends', async () => {
    const run = new MemoryRun('w', 'r', {
      f: Buffer.concat([eventRecord(Buffer.from('no event')), eventFile(...pictures(500))]),
    });
    const stored = storedAfter(await readAll(run));
    expect(stored.files).toMatchObject([{ ended: expect.stringContaining('is not an event') }]);
    expect(run.readBytes).toBeLessThanOrEqual(1000);
    run.append('f', eventFile(picture(1)));
    expect(hasNews(stored, run.source)).toBe(false);
  });

  it.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(0, 50), 'rewritten'],
    ['empty', () => Buffer.alloc(0), 'rewritten'],
    ['another one', () => eventFile(VERSION, ...pictures(9, 100)), 'rewritten'],
    ['a longer copy', (bytes: Buffer) => Buffer.concat([bytes, eventFile(picture(9))]), 'end'],
    ['the same copy', (bytes: Buffer) => Buffer.from(bytes), 'end'],
  ])('finds out whether a file that is now %s has to be read again', async (_name, replaced, reach) => {
    const bytes = eventFile(VERSION, ...pictures(3));
    const run = new MemoryRun('w', 'r', { f: bytes });
    const stored = storedAfter(await readAll(run));
    run.replace('f', replaced(bytes));
    const update = new RunUpdate(run.source, stored, [], 10);
    const [file] = run.source.files;
    expect(file && (await update.read(file, never))).toBe(reach);
  });

  it('lists some problems of a file and counts all', async () => {
    const wrong = { step: 1, values: Array.from({ length: 30 }, () => ({ tag: 'x'.repeat(20_000) })) };
    const update = await readAll(newRun(wrong, picture(1)));
    expect(update.problems).toHaveLength(MAX_PROBLEMS_PER_FILE);
    expect(update.problemCounts).toEqual(new Map([['left-out', 30]]));
    expect(update.sampling.changes()).toHaveLength(1);
  });
});

describe('isReplaced', () => {
  it('is true only if there are files and none of them was read before', async () => {
    const run = newRun(picture(1));
    const stored = storedAfter(await readAll(run));
    run.replace('g', eventFile(picture(2)));
    expect(isReplaced(stored, run.source)).toBe(false);
    run.delete('f');
    expect(isReplaced(stored, run.source)).toBe(true);
    run.delete('g');
    expect(isReplaced(stored, run.source)).toBe(false);
  });
});
