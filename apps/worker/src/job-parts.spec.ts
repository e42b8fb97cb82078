import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import type { JobPart } from '@pentaprism/contracts';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeVectors, encodeVectors } from './inference/vectors-file.js';
import { jobControl } from './job-control.fixture.js';
import { JobParts } from './job-parts.js';

const BYTES = Buffer.from('of a part');

let directory: string;
let blobs: FileBlobStore;
let now = 0;

/** An attempt that was given parts, and what it keeps. */
function attempt({ parts = [], othersWait = false }: { parts?: readonly JobPart[]; othersWait?: boolean }) {
  const kept: JobPart[] = [];
  const control = jobControl({
    parts: new Map(parts.map(({ name, file }) => [name, file])),
    checkpoint: async (part) => {
      if (part) kept.push(part);
      return { othersWait };
    },
  });
  return { kept, parts: new JobParts(blobs, control) };
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-parts-'));
  blobs = await FileBlobStore.open(directory);
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => {
  jest.restoreAllMocks();
});

function passTime(milliseconds: number): void {
  now += milliseconds;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
}

describe('the parts of a job', () => {
  it('are read by a later attempt', async () => {
    const first = attempt({});
    await first.parts.keep('one', BYTES);
    const second = attempt({ parts: first.kept });
    expect(await second.parts.read('one')).toEqual(BYTES);
    expect(await second.parts.read('two')).toBeUndefined();
  });

  it('are computed again if their file is lost', async () => {
    const file = { sha256: 'f'.repeat(64), size: 5, mediaType: 'text/plain' };
    expect(await attempt({ parts: [{ name: 'one', file }] }).parts.read('one')).toBeUndefined();
  });

  it('are kept before the job lets others go first, which it does when its turn is over', async () => {
    passTime(0);
    const { kept, parts } = attempt({ othersWait: true });
    parts.begin();
    await parts.keep('one', BYTES);
    passTime(11_000);
    await expect(parts.keep('two', BYTES)).rejects.toBeInstanceOf(LetOthersGoFirst);
    expect(kept.map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('are kept while no other job waits, however long that takes', async () => {
    passTime(0);
    const { kept, parts } = attempt({});
    parts.begin();
    passTime(60_000);
    await parts.keep('one', BYTES);
    expect(kept).toHaveLength(1);
  });

  it('are due after a second of work', async () => {
    passTime(0);
    const { parts } = attempt({});
    parts.begin();
    passTime(900);
    expect(parts.isDue).toBe(false);
    passTime(200);
    expect(parts.isDue).toBe(true);
    await parts.keep('one', BYTES);
    expect(parts.isDue).toBe(false);
  });
});

describe('a file of vectors', () => {
  it('holds groups of any length, empty ones included', () => {
    for (const groups of [[], [[]], [[Float32Array.of(1, 2)], [], [Float32Array.of(3, 4), Float32Array.of(5, 6)]]])
      expect(decodeVectors(encodeVectors(groups))).toEqual(groups);
  });

  it('is refused if it is cut off', () => {
    const bytes = encodeVectors([[Float32Array.of(1, 2)]]);
    expect(() => decodeVectors(bytes.subarray(0, -1))).toThrow('truncated');
  });
});
