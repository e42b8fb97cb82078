/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { eventLogContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { eventFile, eventually, testScope, type EventFields } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoggedRuns } from '../event-logs/logged-runs.usecase.js';
import { ReadRuns } from '../event-logs/read-runs.usecase.js';
import type { RunSource } from '../event-logs/run-source.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { FollowLogDirectory } from './follow-log-directory.usecase.js';
import { LocalLogTree } from './local-log-tree.js';
import { LEASE_MS, LogDirectoryLease } from './log-directory-lease.js';
import { LOG_DIRECTORY_MODEL, type LogDirectoryDocument } from './log-directory.schema.js';
import type { ListedFile } from './log-tree.js';
import { TestLogDirectory } from './log-tree.fixture.js';

const INTERVAL_MS = 100;
const FILE = 'events.out.tfevents.1';
const VERSION: EventFields = { wallTime: 100, fileVersion: 'brain.Event:2' };

const scope = testScope('log-directory');
let service: StartedTrainingIngest;
let directories: Model<LogDirectoryDocument>;
let logs: TestLogDirectory;
let workspace: string;
let followers: FollowLogDirectory[];

/** Counts the bytes that are read. */
class CountingTree extends LocalLogTree {
  bytes = 0;

  override async *read(run: string, file: ListedFile, offset: number): AsyncGenerator<Uint8Array> {
    for await (const piece of super.read(run, file, offset)) {
      this.bytes += piece.length;
      yield piece;
    }
  }
}

/** A file of one event for each step. Each has a picture. */
function fileOf(...steps: number[]): Buffer {
  return Buffer.concat([eventFile(VERSION), recordsOf(...steps)]);
}

function recordsOf(...steps: number[]): Buffer {
  const images = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')];
  return eventFile(...steps.map((step) => ({ wallTime: 100, step, values: [{ tag: 'a', images, plugin: 'images' }] })));
}

/** Starts an instance that follows. */
function follow(tree = new CountingTree(logs.root), reader: Pick<ReadRuns, 'read'> = get(ReadRuns)) {
  const lease = new LogDirectoryLease(directories);
  const settings = { workspace, intervalMs: INTERVAL_MS };
  const follower = new FollowLogDirectory(tree, lease, reader, get(LoggedRuns), scope.logger, settings);
  followers.push(follower);
  follower.onApplicationBootstrap();
  return { follower, tree };
}

function get<T>(type: abstract new (...args: never[]) => T): T {
  return service.app.get<T>(type as never, { strict: false });
}

/** The kept steps of each run. */
async function shown(): Promise<Record<string, number[]>> {
  const { runs } = await service.call(eventLogContracts.runs, {}, workspace);
  const { series } = await service.call(eventLogContracts.series, {}, workspace);
  const found: Record<string, number[]> = Object.fromEntries(runs.map(({ name }) => [name, []]));
  for (const { id: seriesId, runId } of series) {
    const { events } = await service.call(eventLogContracts.events, { seriesId }, workspace);
    found[runs.find(({ id }) => id === runId)?.name ?? ''] = events.map(({ step }) => Number(step));
  }
  return found;
}

const showing = (expected: Record<string, number[]>) =>
  eventually(async () => expect(await shown()).toEqual(expected), { timeoutMs: 60_000 });

/** Lets a lease end that its holder has not released. */
const expireLease = () =>
  directories.updateOne({ _id: workspace }, [{ $set: { until: { $subtract: ['$until', LEASE_MS] } } }], {
    updatePipeline: true,
  });

beforeAll(async () => {
  service = await startTrainingIngest(scope);
  directories = service.app.get(getModelToken(LOG_DIRECTORY_MODEL), { strict: false });
});
beforeEach(async () => {
  logs = await TestLogDirectory.create();
  workspace = `w-${randomBytes(6).toString('hex')}`;
  followers = [];
});
afterEach(async () => {
  for (const each of followers) await each.onModuleDestroy();
  logs.remove();
});
afterAll(() => service.stop());

