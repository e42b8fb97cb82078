import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSamples } from '@pentaprism/contracts';
import { eventually, startPrivateServers, testScope, type PrivateServers, type TestScope } from '@pentaprism/testing';
import { fork } from 'node:child_process';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { samplesPayload, startOwner, TestWorkers, type Owner, type Run } from './job-owner.fixture.js';
import type { JobDocument } from './job.schema.js';
import { REQUEUE_AFTER_MS } from './reconciler.js';

const done = { originals: [] };
let servers: PrivateServers;
let scope: TestScope;
let owner: Owner;

const workers = new TestWorkers(() => scope);
const work = (run?: Run) => workers.start(run);
const becomes = (job: JobDocument, state: JobDocument['state'], timeoutMs = 25_000) =>
  eventually(
    async () => {
      const now = await owner.read(job);
      expect(now.state).toBe(state);
      return now;
    },
    { timeoutMs, everyMs: 50 },
  );
const afterTheRequeueTime = () => Date.now() + REQUEUE_AFTER_MS + 1000;

beforeAll(async () => {
  servers = await startPrivateServers('valkey-server');
  scope = testScope('job-faults', servers);
  owner = await startOwner(scope);
});
afterEach(() => workers.stop());
afterAll(async () => {
  await owner.app.close();
  await scope.cleanUp();
  await servers.cleanUp();
});

describe('a worker that is killed with SIGKILL', () => {
  it('loses its job to another one, which ends it once', async () => {
    const { natsUrl, redisUrl, subjectPrefix, queuePrefix } = scope;
    const argument = JSON.stringify({ natsUrl, redisUrl, subjectPrefix, queuePrefix });
    const child = fork(`${import.meta.dirname}/job-worker.fixture.mjs`, [argument], { execArgv: [], stdio: 'inherit' });
    const job = await owner.submit();
    await once(child, 'message');
    expect(await owner.read(job)).toMatchObject({ state: 'running', worker: 'doomed', attempt: 1 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await work();
    expect(await becomes(job, 'completed')).toMatchObject({ attempt: 2, starts: 2 });
    expect(await owner.effects(job)).toEqual(['completed']);
  });
});

describe('a queue that loses everything', () => {
  it('is filled again by the reconciler', async () => {
    const jobs = await Promise.all(Array.from({ length: 20 }, () => owner.submit()));
    const valkey = new Redis(scope.redisUrl);
    expect(await valkey.dbsize()).toBeGreaterThan(20);
    await valkey.flushall();
    await valkey.quit();
    await work();
    expect(await owner.reconciler.reconcile(afterTheRequeueTime())).toBe(20);
    for (const job of jobs) {
      await becomes(job, 'completed');
      expect(await owner.effects(job)).toEqual(['completed']);
    }
  });
});

describe('a Valkey that is away', () => {
  it('keeps no request waiting, and the job is queued when it is back', async () => {
    await work();
    await servers.stop('valkey-server');
    const before = Date.now();
    const job = await owner.ledger.add(makeSamples, { workspace: 'clinic', payload: samplesPayload });
    expect(await owner.queue.enqueue(job)).toBe(false);
    expect(Date.now() - before).toBeLessThan(4000);
    await expect(owner.queue.measure()).rejects.toThrow();
    expect(await owner.reports.abort({ jobId: (await owner.submit())._id.toHexString() }, 'clinic')).toEqual({
      state: 'aborted',
    });
    await servers.start('valkey-server');
    await eventually(() => owner.queue.measure(), { timeoutMs: 25_000 });
    expect(await owner.reconciler.reconcile(afterTheRequeueTime())).toBeGreaterThanOrEqual(1);
    await becomes(job, 'completed');
    expect(await owner.effects(job)).toEqual(['completed']);
  });

  it('from the first moment on keeps neither requests nor the stop of the service waiting', async () => {
    await servers.stop('valkey-server');
    const lonely = await startOwner(scope);
    const before = Date.now();
    const job = await lonely.submit();
    expect((await lonely.read(job)).state).toBe('queued');
    expect(await lonely.reports.abort({ jobId: job._id.toHexString() }, 'clinic')).toEqual({ state: 'aborted' });
    expect(Date.now() - before).toBeLessThan(4500);
    const stop = Date.now();
    await lonely.app.close();
    expect(Date.now() - stop).toBeLessThan(7500);
    await servers.start('valkey-server');
  });

  it('while a job runs does not undo it: it ends once', async () => {
    let runs = 0;
    await work(async () => {
      runs += 1;
      await sleep(1500);
      return done;
    });
    await eventually(() => owner.queue.measure(), { timeoutMs: 25_000 });
    const job = await owner.submit();
    await eventually(() => expect(runs).toBe(1), { timeoutMs: 25_000 });
    await servers.kill('valkey-server');
    await becomes(job, 'completed');
    await sleep(2500);
    expect(await owner.effects(job)).toEqual(['completed']);
    const next = await owner.submit();
    await eventually(() => owner.queue.enqueue(next).then((queued) => expect(queued).toBe(true)), {
      timeoutMs: 25_000,
    });
    await becomes(next, 'completed');
  });
});
