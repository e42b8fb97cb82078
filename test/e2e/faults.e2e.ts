import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import mongoose from 'mongoose';
import { readdir, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { CatalogView, type ImageRecord } from './support/faults-catalog.js';
import { startSampleJob } from './support/faults-job.js';
import { UploadLoad, type Attempt } from './support/faults-load.js';
import { startFaultyStack, type FaultyStack } from './support/faults-stack.js';

/** Milliseconds until a job whose worker was killed has ended: it is missed after 20 s at most, and starts again. */
const JOB_RECOVERS_WITHIN_MS = 45_000;
const DAY_MS = 24 * 3600 * 1000;

let faulty: FaultyStack;
let catalog: CatalogView;
/** Of all tests: a later fault must not take what an earlier one left. */
const attempts: Attempt[] = [];

beforeAll(async () => {
  faulty = await startFaultyStack();
  catalog = new CatalogView(faulty);
}, 60_000);

afterAll(async () => {
  await faulty?.stop();
}, 30_000);

/** Clients upload while `fault` happens, and go on afterwards; then the system is held to what it said to them. */
async function underLoad(fault: () => Promise<void>): Promise<void> {
  const load = new UploadLoad(faulty);
  try {
    await load.goesOn();
    await fault();
    await load.goesOn();
  } finally {
    await load.stop();
    attempts.push(...load.attempts);
  }
  expect(load.wrongAnswers).toEqual([]);
  await checkStored(load.attempts);
}

/** Every acknowledged upload is there, under its number, with its bytes. */
async function checkStored(of: readonly Attempt[]): Promise<void> {
  const acknowledged = of.filter((attempt) => attempt.acknowledged);
  await forEach(acknowledged, async ({ id, fileName, bytes, sha256 }) => {
    const record = await catalog.image(id as number);
    expect(record).toMatchObject({ filename: fileName, size: bytes.length });
    expect(await catalog.hashOf(record)).toBe(sha256);
  });
}

describe.each([
  ['a service in the way of every upload', 'training-ingest'],
  ['the service that makes tags', 'tagging'],
  ['the catalog', 'catalog'],
  ['the gateway', 'gateway'],
  ['the database', 'mongod'],
  ['the bus', 'nats-server'],
  ['the queue', 'valkey-server'],
])('kill -9 of %s', (_what, name) => {
  it(`${name}: what was acknowledged is there, and the system is ready again by itself`, async () => {
    await underLoad(async () => {
      faulty.kill(name);
      await faulty.recovered(name);
    });
  }, 60_000);
});

describe('kill -9 of the worker', () => {
  it('in the middle of an augmentation job: it runs again and ends once', async () => {
    const job = await startSampleJob(faulty);
    const ledger = faulty.database.collection('jobs');
    const _id = new mongoose.Types.ObjectId(job.id);
    await underLoad(async () => {
      await eventually(async () => expect(await ledger.findOne({ _id })).toMatchObject({ state: 'running' }));
      faulty.kill('worker');
      await faulty.recovered('worker');
    });
    await eventually(async () => expect(await ledger.findOne({ _id })).toMatchObject({ state: 'completed' }), {
      timeoutMs: JOB_RECOVERS_WITHIN_MS,
      everyMs: 250,
    });
    expect(await ledger.findOne({ _id })).toMatchObject({ attempt: 2, starts: 2, progress: 1 });
    const samples = await job.samples();
    expect(samples).toHaveLength(job.originals * (1 + job.newImages));
    expect(new Set(samples.map(({ imageId }) => imageId)).size).toBe(samples.length);
    expect(samples.filter(({ originalImageId }) => originalImageId === null)).toHaveLength(job.originals);
    await eventually(() => expect(job.ends()).toBe(1));
    await job.stopListening();
  }, 90_000);
});

describe('after all of it', () => {
  it('every record is there once, can be explained, and has its bytes', async () => {
    const { records, total } = await catalog.everything();
    expect(total).toBe(records.length);
    const ids = records.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const byName = new Map(records.map((record) => [record.filename, record]));
    expect(byName.size).toBe(records.length);
    const known = new Map(attempts.map((attempt) => [attempt.fileName, attempt]));
    // A request whose answer was lost may have made its record; nothing else may.
    expect([...byName.keys()].filter((name) => !known.has(name))).toEqual([]);
    const missing = attempts.filter(({ acknowledged, fileName }) => acknowledged && !byName.has(fileName));
    expect(missing).toEqual([]);
    await forEach(records, (record) => checkBytes(record, known.get(record.filename)));
  }, 60_000);

  it('every content is analysed, every job has ended, every fact was published', async () => {
    const { collections } = tables();
    const settled = { timeoutMs: JOB_RECOVERS_WITHIN_MS, everyMs: 500 };
    await eventually(async () => {
      expect(await collections.contents.countDocuments({ state: { $ne: 'decoded' } })).toBe(0);
      expect(await collections.images.countDocuments({ state: { $nin: ['decoded', 'awaiting-file'] } })).toBe(0);
      expect(await collections.jobs.countDocuments({ state: { $ne: 'completed' } })).toBe(0);
      expect(await collections.catalogOutbox.countDocuments({})).toBe(0);
      expect(await collections.augmentationOutbox.countDocuments({})).toBe(0);
    }, settled);
    // One job for each content, however often it was started.
    expect(await collections.jobs.countDocuments({ type: 'content.analyse' })).toBe(
      await collections.contents.countDocuments({}),
    );
  }, 60_000);

  it('the sweeps remove the files that nobody will finish, and nothing else', async () => {
    const { collections } = tables();
    const kept = async () => ({
      originals: (await collections.contents.distinct('sha256')).sort(),
      thumbnails: [...new Set(await collections.contents.distinct('thumbnail.sha256'))].sort(),
    });
    // The sweeper waits an hour with temporary files and a day with bytes that no record knows: make them old.
    const files = await filesBelow(faulty.blobs);
    const old = new Date(Date.now() - 2 * DAY_MS);
    for (const file of files) await utimes(file, old, old);
    // The first sweep of a catalog comes 15 s after its start.
    faulty.kill('catalog');
    await faulty.recovered('catalog');
    const { originals, thumbnails } = await kept();
    await eventually(
      async () => {
        expect(await namesIn('tmp')).toEqual([]);
        expect(await namesIn('trash')).toEqual([]);
        expect(await namesIn('blobs/originals')).toEqual(originals);
        expect(await namesIn('blobs/thumbnails')).toEqual(thumbnails);
      },
      { timeoutMs: 25_000, everyMs: 500 },
    );
    await checkStored(attempts);
  }, 90_000);

  async function checkBytes(record: ImageRecord, attempt: Attempt | undefined): Promise<void> {
    const hash = await catalog.hashOf(record);
    // Announced, and its file never came: that is what its client was told, too.
    if (hash === null) expect(attempt?.acknowledged).toBe(false);
    else expect(hash).toBe(attempt?.sha256);
  }

  function tables() {
    const table = (name: string) => faulty.database.collection(name);
    const collections = {
      contents: table('contents'),
      images: table('images'),
      jobs: table('jobs'),
      catalogOutbox: table('catalog_outbox'),
      augmentationOutbox: table('augmentation_outbox'),
    };
    return { collections };
  }

  async function namesIn(directory: string): Promise<string[]> {
    return (await filesBelow(path.join(faulty.blobs, directory))).map((file) => path.basename(file)).sort();
  }
});

/** Eight at a time. */
async function forEach<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const next = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await action(item);
  };
  await Promise.all(Array.from({ length: 8 }, next));
}

async function filesBelow(directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of await readdir(directory, { recursive: true }).catch(() => [])) {
    const file = path.join(directory, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) files.push(file);
  }
  return files;
}
