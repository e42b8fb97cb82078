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
function attempt({ parts = [], ...others }: { parts?: readonly JobPart[]; othersWait?: boolean; room?: number }) {
  const kept: JobPart[] = [];
  const control = jobControl({
    parts: new Map(parts.map(({ name, file }) => [name, file])),
    checkpoint: async (part) => {
      if (part) kept.push(part);
      return { othersWait: false, ...others };
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

  it('are read into memory that threads share, and from such memory', async () => {
    const shared = () => new Uint8Array(new SharedArrayBuffer(2_000_000));
    const [source, target] = [shared(), shared()];
    source.forEach((_, i) => (source[i] = i % 251));
    const first = attempt({});
    await first.parts.keepLarge('large', source);
    const second = attempt({ parts: first.kept }).parts;
    expect(await second.readInto('large', target)).toBe(true);
    expect(Buffer.compare(Buffer.from(target), Buffer.from(source))).toBe(0);
    expect(await second.readInto('large', new Uint8Array(5))).toBe(false);
    expect(await second.readInto('other', target)).toBe(false);
  });

  it('are computed again if their file is lost', async () => {
    const file = { sha256: 'f'.repeat(64), size: 5, mediaType: 'text/plain' };
    expect(await attempt({ parts: [{ name: 'one', file }] }).parts.read('one')).toBeUndefined();
  });

  it('are computed again if they cannot be decoded', async () => {
    const first = attempt({});
    await first.parts.keep('one', BYTES);
    const { parts } = attempt({ parts: first.kept });
    expect(await parts.decoded('one', decodeVectors)).toBeUndefined();
    expect(await parts.decoded('one', (bytes) => Buffer.from(bytes).toString())).toBe('of a part');
    expect(await parts.decoded('two', decodeVectors)).toBeUndefined();
  });

  it('learn for how many bytes there is room when the job gives way', async () => {
    passTime(0);
    const { parts } = attempt({ othersWait: true, room: 7 });
    parts.begin();
    const rooms: number[] = [];
    parts.beforeGivingWay(async (room) => void rooms.push(room));
    passTime(11_000);
    await expect(parts.letOthersGoFirst()).rejects.toBeInstanceOf(LetOthersGoFirst);
    expect(rooms).toEqual([7]);
  });

  it('are kept, with what is kept only then, before the job lets others go first when its turn is over', async () => {
    passTime(0);
    const { kept, parts } = attempt({ othersWait: true });
    parts.begin();
    await parts.keep('one', BYTES);
    await parts.letOthersGoFirst();
    parts.beforeGivingWay(() => parts.note('came to', 'row 7'));
    passTime(11_000);
    await expect(parts.letOthersGoFirst()).rejects.toBeInstanceOf(LetOthersGoFirst);
    expect(kept.map(({ name }) => name)).toEqual(['one', 'came to row 7']);
    expect(attempt({ parts: kept }).parts.noted('came to')).toBe('row 7');
  });

  it('do not let others go first while no other job waits, however long the turn takes', async () => {
    passTime(0);
    const { kept, parts } = attempt({});
    parts.begin();
    passTime(60_000);
    await parts.letOthersGoFirst();
    expect(kept).toEqual([]);
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
