/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Bus, watchSignal } from '@pentaprism/bus';
import { eventLogChanged, eventLogContracts } from '@pentaprism/contracts';
import { eventFile, eventually, testScope } from '@pentaprism/testing';
import { randomBytes } from 'node:crypto';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { picture, pictures, pngOf, ShownEventLogs, VERSION } from './event-logs.fixture.js';
import { LoggedRuns } from './logged-runs.usecase.js';
import { MemoryRun } from './memory-runs.fixture.js';
import { ReadRuns } from './read-runs.usecase.js';
import { TendEventLogs } from './tend-event-logs.usecase.js';

const scope = testScope('logged-runs');
const HOUR_MS = 3600 * 1000;
let service: StartedTrainingIngest;
let reader: ReadRuns;
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

beforeAll(async () => {
  service = await startTrainingIngest(scope);
  reader = get(ReadRuns);
  logged = get(LoggedRuns);
});
beforeEach(() => {
  workspace = `w-${randomBytes(6).toString('hex')}`;
  shown = new ShownEventLogs(service, workspace);
});
afterAll(() => service.stop());

describe('taking runs away', () => {
  it('hides runs and shows them again without reading them', async () => {
    const run = newRun('hidden', { f: eventFile(VERSION, ...pictures(3)) });
    await read(run);
    const [event] = await shown.events('hidden');
    expect(await logged.hide(workspace, 'pushed')).toBe(0);
    expect(await logged.hide(workspace, 'directory')).toBe(1);
    expect(await shown.names()).toEqual([]);
    const call = service.call(eventLogContracts.event, { eventId: event?.id ?? '' }, workspace);
    await expect(call).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await logged.list(workspace, 'directory')).toMatchObject([{ name: 'hidden', isHidden: true }]);
    expect(await logged.show(workspace, 'directory')).toBe(1);
    expect(await shown.steps('hidden')).toEqual([0, 1, 2]);
    await logged.hide(workspace, 'directory');
    const { readBytes } = run;
    await read(run);
    expect([await shown.steps('hidden'), run.readBytes]).toEqual([[0, 1, 2], readBytes]);
  });

  it('removes the records and bytes of runs after BLOB_GRACE, and makes what comes again a new run', async () => {
    const run = newRun('gone', { f: eventFile(VERSION, ...pictures(3)) });
    await read(run, newRun('stays', { f: eventFile(VERSION, ...pictures(3)) }));
    await logged.remove(workspace, 'directory', ['gone', 'unheard of']);
    expect(await shown.names()).toEqual(['stays']);
    await read(run);
    expect(await shown.names()).toEqual(['gone', 'stays']);
    await logged.hide(workspace, 'directory');
    const tend = get(TendEventLogs);
    const later = Date.now() + 2 * HOUR_MS;
    await tend.removeRuns();
    expect(await logged.list(workspace, 'directory')).toHaveLength(2);
    await tend.removeRuns(later);
    expect(await logged.list(workspace, 'directory')).toEqual([]);
    await tend.tendBlobs(later);
    await tend.tendBlobs(later + 2 * HOUR_MS);
    expect(await shown.blobs()).toEqual([]);
  });

  it('moves the images that are left in blobs that are mostly dead', async () => {
    const run = newRun('compacted', { f: eventFile(VERSION) });
    for (let step = 0; step < 12; step++) {
      run.append(
        'f',
        eventFile(picture(step), picture(step, { tag: 'b' }), picture(step, { tag: 'c', images: [pngOf(1)] })),
      );
      if (step % 6 === 5) await read(run);
    }
    run.append('f', eventFile({ step: 1, isStart: true }, { step: 1, isStart: true }));
    await read(run);
    const before = await shown.content('compacted');
    const [event] = await shown.events('compacted');
    const old = event?.images[0]?.content.sha256;
    const tend = get(TendEventLogs);
    for (const hours of [2, 3]) await tend.tendBlobs(Date.now() + hours * HOUR_MS);
    // What was moved stays where it was, too, for some time.
    expect(await shown.blobs()).toContain(old);
    await tend.tendBlobs(Date.now() + 5 * HOUR_MS);
    const now = await shown.blobs();
    expect(now).toHaveLength(1);
    expect(now).not.toContain(old);
    expect(await shown.content('compacted')).toEqual(before);
    expect((await shown.events('compacted'))[0]?.id).toBe(event?.id);
  });
});

describe('changes', () => {
  it('are signalled and counted when something is shown that was not, and only then', async () => {
    const heard: string[] = [];
    const stop = watchSignal(get(Bus).connection, eventLogChanged, (signal) => heard.push(signal.workspace));
    const run = newRun('signals', { f: eventFile(VERSION, picture(1)) });
    await read(run);
    expect(await shown.revision()).toBe('1');
    run.append('f', eventFile({ step: 1, values: [{ tag: 'loss', plugin: 'scalars' }] }));
    await read(run);
    expect(await shown.revision()).toBe('1');
    run.append('f', eventFile(picture(2)));
    await read(run);
    expect(await shown.revision()).toBe('2');
    await eventually(() => expect(heard.filter((each) => each === workspace)).toHaveLength(2));
    stop();
  });

  it('of one workspace cannot be seen by another', async () => {
    await read(newRun('mine', { f: eventFile(VERSION, picture(1)) }));
    const { id: seriesId } = (await shown.series('mine')) ?? { id: '' };
    const [event] = await shown.events('mine');
    const elsewhere = 'another';
    expect((await service.call(eventLogContracts.runs, {}, elsewhere)).runs).toEqual([]);
    expect((await service.call(eventLogContracts.series, {}, elsewhere)).series).toEqual([]);
    const notFound = { code: 'NOT_FOUND' };
    await expect(service.call(eventLogContracts.events, { seriesId }, elsewhere)).rejects.toMatchObject(notFound);
    const call = service.call(eventLogContracts.event, { eventId: event?.id ?? '' }, elsewhere);
    await expect(call).rejects.toMatchObject(notFound);
  });
});
