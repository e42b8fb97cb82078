/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { Bus } from '@pentaprism/bus';
import { eventLogContracts } from '@pentaprism/contracts';
import { BLOB_STORE } from '@pentaprism/service';
import { eventFile, eventRecord, testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { IMAGE_EVENT_MODEL } from './event-log.schema.js';
import { EventLogRepository } from './event-log.repository.js';
import { picture, pictures, pngOf, ShownEventLogs, VERSION } from './event-logs.fixture.js';
import { MAX_PASS_RECORDS } from './limits.js';
import { LoggedRuns } from './logged-runs.usecase.js';
import { MemoryRun } from './memory-runs.fixture.js';
import { ReadRuns } from './read-runs.usecase.js';
import { TendEventLogs } from './tend-event-logs.usecase.js';

const scope = testScope('event-logs');
const HOUR_MS = 3600 * 1000;
const START = { wallTime: 100, isStart: true };
let service: StartedTrainingIngest;
let reader: ReadRuns;
/** Of another instance. */
let other: ReadRuns;
let logged: LoggedRuns;
let workspace: string;
let shown: ShownEventLogs;

const read = (...runs: MemoryRun[]) =>
  reader.read(
    'directory',
    runs.map(({ source }) => source),
  );
const newRun = (name: string, files?: Record<string, Buffer>) => new MemoryRun(workspace, name, files);
const get = <T>(type: new (...parameters: never[]) => T) => service.app.get<T>(type, { strict: false });

/** A reader that keeps another number of events. */
function readerOf(samples: number): ReadRuns {
  const config = service.app.get<TrainingIngestConfig>(TRAINING_INGEST_CONFIG, { strict: false });
  return new ReadRuns(
    ...[get(EventLogRepository), get(Bus), service.app.get(BLOB_STORE, { strict: false })],
    { ...config, TENSORBOARD_SAMPLES: samples },
    scope.logger,
  );
}

beforeAll(async () => {
  service = await startTrainingIngest(scope);
  reader = get(ReadRuns);
  logged = get(LoggedRuns);
  other = (await service.startAnother()).get(ReadRuns, { strict: false });
});
beforeEach(() => {
  workspace = `w-${randomBytes(6).toString('hex')}`;
  shown = new ShownEventLogs(service, workspace);
});
afterAll(() => service.stop());

describe('reading event files', () => {
  it('keeps the steps that TensorBoard keeps, with their bytes', async () => {
    const events = pictures(51);
    const run = newRun('train', { f: eventFile(VERSION, ...events) });
    const [progress] = await read(run);
    const offset = run.source.files[0]?.size;
    expect(progress).toMatchObject({ name: 'train', hasMore: false, refused: null, files: [{ name: 'f', offset }] });
    expect(await shown.steps('train')).toEqual([1, 2, 3, 20, 24, 32, 33, 37, 49, 50]);
    for (const event of await shown.events('train')) {
      expect(await shown.bytes(event)).toEqual(events[Number(event.step)]?.values?.[0]?.images?.[0]);
      expect(event.images[0]?.mediaType).toBe('image/png');
      expect(event.wallTime).toBe(String(1000 + Number(event.step)));
    }
  });

  it('gives the result of one reading when a file grows in pieces, and reads nothing twice', async () => {
    const whole = eventFile(VERSION, ...pictures(60), { step: 40, isStart: true }, ...pictures(30, 40));
    const at = newRun('once', { f: whole });
    await read(at);
    const growing = newRun('growing');
    for (const end of [0, 5, 100, 1234, 4000, 6001, whole.length]) {
      growing.overwrite('f', whole.subarray(0, end));
      if (end === 0) growing.append('f', Buffer.alloc(0));
      await read(growing);
    }
    expect(await shown.content('growing')).toEqual(await shown.content('once'));
    const { readBytes } = growing;
    await read(growing);
    await other.read('directory', [growing.source]);
    expect(growing.readBytes).toBe(readBytes);
    // A record that was cut off is read again, and the checksum before it.
    expect(readBytes).toBeLessThan(whole.length + 7 * 200);
  });

  it('gives the result of one reading when two instances read the same files', async () => {
    const files = { f1: eventFile(VERSION, ...pictures(60)), f2: eventFile(VERSION, START, ...pictures(40, 50)) };
    const runs = Array.from({ length: 4 }, (_, i) => newRun(`run ${String(i)}`, files));
    const grown = eventFile(...pictures(25, 90));
    for (const bytes of [Buffer.alloc(0), grown]) {
      for (const run of runs) run.append('f2', bytes);
      const sources = runs.map(({ source }) => source);
      await Promise.all([reader, other, reader].map((each) => each.read('directory', sources)));
    }
    const alone = newRun('alone', { f1: files.f1, f2: files.f2 });
    await read(alone);
    alone.append('f2', grown);
    await read(alone);
    const expected = await shown.content('alone');
    expect(expected).toHaveLength(10);
    for (const { name } of runs) expect(await shown.content(name)).toEqual(expected);
  });

  it('leaves nothing but a blob behind when it ends between the blob and the records', async () => {
    const run = newRun('killed', { f: eventFile(VERSION, ...pictures(20)) });
    const store = jest.spyOn(EventLogRepository.prototype, 'store').mockRejectedValueOnce(new Error('killed'));
    await expect(read(run)).rejects.toThrow('killed');
    store.mockRestore();
    expect(await shown.names()).toEqual([]);
    const [orphan] = await shown.blobs();
    run.append('f', eventFile(...pictures(5, 20)));
    await other.read('directory', [run.source]);
    expect(await shown.steps('killed')).toHaveLength(10);
    const content = await shown.content('killed');
    await get(TendEventLogs).tendBlobs(Date.now() + 2 * HOUR_MS);
    expect(await shown.blobs()).toContain(orphan);
    await get(TendEventLogs).tendBlobs(Date.now() + 4 * HOUR_MS);
    expect(await shown.blobs()).toHaveLength(1);
    expect(await shown.blobs()).not.toContain(orphan);
    expect(await shown.content('killed')).toEqual(content);
  });

  it('goes on where it was in a longer copy that took the place of a file', async () => {
    const begin = eventFile(VERSION, ...pictures(4));
    const run = newRun('copied', { f: begin });
    await read(run);
    const first = await shown.events('copied');
    run.replace('f', Buffer.concat([begin, eventFile(...pictures(3, 4))]));
    const { readBytes } = run;
    await read(run);
    expect(run.readBytes - readBytes).toBeLessThan(begin.length);
    expect((await shown.events('copied')).slice(0, 4)).toEqual(first);
    expect(await shown.steps('copied')).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ['shorter', 2],
    ['longer', 9],
  ])('begins a run again when one of its files was rewritten and is %s', async (_, count) => {
    const run = newRun('again', { e: eventFile(VERSION, picture(100)), f: eventFile(VERSION, ...pictures(4)) });
    await read(run);
    run.overwrite('f', eventFile(VERSION, ...pictures(count, 50)));
    await read(run);
    expect(await shown.names()).toEqual(['again']);
    expect(await shown.steps('again')).toEqual([...pictures(count, 50).map(({ step }) => Number(step)), 100]);
    expect(await logged.list(workspace, 'directory')).toMatchObject([{ name: 'again', files: [{ name: 'e' }, {}] }]);
  });

  it('begins a run again when none of its files is left', async () => {
    const run = newRun('other', { f: eventFile(VERSION, ...pictures(4)) });
    await read(run);
    run.delete('f');
    run.replace('g', eventFile(VERSION, picture(7)));
    await read(run);
    expect(await shown.steps('other')).toEqual([7]);
  });

  it('takes a START in a later file for a restart, even if it is the first one of the run', async () => {
    const run = newRun('purged', {
      f1: eventFile(VERSION, ...pictures(6)),
      f2: eventFile(VERSION, { step: 3, isStart: true }, picture(3)),
    });
    await read(run);
    expect(await shown.steps('purged')).toEqual([0, 1, 2, 3]);
  });

  it('reads the other files of a run when one is damaged, is no event file, or cannot be read', async () => {
    const damaged = eventFile(VERSION, picture(1), picture(2));
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    const run = newRun('poisoned', {
      a: damaged,
      b: Buffer.concat([eventFile(picture(3)), eventRecord(Buffer.from('no event')), eventFile(picture(4))]),
      c: eventFile(picture(5)),
      d: eventFile(picture(6)),
    });
    run.broken = 'c';
    const good = newRun('good', { f: eventFile(VERSION, picture(1)) });
    const [progress] = await read(run, good);
    expect(progress?.error).toEqual(new Error('The file c is broken.'));
    expect(await shown.steps('poisoned')).toEqual([1, 3, 6]);
    expect(await shown.steps('good')).toEqual([1]);
    expect(await shown.problems()).toEqual([
      { run: 'poisoned', file: 'b', problem: expect.stringContaining('is not an event') },
      { run: 'poisoned', file: 'a', problem: expect.stringContaining('the checksum of the data is wrong') },
    ]);
    run.broken = undefined;
    run.append('a', eventFile(picture(9)));
    await read(run);
    expect(await shown.steps('poisoned')).toEqual([1, 3, 5, 6]);
    // A whole copy of a damaged file is read on.
    run.replace('a', Buffer.concat([damaged.subarray(0, progress?.files[0]?.offset), eventFile(picture(2))]));
    await read(run);
    expect(await shown.steps('poisoned')).toEqual([1, 2, 3, 5, 6]);
  });

  it('makes no run of files of which none can be read', async () => {
    const run = newRun('unread', { f: eventFile(VERSION, picture(1)) });
    run.broken = 'f';
    const [progress] = await read(run);
    expect(progress?.error).toEqual(new Error('The file f is broken.'));
    expect(await shown.names()).toEqual([]);
    run.broken = undefined;
    await read(run);
    expect(await shown.steps('unread')).toEqual([1]);
  });

  it('keeps 64 bits of steps, odd times and odd names as they were written', async () => {
    const names = ['$where', 'a.b', '__proto__', '', '\u0000', 'line\nbreak', '漢'.repeat(1000)];
    const steps = [-(2n ** 63n), -1n, 9007199254740993n, 2n ** 63n - 1n];
    const times = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1.5];
    const events = names.flatMap((tag) =>
      steps.map((step, i) => ({ ...picture(step, { tag, displayName: `<${tag}>` }), wallTime: times[i] ?? 0 })),
    );
    await read(...names.map((name) => newRun(name, { [`f${name}`]: eventFile(VERSION, ...events) })));
    expect((await shown.names()).sort()).toEqual([...names].sort());
    for (const name of names) {
      const found = await shown.events(name, name);
      expect(found.map(({ step }) => BigInt(step))).toEqual(steps);
      expect(found.map(({ wallTime }) => wallTime)).toEqual(['NaN', 'Infinity', '-0', '1.5']);
      expect(await shown.series(name, name)).toMatchObject({ displayName: `<${name}>` });
    }
  });

  it('stores empty images, several samples and the older format', async () => {
    const [one, two] = [pngOf(), Buffer.from('<svg/>')];
    const run = newRun('shapes', {
      f: eventFile(
        VERSION,
        picture(1, { tag: 'many', images: [one, two], width: 7, height: 9, description: '*x* <b>y</b>' }),
        picture(1, { tag: 'empty', images: [Buffer.alloc(0)] }),
        picture(1, { tag: 'none', images: [] }),
        { step: 2, values: [{ tag: 'old/image', image: two, width: 3, height: 4 }] },
        { step: 3, values: [{ tag: 'scalar', plugin: 'scalars' }] },
      ),
    });
    await read(run);
    const [many] = await shown.events('shapes', 'many');
    expect(many).toMatchObject({ width: 7, height: 9, images: [{ mediaType: 'image/png' }, {}] });
    expect(await shown.bytes(many, 1)).toEqual(two);
    expect(await shown.series('shapes', 'many')).toMatchObject({
      samples: 2,
      description: '<p><em>x</em> &lt;b&gt;y&lt;/b&gt;</p>',
    });
    expect(await shown.events('shapes', 'empty')).toMatchObject([
      { images: [{ length: 0, mediaType: 'application/octet-stream' }] },
    ]);
    expect(await shown.series('shapes', 'none')).toMatchObject({ samples: 0 });
    expect(await shown.events('shapes', 'old/image')).toMatchObject([
      { width: 3, height: 4, images: [{ mediaType: 'application/octet-stream' }] },
    ]);
    expect(await shown.series('shapes', 'scalar')).toBeUndefined();
  });

  it('lists runs by the time of their first event, and those without one last', async () => {
    const at = (name: string, wallTime: number) => newRun(name, { f: eventFile({ ...VERSION, wallTime }) });
    await read(newRun('z', { f: Buffer.alloc(0) }), at('late', 9), at('B', 2), at('a', 2), at('10', 2), newRun('y'));
    expect(await shown.names()).toEqual(['10', 'B', 'a', 'late', 'y', 'z']);
  });

  it('refuses a name that a run of another origin has', async () => {
    const run = newRun('taken', { f: eventFile(VERSION, picture(1)) });
    await reader.read('pushed', [run.source]);
    expect(await read(run)).toMatchObject([{ refused: expect.stringContaining('was pushed'), files: [] }]);
    expect(await shown.steps('taken')).toEqual([1]);
  });
});

