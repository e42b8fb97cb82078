import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { targetContracts, type RequestOf, type Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jobControl } from '../job-control.fixture.js';
import { LiveRows } from './live-rows.js';
import { ReadTargetHandler } from './read-target.handler.js';

const TABLE = Buffer.from('class,image\ncats,1\ndogs,2\ncats,3\ndogs,1\n');
const KEY = { projectId: 'a'.repeat(24), jobId: 'b'.repeat(24) };
/** The contents of the rows: the first and the last row have the same. */
const HASHES = ['1', '2', '3', '1'].map((digit) => digit.repeat(64));

let directory: string;
let blobs: FileBlobStore;
let table: { sha256: string; size: number; mediaType: string };
let asked: string | null;
const calls: { rpc: Rpc; request: unknown }[] = [];
const failing = new Map<Rpc, DomainError>();

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-target-'));
  blobs = await FileBlobStore.open(directory);
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  await useTable(TABLE);
  asked = null;
  calls.length = 0;
  failing.clear();
});

async function useTable(bytes: Buffer): Promise<void> {
  const { sha256, size } = await blobs.put('datasets', 'w', bytes, { maxBytes: bytes.length });
  table = { sha256, size, mediaType: 'text/csv' };
}

/** Answers as the owner of targets does. */
function answerTo(rpc: Rpc, request: unknown): unknown {
  if (rpc === targetContracts.begin) {
    const column = { index: 0, name: 'class', type: 'Categorical', uniqueCount: 2, missingCount: 0 };
    const shown = { column: { ...column, lowInformation: false, statistics: null }, positiveClass: asked };
    const imageColumns = [{ index: 1, name: 'image' }];
    return { type: 'binary', ...shown, imageColumns, rowCount: HASHES.length, table, tags: true };
  }
  if (rpc === targetContracts.clear) return { left: calls.filter((call) => call.rpc === rpc).length < 3 };
  if (rpc !== targetContracts.rowImages) return {};
  const { after } = request as RequestOf<typeof targetContracts.rowImages>;
  return { images: after ? [] : HASHES.map((sha256, i) => ({ row: i + 1, column: 1, label: null, sha256 })) };
}

const bus = {
  call: async (rpc: Rpc, request: unknown) => {
    calls.push({ rpc, request: rpc.request.parse(request) });
    const failure = failing.get(rpc);
    if (failure) throw failure;
    return rpc.response.parse(answerTo(rpc, request));
  },
} as unknown as Bus;

function run(): Promise<unknown> {
  const control = jobControl({ jobId: KEY.jobId, workspace: 'w' });
  return new ReadTargetHandler(bus, blobs, new LiveRows(bus, blobs)).run(
    { workspace: 'w', projectId: KEY.projectId },
    control,
  );
}

const called = () => calls.map(({ rpc }) => rpc);
const requestOf = (wanted: Rpc) => calls.find(({ rpc }) => rpc === wanted)?.request;

describe('ReadTargetHandler', () => {
  it('removes all that was left, records images and bins, makes the target ready, and gives tags last', async () => {
    await run();
    const { begin, clear, rowImages, recordImages, recordBins, finish, tagImages } = targetContracts;
    expect(called().slice(0, 4)).toEqual([begin, clear, clear, clear]);
    expect(called().slice(4)).toEqual([rowImages, rowImages, recordImages, recordBins, finish, tagImages]);
    expect(requestOf(finish)).toEqual({ ...KEY, images: { 1: 4 }, positiveClass: 'dogs', findings: {} });
    expect(requestOf(tagImages)).toEqual({
      ...KEY,
      taggings: [
        { sha256: HASHES[1], tags: ['dogs'] },
        { sha256: HASHES[2], tags: ['cats'] },
      ],
    });
  });

  it.each([
    ['cats', ['cats', 'dogs'], 'cats'],
    ['1', ['0.0', '1.0'], '1.0'],
    ['1', ['1.0', '1'], '1'],
    ['true', ['False', 'True'], 'True'],
  ])('finds the positive class %s among %j', async (wanted, [one, other], expected) => {
    await useTable(Buffer.from(`class,image\n${one},1\n${other},2\n${one},3\n${other},1\n`));
    asked = wanted;
    await run();
    expect(requestOf(targetContracts.finish)).toMatchObject({ positiveClass: expected });
  });

  it('fails for a positive class that is not a value of the target', async () => {
    asked = 'Cats';
    await expect(run()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'positiveClass' } });
  });

  it.each(['rowImages', 'recordImages', 'recordBins', 'finish'] as const)('gives no tags if %s fails', async (name) => {
    failing.set(targetContracts[name], new DomainError('UNAVAILABLE', 'away'));
    await expect(run()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(called()).not.toContain(targetContracts.tagImages);
  });
});