describe('training-ingest', () => {
  it('follows the directory that TENSORBOARD_LOGDIR names, for the workspace "default"', async () => {
    await logs.write(`run/${FILE}`, fileOf(1, 2, 3));
    const environment = { TENSORBOARD_LOGDIR: logs.root, TENSORBOARD_RELOAD_INTERVAL: '1', TENSORBOARD_SAMPLES: '2' };
    const configured = await startTrainingIngest(testScope('log-directory-configured'), environment);
    try {
      const call = async () => (await configured.call(eventLogContracts.series, {}, 'default')).series;
      const [series] = await eventually(async () => {
        const found = await call();
        expect(found).toHaveLength(1);
        return found;
      });
      const request = { seriesId: series?.id ?? '' };
      const { events } = await configured.call(eventLogContracts.events, request, 'default');
      expect(events.map(({ step }) => step)).toEqual(['1', '3']);
    } finally {
      await configured.stop();
    }
  });
});

describe('a log directory that is followed', () => {
  it('shows appended records soon, also those of several writers in turns', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    follow();
    await showing({ run: [1] });
    const begun = performance.now();
    await logs.append(`run/${FILE}`, recordsOf(2));
    await showing({ run: [1, 2] });
    expect(performance.now() - begun).toBeLessThan(5_000);
    await logs.write(`run/${FILE}.second`, fileOf(3));
    await showing({ run: [1, 2, 3] });
    await logs.append(`run/${FILE}`, recordsOf(4));
    await logs.append(`run/${FILE}.second`, recordsOf(5));
    await showing({ run: [1, 2, 3, 4, 5] });
  });

  it('waits for the rest of a record that is written in parts', async () => {
    const record = recordsOf(2);
    await logs.write(`run/${FILE}`, Buffer.concat([fileOf(1), record.subarray(0, 20)]));
    follow();
    await showing({ run: [1] });
    await logs.append(`run/${FILE}`, record.subarray(20));
    await showing({ run: [1, 2] });
  });

  it('goes on in a longer copy that replaced a file, and reads only what is new', async () => {
    const before = fileOf(1, 2);
    await logs.write(`run/${FILE}`, before);
    const { tree } = follow();
    await showing({ run: [1, 2] });
    tree.bytes = 0;
    await logs.write('.copy', Buffer.concat([before, recordsOf(3)]));
    await rename(logs.at('.copy'), logs.at(`run/${FILE}`));
    await showing({ run: [1, 2, 3] });
    expect(tree.bytes).toBeLessThan(before.length);
  });

  it.each([
    ['shorter', fileOf(7)],
    ['as long', fileOf(7, 8)],
    ['longer', fileOf(7, 8, 9)],
  ])('shows the present state of a file that was rewritten and is %s', async (_, content) => {
    await logs.write(`run/${FILE}`, fileOf(1, 2));
    follow();
    await showing({ run: [1, 2] });
    await logs.write(`run/${FILE}`, content);
    const steps = [7, 8, 9].slice(0, (content.length - eventFile(VERSION).length) / recordsOf(7).length);
    await showing({ run: steps });
  });

  it('takes a removed run away, and makes a new one when its directory is there again', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    await logs.write(`other/${FILE}`, fileOf(1));
    follow();
    await showing({ run: [1], other: [1] });
    await rm(logs.at('run'), { recursive: true });
    await showing({ other: [1] });
    await logs.write(`run/${FILE}`, fileOf(2));
    await showing({ run: [2], other: [1] });
    await rm(logs.at('run'), { recursive: true });
    await rm(logs.at('other'), { recursive: true });
    await showing({});
  });

  it('reads on beside a named pipe, a directory named as an event file, a loop of links and damaged files', async () => {
    await logs.makePipe('run/tfevents.pipe');
    await logs.write(`run/dir.tfevents/${FILE}`, fileOf(2));
    await logs.link('run/loop', '..');
    await logs.write('damaged/tfevents.damaged', 'these are no records at all');
    await logs.write('run/tfevents.profile-empty');
    await logs.write(`run/${FILE}`, fileOf(1));
    follow();
    await showing({ run: [1], 'run/dir.tfevents': [2], damaged: [] });
    await logs.append(`run/${FILE}`, recordsOf(3));
    await showing({ run: [1, 3], 'run/dir.tfevents': [2], damaged: [] });
  });

  it('is empty until it is there', async () => {
    await rm(logs.root, { recursive: true });
    const { follower } = follow();
    await sleep(3 * INTERVAL_MS);
    expect(await shown()).toEqual({});
    expect(follower.isFollowing).toBe(false);
    await logs.write(`run/${FILE}`, fileOf(1));
    await showing({ run: [1] });
  });
});

