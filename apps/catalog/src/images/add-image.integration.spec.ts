import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { imageContracts as images, projectContracts as projects } from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { runWithContext } from '@pentaprism/observability';
import { sharedServers, startTcpProxy, testScope, type TcpProxy } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterRepository } from '../directory/counter.repository.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';

const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));
const someBytes = () => ({ sha256: randomBytes(32).toString('hex'), size: 3, mediaType: 'image/png' });

let catalog: StartedCatalog;
let proxy: TcpProxy;
/** A new one for each test. */
let workspace: string;
let library: string;

const list = () => catalog.call(images.list, { limit: 1000 }, workspace);
const create = (changes: object = {}) =>
  catalog.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: null, ...changes }, workspace);
const outcomeOf = async (call: Promise<unknown>) =>
  call.then(() => 'done').catch((error: { code: string }) => error.code);

/** The next images wait together, for the numbers of a first one, until this is called. */
function holdFirst(): () => void {
  const { nextInTime } = CounterRepository.prototype;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  jest.spyOn(CounterRepository.prototype, 'nextInTime').mockImplementationOnce(async function (
    this: CounterRepository,
    ...of
  ) {
    await released;
    return nextInTime.apply(this, of);
  });
  return release;
}

beforeAll(async () => {
  const servers = sharedServers();
  proxy = await startTcpProxy(`http://${new URL(servers.mongodbUri).host}`);
  const direct = new URL(servers.mongodbUri);
  direct.host = new URL(proxy.origin).host;
  // The proxy is no member of the replica set; where the user's password is kept stays as it is.
  direct.searchParams.delete('replicaSet');
  direct.searchParams.set('directConnection', 'true');
  catalog = await startCatalog(testScope('add-image', { ...servers, mongodbUri: direct.href }));
});
afterAll(async () => {
  await catalog.stop();
  await proxy.close();
});
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  library = (await catalog.call(projects.resolve, {}, workspace)).project;
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('images that come at once', () => {
  it('share new bytes, and their one analysis; a tag that is gone refuses one of them alone', async () => {
    const tag = { id: 'b'.repeat(24), number: 1, name: 'gone' };
    await catalog.call(images.applyTag, { tagId: tag.id, projectId: library, name: null, revision: 1 }, workspace);
    const [shared, own] = [someBytes(), someBytes()];
    const release = holdFirst();
    const first = create();
    const group = [
      create({ content: shared }),
      create({ content: shared }),
      create({ content: own, tags: [tag] }),
      create({ content: shared, tags: [{ ...tag, id: 'c'.repeat(24) }] }),
    ];
    await sleep(50);
    release();
    expect(await Promise.all([first, ...group].map(outcomeOf))).toEqual(['done', 'done', 'done', 'CONFLICT', 'done']);
    const { total, images: made } = await list();
    expect([total, made.filter(({ sha256 }) => sha256 === shared.sha256).length]).toEqual([4, 3]);
    const jobs = await catalog.app
      .get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false })
      .find({ workspace })
      .lean();
    expect(jobs.map(({ payload }) => (payload as { sha256: string }).sha256)).toEqual([shared.sha256]);
  });

  it('do not wait one after another for a database that is away', async () => {
    const away = Object.assign(new Error('no server'), { name: 'MongoServerSelectionError' });
    const asked = jest.spyOn(CounterRepository.prototype, 'nextInTime').mockImplementation(async () => {
      await sleep(100);
      throw away;
    });
    const outcomes = await Promise.all(times(8, () => outcomeOf(create())));
    expect(outcomes).toEqual(times(8, () => 'UNAVAILABLE'));
    expect(asked.mock.calls.length).toBeLessThan(5);
  });

  it('are not made when nobody waits for them any more', async () => {
    const release = holdFirst();
    const first = create();
    await sleep(20);
    const context = { traceId: 'e'.repeat(32), workspace, actor: '', deadline: performance.now() + 200 };
    const late = times(3, () => outcomeOf(runWithContext(context, () => create())));
    const patient = create();
    expect(await Promise.all(late)).toEqual(times(3, () => 'DEADLINE_EXCEEDED'));
    release();
    const made = [(await first).id, (await patient).id];
    expect((await list()).images.map(({ id }) => id).sort()).toEqual(made.sort());
  });
});

it('a connection that goes silent fails those who wait for it together in time', async () => {
  await create();
  await list();
  proxy.stall();
  try {
    expect(await Promise.all([outcomeOf(list()), outcomeOf(create())])).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  } finally {
    proxy.restore();
  }
  for (let attempt = 1; attempt < 20 && (await outcomeOf(list())) !== 'done'; attempt++) await sleep(100);
  await create();
  expect((await list()).total).toBeGreaterThan(1);
});