describe('keeping all events', () => {
  it('keeps each of 400 steps with its picture, until a restart removes some', async () => {
    const all = readerOf(0);
    const written = pictures(400);
    const run = newRun('all', { f: eventFile(VERSION, START, ...written) });
    await all.read('directory', [run.source]);
    const events = await shown.events('all');
    expect(events.map(({ step }) => Number(step))).toEqual(Array.from({ length: 400 }, (_, i) => i));
    const bytes = await Promise.all(events.map((event) => shown.bytes(event)));
    expect(bytes).toEqual(written.map(({ values }) => values?.[0]?.images?.[0]));
    run.append(
      'f',
      eventFile(picture(400), { step: 100, isStart: true }, picture(100, { images: [pngOf(), pngOf()] })),
    );
    await all.read('directory', [run.source]);
    expect(await shown.steps('all')).toEqual(Array.from({ length: 101 }, (_, i) => i));
    expect(await shown.series('all')).toMatchObject({ samples: 2 });
    const last = (await shown.events('all')).at(-1);
    run.append('f', eventFile({ step: 50, isStart: true }));
    await all.read('directory', [run.source]);
    const rest = await shown.content('all');
    expect(rest).toHaveLength(50);
    expect(await shown.series('all')).toMatchObject({ samples: 1 });
    const gone = service.call(eventLogContracts.event, { eventId: last?.id ?? '' }, workspace);
    await expect(gone).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const model = service.app.get<Model<unknown>>(getModelToken(IMAGE_EVENT_MODEL), { strict: false });
    await get(TendEventLogs).removeRuns();
    expect(await model.countDocuments({ workspace })).toBe(50);
    expect(await shown.content('all')).toEqual(rest);
  });

  it('counts the events of each tag that a restart has left', async () => {
    const all = readerOf(0);
    const tags = ['a', 'b', 'c'].flatMap((tag, i) => pictures(4, 4 * i, { tag, images: [pngOf(), pngOf()] }));
    const run = newRun('tags', { f: eventFile(VERSION, START, ...tags, picture(1, { tag: 'a' })) });
    await all.read('directory', [run.source]);
    for (const step of [6, 1]) {
      run.append('f', eventFile({ step, isStart: true }, picture(step)));
      await all.read('directory', [run.source]);
      const steps = await Promise.all(['a', 'b', 'c'].map((tag) => shown.steps('tags', tag)));
      expect(steps).toEqual(step === 6 ? [[0, 1, 2, 3, 6], [4, 5], []] : [[0, 1], [], []]);
    }
    expect(await shown.series('tags')).toMatchObject({ samples: 2 });
    expect(await shown.series('tags', 'b')).toBeUndefined();
  });

  it('returns how far a run is after the last pass when the caller ends the reading', async () => {
    const run = newRun('stopped', { f: eventFile(VERSION, ...pictures(1.5 * MAX_PASS_RECORDS)) });
    const stop = jest.fn(() => true).mockReturnValueOnce(false);
    const [progress] = await readerOf(0).read('pushed', [run.source], stop);
    const [stored] = await logged.list(workspace, 'pushed');
    expect(progress).toMatchObject({ hasMore: true, files: stored?.files });
    expect(progress?.files[0]?.offset).toBeGreaterThan(0);
  });

  it('pages through the steps of a series', async () => {
    const doubled = [...pictures(25), ...pictures(25)];
    await readerOf(0).read('directory', [newRun('pages', { f: eventFile(VERSION, ...doubled) }).source]);
    const { id: seriesId } = (await shown.series('pages')) ?? { id: '' };
    const steps: string[] = [];
    for (let after: string | undefined | null; after !== null;) {
      const request = { seriesId, limit: 7, ...(after === undefined ? {} : { after }) };
      const page = await service.call(eventLogContracts.events, request, workspace);
      steps.push(...page.events.map(({ step }) => step));
      after = page.next;
    }
    expect(steps).toEqual(Array.from({ length: 25 }, (_, i) => String(i)));
  });

  it('reads a directory again when the number of kept events was changed', async () => {
    const run = newRun('changed', { f: eventFile(VERSION, ...pictures(51)) });
    await readerOf(0).read('directory', [run.source]);
    await readerOf(5).read('directory', [run.source]);
    expect(await shown.steps('changed')).toEqual([1, 2, 4, 49, 50]);
  });
});
