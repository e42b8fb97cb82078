/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EVENT_UPLOADS_AREA, eventLogContracts, pushedLogContracts } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { eventFile, testScope, type EventFields } from '@pentaprism/testing';
import { randomBytes } from 'node:crypto';
import { MemoryRun } from '../event-logs/memory-runs.fixture.js';
import { ReadRuns } from '../event-logs/read-runs.usecase.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { PIECE_GRACE_MS, SweepUploads } from './sweep-uploads.usecase.js';

const scope = testScope('pushed-logs');
const RUN = 'a/../$where\u0000';
const FILE = 'events.out.tfevents.1';
const VERSION: EventFields = { wallTime: 100, fileVersion: 'brain.Event:2' };
let service: StartedTrainingIngest;
let workspace: string;

function picture(step: number): EventFields {
  return { wallTime: 1000 + step, step, values: [{ tag: 'a', images: [randomBytes(400)], plugin: 'images' }] };
}

const file = eventFile(VERSION, ...Array.from({ length: 40 }, (_, step) => picture(step)));

/** Puts bytes of a file into the blob store and appends them, as a gateway does. */
async function push(bytes: Buffer, offset: number, name = FILE, run = RUN): Promise<number> {
  const { sha256, size } = await service.blobs.put(EVENT_UPLOADS_AREA, workspace, bytes, { maxBytes: bytes.length });
  const piece = { sha256, size, start: offset };
  for (let at = offset; ;) {
    const appended = await service.call(pushedLogContracts.append, { run, file: name, offset: at, piece }, workspace);
    at = appended.offset;
    if (!appended.hasMore) return at;
  }
}

async function offsetOf(name = FILE, run = RUN): Promise<number> {
  return (await service.call(pushedLogContracts.offset, { run, file: name }, workspace)).offset;
}

/** The kept steps of each run, with the hashes of their images. */
async function shown(): Promise<Record<string, string[]>> {
  const { runs } = await service.call(eventLogContracts.runs, {}, workspace);
  const { series } = await service.call(eventLogContracts.series, {}, workspace);
  const found: Record<string, string[]> = Object.fromEntries(runs.map(({ name }) => [name, []]));
  for (const { id, runId } of series) {
    const { events } = await service.call(eventLogContracts.events, { seriesId: id }, workspace);
    const name = runs.find((run) => run.id === runId)?.name ?? '';
    found[name]?.push(...events.map(({ step, images }) => `${step} ${images[0]?.sha256}`));
  }
  return found;
}

async function piecesLeft(): Promise<number> {
  let count = 0;
  for await (const _ of service.blobs.list(EVENT_UPLOADS_AREA, workspace)) count += 1;
  return count;
}

beforeAll(async () => {
  service = await startTrainingIngest(scope);
});
beforeEach(() => {
  workspace = `w-${randomBytes(6).toString('hex')}`;
});
afterAll(() => service.stop());

describe('pushed event files', () => {
  it('show what one undisturbed read shows, however they were cut, and leave no piece behind', async () => {
    for (let at = 0; at < file.length;) {
      const reached = await push(file.subarray(at, at + 1 + Math.floor(Math.random() * 3000)), at);
      // A record that is cut is not kept, and sent again.
      if (reached === at) at = await push(file.subarray(at, at + 600), at);
      else at = reached;
      expect(await offsetOf()).toBe(at);
    }
    expect(await piecesLeft()).toBe(0);
    await push(file, 0, FILE, 'whole');
    const { [RUN]: pieces, whole } = await shown();
    expect(pieces).toHaveLength(10);
    expect(pieces).toEqual(whole);
  });

  it('are each at an offset of their own in a run', async () => {
    const half = await push(file.subarray(0, 8000), 0);
    await push(eventFile(VERSION, picture(100)), 0, 'b');
    await push(file.subarray(half), half);
    expect((await shown())[RUN]).toHaveLength(10);
    expect(await offsetOf()).toBe(file.length);
    expect(await offsetOf('b')).toBe(eventFile(VERSION, picture(100)).length);
    expect(await offsetOf('c')).toBe(0);
  });

  it('refuse a piece at another offset, and change nothing', async () => {
    await push(file, 0);
    const before = await shown();
    for (const offset of [0, file.length - 1, file.length + 1])
      await expect(push(file.subarray(0, 3000), offset)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await shown()).toEqual(before);
    expect(await piecesLeft()).toBe(0);
  });

  it('change once when the same piece is appended several times at once', async () => {
    const half = await push(file.subarray(0, 9000), 0);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => push(file.subarray(half), half)));
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(['CONFLICT', 'UNAVAILABLE']).toContain(outcome.reason.code);
      else expect(outcome.value).toBe(file.length);
    }
    expect(await push(file.subarray(await offsetOf()), await offsetOf()).catch(() => offsetOf())).toBe(file.length);
    await push(file, 0, FILE, 'whole');
    const { [RUN]: pieces, whole } = await shown();
    expect(pieces).toEqual(whole);
  });

  it('are not read behind damage, which is said', async () => {
    const damaged = Buffer.concat([file.subarray(0, 3000), Buffer.alloc(2000)]);
    const reached = await push(damaged, 0);
    expect(reached).toBeLessThan(3000);
    await expect(push(file.subarray(reached), reached)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('damaged'),
    });
    const { ended } = await service.call(pushedLogContracts.offset, { run: RUN, file: FILE }, workspace);
    expect(ended).toContain('damaged');
  });

  it('are deleted with their run, and begin again', async () => {
    await push(file, 0);
    await service.call(pushedLogContracts.deleteRun, { run: RUN }, workspace);
    expect([await shown(), await offsetOf()]).toEqual([{}, 0]);
    const again = service.call(pushedLogContracts.deleteRun, { run: RUN }, workspace);
    await expect(again).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await push(file, 0)).toBe(file.length);
    expect((await shown())[RUN]).toHaveLength(10);
  });

  it('do not touch a run of the log directory', async () => {
    const reader = service.app.get(ReadRuns, { strict: false });
    await reader.read('directory', [new MemoryRun(workspace, RUN, { f: file }).source]);
    const before = await shown();
    const conflict = { code: 'CONFLICT', message: 'The log directory has a run of this name.' };
    await expect(offsetOf()).rejects.toMatchObject(conflict);
    await expect(push(file, 0)).rejects.toMatchObject(conflict);
    await expect(service.call(pushedLogContracts.deleteRun, { run: RUN }, workspace)).rejects.toMatchObject(conflict);
    expect(await shown()).toEqual(before);
  });

  it('belong to the workspace that they were pushed into', async () => {
    await push(file, 0);
    workspace = 'others';
    expect([await shown(), await offsetOf()]).toEqual([{}, 0]);
  });

  it('ask for a piece again that is not there any more', async () => {
    const piece = { sha256: 'a'.repeat(64), size: 1000, start: 0 };
    const request = { run: RUN, file: FILE, offset: 0, piece };
    const appended = service.call(pushedLogContracts.append, request, workspace);
    await expect(appended).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await shown()).toEqual({});
  });

  it('leave pieces of calls that did not end to the sweep', async () => {
    await service.blobs.put(EVENT_UPLOADS_AREA, workspace, file, { maxBytes: file.length });
    const sweep = service.app.get(SweepUploads, { strict: false });
    await sweep.sweep();
    expect(await piecesLeft()).toBe(1);
    await sweep.sweep(systemNow() + PIECE_GRACE_MS + 10_000);
    expect(await piecesLeft()).toBe(0);
  });
});