describe('a log directory that is away', () => {
  it('hides its runs, and shows them again without reading them again', async () => {
    const content = fileOf(1, 2);
    await logs.write(`run/${FILE}`, content);
    await logs.write(`gone/${FILE}`, fileOf(1));
    const { tree } = follow();
    await showing({ run: [1, 2], gone: [1] });
    tree.bytes = 0;
    await rename(logs.root, `${logs.root}.away`);
    await showing({});
    await rm(`${logs.root}.away/gone`, { recursive: true });
    await rename(`${logs.root}.away`, logs.root);
    await showing({ run: [1, 2] });
    await logs.append(`run/${FILE}`, recordsOf(3));
    await showing({ run: [1, 2, 3] });
    expect(tree.bytes).toBeLessThan(content.length);
  });

  it('is away as well if an empty mount point is in its place', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    const { tree } = follow();
    await showing({ run: [1] });
    tree.bytes = 0;
    await rename(logs.root, `${logs.root}.away`);
    await mkdir(logs.root);
    await showing({});
    await rm(logs.root, { recursive: true });
    await rename(`${logs.root}.away`, logs.root);
    await showing({ run: [1] });
    expect(tree.bytes).toBe(0);
  });

  it('hides its runs also if no instance ran when it went', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    const { follower } = follow();
    await showing({ run: [1] });
    await follower.onModuleDestroy();
    await rename(logs.root, `${logs.root}.away`);
    follow();
    await showing({});
  });
});

describe('two instances', () => {
  it('follow one at a time, and the other goes on where the first one stopped', async () => {
    const content = fileOf(1, 2);
    await logs.write(`run/${FILE}`, content);
    const { follower: first } = follow();
    await showing({ run: [1, 2] });
    const { follower: second, tree } = follow();
    await sleep(3 * INTERVAL_MS);
    expect([first.isFollowing, second.isFollowing]).toEqual([true, false]);
    await first.onModuleDestroy();
    await logs.append(`run/${FILE}`, recordsOf(3));
    await showing({ run: [1, 2, 3] });
    expect([first.isFollowing, second.isFollowing]).toEqual([false, true]);
    expect(tree.bytes).toBeLessThan(content.length);
  });

  it('take over from one that died without a word', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    await new LogDirectoryLease(directories).take(workspace);
    const { follower: second } = follow();
    await sleep(3 * INTERVAL_MS);
    expect(second.isFollowing).toBe(false);
    await expireLease();
    await showing({ run: [1] });
  });

  it('leave the directory to the one that sees it', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    const { follower: blind } = follow(new CountingTree(`${logs.root}.other`));
    const { follower: seeing } = follow();
    await showing({ run: [1] });
    expect([blind.isFollowing, seeing.isFollowing]).toEqual([false, true]);
    await logs.append(`run/${FILE}`, recordsOf(2));
    await showing({ run: [1, 2] });
  });

  it('store nothing twice when both read at the same time', async () => {
    const steps = Array.from({ length: 8 }, (_, step) => step);
    await logs.write(`run/${FILE}`, fileOf(...steps));
    follow();
    await expireLease();
    follow();
    await showing({ run: steps });
    await logs.append(`run/${FILE}`, recordsOf(8));
    await showing({ run: [...steps, 8] });
  });
});

describe('a disk that is full', () => {
  it('makes following wait, and nothing is missing when there is space again', async () => {
    await logs.write(`run/${FILE}`, fileOf(1));
    let isFull = true;
    let refused = 0;
    const read = (origin: 'directory' | 'pushed', runs: readonly RunSource[], stopped?: () => boolean) => {
      if (!isFull) return get(ReadRuns).read(origin, runs, stopped);
      refused += 1;
      return Promise.reject(new DomainError('STORAGE_FULL', 'There is too little space.'));
    };
    const { follower } = follow(undefined, { read });
    await eventually(() => expect(refused).toBeGreaterThan(2));
    expect(await shown()).toEqual({});
    expect(follower.isFollowing).toBe(true);
    await logs.append(`run/${FILE}`, recordsOf(2));
    isFull = false;
    await showing({ run: [1, 2] });
  });
});
