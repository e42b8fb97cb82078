import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { watchFact } from '@pentaprism/bus';
import { jobFinished, makeSamples } from '@pentaprism/contracts';
import { DomainError, MAX_JOB_STARTS } from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import type { Queue } from 'bullmq';
import { Types } from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';
import { FIRST_RETRY_MS, toJob } from './job-ledger.js';
import {
  JobsUnderTest,
  reportsOver,
  samplesPayload,
  type Owner,
  type Run,
  type TestWorker,
} from './job-owner.fixture.js';
import type { JobDocument } from './job.schema.js';
import { LOST_AFTER_MS, REQUEUE_AFTER_MS } from './reconciler.js';

const done = { originals: [] };
let jobs: JobsUnderTest;
let owner: Owner;
let caller: TestWorker;
let report: ReturnType<typeof reportsOver>;
let bullQueue: Queue;

const work = (run: Run) => jobs.workers.start(run);
const becomes = (job: JobDocument, state: JobDocument['state'], timeoutMs = 10_000) =>
  eventually(
    async () => {
      const now = await owner.read(job);
      expect(now.state).toBe(state);
      return now;
    },
    { timeoutMs },
  );
const ledgerOnly = () => jobs.ledgerOnly();

beforeAll(async () => {
  jobs = await JobsUnderTest.start(testScope('jobs'));
  ({ owner, caller, bullQueue } = jobs);
  report = reportsOver(caller.bus);
});
afterEach(() => jobs.clear());
afterAll(() => jobs.stop());

describe('a job', () => {
  it('goes the whole way, takes effect once, and is announced', async () => {
    const facts: unknown[] = [];
    const stop = watchFact(caller.bus.connection, jobFinished, (fact) => facts.push(fact));
    const seen: unknown[] = [];
    await work((payload, control) => {
      seen.push(payload, control.workspace, control.jobId);
      return Promise.resolve(done);
    });
    const job = await owner.submit({ number: 7, subject: { list: 'x' } });
    const completed = await becomes(job, 'completed');
    expect(seen).toEqual([samplesPayload, 'clinic', job._id.toHexString()]);
    expect(await owner.effects(job)).toEqual(['completed']);
    expect(toJob(completed)).toMatchObject({
      id: job._id.toHexString(),
      number: 7,
      state: 'completed',
      progress: 1,
      error: null,
      subject: { list: 'x' },
    });
    const fact = { jobId: job._id.toHexString(), owner: 'augmentation', type: 'samples.make', state: 'completed' };
    await eventually(() => expect(facts).toEqual([fact]));
    await eventually(async () => expect(await bullQueue.getJobCountByTypes()).toBe(0));
    stop();
  });

  it('shows its progress, which never goes back', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    await work(async (_payload, control) => {
      await sleep(300);
      control.progress(0.6);
      await sleep(300);
      control.progress(0.4);
      await finished;
      return done;
    });
    const job = await owner.submit();
    await eventually(async () => expect((await owner.read(job)).progress).toBe(0.6));
    await sleep(400);
    expect((await owner.read(job)).progress).toBe(0.6);
    finish();
    expect((await becomes(job, 'completed')).progress).toBe(1);
  });

  it('of 100 is each done once by two workers', async () => {
    const runs = new Map<string, number>();
    const run: Run = (_payload, { jobId }) => {
      runs.set(jobId, (runs.get(jobId) ?? 0) + 1);
      return Promise.resolve(done);
    };
    await work(run);
    await work(run);
    const jobs = await Promise.all(Array.from({ length: 100 }, () => owner.submit()));
    await eventually(async () => expect(await owner.ledger.jobs.countDocuments({ state: 'completed' })).toBe(100));
    expect([...runs.values()]).toEqual(Array.from({ length: 100 }, () => 1));
    for (const job of jobs) expect(await owner.effects(job)).toEqual(['completed']);
  });

  it('submitted twice under one idempotency key is one job, also 20 at once', async () => {
    const add = (idempotencyKey: string, workspace = 'clinic') =>
      owner.ledger.addOnce(makeSamples, { workspace, payload: samplesPayload, idempotencyKey });
    const first = await add('key');
    const second = await add('key');
    expect(first.created).toBe(true);
    expect(second.created).toBe(false);
    expect(second.job._id).toEqual(first.job._id);
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => add('crowd')));
    expect(atOnce.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(atOnce.map(({ job }) => job._id.toHexString())).size).toBe(1);
    expect((await add('key', 'practice')).created).toBe(true);
    expect(await owner.ledger.countPending('clinic', makeSamples)).toBe(2);
  });
});

describe('an abort', () => {
  it('of a queued job ends it before any worker has it', async () => {
    const job = await owner.submit();
    expect(await report.abort(job)).toEqual({ state: 'aborted' });
    expect(await bullQueue.getJobCountByTypes()).toBe(0);
    let runs = 0;
    await work(() => {
      runs += 1;
      return Promise.resolve(done);
    });
    const next = await owner.submit();
    await becomes(next, 'completed');
    expect(runs).toBe(1);
    expect(await owner.effects(job)).toEqual(['aborted']);
  });

  it('of a running job reaches its handler, whose result is not accepted any more', async () => {
    let reason: unknown;
    let running = false;
    await work(async (_payload, control) => {
      running = true;
      control.signal.addEventListener('abort', () => (reason = control.signal.reason));
      for (let n = 1; !control.signal.aborted && n < 100; n += 1) {
        await sleep(100);
        control.progress(n / 100);
      }
      return done;
    });
    const job = await owner.submit();
    await eventually(() => expect(running).toBe(true));
    await report.abort(job);
    await eventually(() => expect(reason).toBeDefined());
    expect(await report.complete(job, 1)).toEqual({ accepted: false });
    await eventually(async () => expect(await bullQueue.getJobCountByTypes()).toBe(0));
    expect((await owner.read(job)).state).toBe('aborted');
    expect(await owner.effects(job)).toEqual(['aborted']);
  });

  it('comes too late for a finished job, and finds none in another workspace', async () => {
    const job = await ledgerOnly();
    await expect(report.abort(job, 'practice')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(report.abort({ _id: new Types.ObjectId() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await report.start(job);
    await report.complete(job, 1);
    await expect(report.abort(job)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});

describe('a failure', () => {
  it('that may pass is tried again after a while', async () => {
    const times: number[] = [];
    await work(() => {
      times.push(Date.now());
      if (times.length === 1) throw new DomainError('UNAVAILABLE', 'The blob store is away.');
      return Promise.resolve(done);
    });
    const job = await owner.submit();
    const completed = await becomes(job, 'completed');
    expect(completed).toMatchObject({ attempt: 2, starts: 1 });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(FIRST_RETRY_MS * 0.95);
    expect(await owner.effects(job)).toEqual(['completed']);
  });

  it.each([
    ['of the work itself', 'INTERNAL', [1000, 2000, 4000, 8000, null], 'failed'],
    // As long as it takes: other work would not be done either.
    ['because something is away', 'STORAGE_FULL', [1000, 2000, 4000, 8000, 16_000], 'queued'],
  ])(`%s, ${MAX_JOB_STARTS} times, each wait longer`, async (_what, code, waits, state) => {
    const job = await ledgerOnly();
    for (const expected of waits) {
      const started = await report.start(job);
      if (!started.taken) throw new Error('not taken');
      expect((await report.fail(job, started.attempt, true, code)).retryInMs).toBe(expected);
    }
    expect(await owner.read(job)).toMatchObject({ state, ...(state === 'failed' ? { error: { code } } : {}) });
    expect(await owner.effects(job)).toEqual(state === 'failed' ? ['failed'] : []);
  });

  it.each([
    ['a permanent error', new DomainError('UNDECODABLE_IMAGE', 'No image.'), 'UNDECODABLE_IMAGE', 'No image.'],
    ['a result that breaks its contract', undefined, 'INVALID_ARGUMENT', 'The result of the job breaks its contract.'],
  ])('of %s ends the job at once', async (_what, error, code, message) => {
    let runs = 0;
    await work(() => {
      runs += 1;
      return error ? Promise.reject(error) : Promise.resolve({ originals: 'none' } as never);
    });
    const job = await owner.submit();
    const failed = await becomes(job, 'failed');
    expect(failed.error).toEqual({ code, message });
    expect(runs).toBe(1);
    expect(await owner.effects(job)).toEqual(['failed']);
  });

  it('of a payload that breaks its contract ends the job at once', async () => {
    await work(() => Promise.resolve(done));
    const job = await owner.submit({ payload: { ...samplesPayload, numberOfRows: 0 } });
    expect((await becomes(job, 'failed')).error?.code).toBe('INVALID_ARGUMENT');
  });

  it('that no handler expects is reported without its message', async () => {
    await work(() => Promise.reject(new TypeError('secret')));
    const job = await owner.submit();
    await owner.ledger.jobs.updateOne({ _id: job._id }, { $set: { starts: MAX_JOB_STARTS - 1 } });
    const { error } = await becomes(job, 'failed');
    expect(error).toEqual({ code: 'INTERNAL', message: 'Something went wrong here.' });
  });
});

describe('an attempt', () => {
  it('that another one has replaced is refused whatever it reports', async () => {
    const job = await ledgerOnly();
    expect(await report.start(job)).toMatchObject({ taken: true, attempt: 1, workspace: 'clinic' });
    expect(await report.start(job)).toMatchObject({ taken: true, attempt: 2 });
    expect(await report.progress(job, 1, 0.5)).toEqual({ proceed: false });
    expect(await report.complete(job, 1)).toEqual({ accepted: false });
    await report.fail(job, 1, false);
    await report.fail(job, 1, true);
    await report.giveBack(job, 1);
    expect(await owner.read(job)).toMatchObject({ state: 'running', attempt: 2, starts: 2, progress: 0 });
    expect(await owner.effects(job)).toEqual([]);
    expect(await report.progress(job, 2, 0.5)).toEqual({ proceed: true });
    expect(await report.complete(job, 2)).toEqual({ accepted: true });
    // The answer was lost: the same report again is the same success.
    expect(await report.complete(job, 2)).toEqual({ accepted: true });
    expect(await owner.effects(job)).toEqual(['completed']);
    expect(await report.start(job)).toEqual({ taken: false, state: 'completed' });
  });

  it('of several at once that report success is the only one to take effect', async () => {
    const job = await ledgerOnly();
    await report.start(job);
    const answers = await Promise.all(Array.from({ length: 10 }, () => report.complete(job, 1)));
    expect(answers.every(({ accepted }) => accepted)).toBe(true);
    expect(await owner.effects(job)).toEqual(['completed']);
  });

  it('too many ends the job with the reason', async () => {
    const job = await ledgerOnly();
    for (let n = 1; n <= MAX_JOB_STARTS; n += 1) expect(await report.start(job)).toMatchObject({ taken: true });
    expect(await report.start(job)).toEqual({ taken: false, state: 'failed' });
    const failed = await owner.read(job);
    expect(failed.error?.message).toContain(`started ${MAX_JOB_STARTS} times`);
    expect(await owner.effects(job)).toEqual(['failed']);
  });

  it('do not count if a start gets further than all before it', async () => {
    const job = await ledgerOnly();
    for (let n = 1; n <= MAX_JOB_STARTS * 2; n += 1) {
      expect(await report.start(job)).toMatchObject({ taken: true, attempt: n });
      await owner.ledger.progress(job._id, n, n / 20);
      await owner.ledger.progress(job._id, n, n / 40);
    }
    expect(await owner.read(job)).toMatchObject({ starts: 1, progress: 0.5 });
    const attempts = MAX_JOB_STARTS * 3 - 1;
    for (let n = MAX_JOB_STARTS * 2 + 1; n <= attempts; n += 1) {
      expect(await report.start(job)).toMatchObject({ taken: true });
      await owner.ledger.progress(job._id, n, 0.505);
    }
    expect(await report.start(job)).toEqual({ taken: false, state: 'failed' });
  });

  it('that was given back does not count', async () => {
    const job = await ledgerOnly();
    for (let n = 1; n <= MAX_JOB_STARTS * 2; n += 1) {
      expect(await report.start(job)).toMatchObject({ taken: true, attempt: n });
      await report.giveBack(job, n);
    }
    expect(await owner.read(job)).toMatchObject({ state: 'queued', starts: 0 });
  });

  it('that is given back while another one is refused does not end the job', async () => {
    const job = await ledgerOnly();
    for (let n = 1; n <= MAX_JOB_STARTS; n += 1) await report.start(job);
    const start = jest.spyOn(owner.ledger, 'start').mockImplementationOnce(async () => {
      await report.giveBack(job, MAX_JOB_STARTS);
      return null;
    });
    expect(await report.start(job)).toEqual({ taken: false, state: 'queued' });
    start.mockRestore();
    expect(await owner.effects(job)).toEqual([]);
    expect(await report.start(job)).toMatchObject({ taken: true, attempt: MAX_JOB_STARTS + 1 });
  });

  it('of a job that is unknown is not taken', async () => {
    expect(await report.start({ _id: new Types.ObjectId() } as JobDocument)).toEqual({ taken: false, state: 'failed' });
  });
});

describe('a worker that stops', () => {
  it('gives back what it does, and another one does it', async () => {
    let begun = 0;
    const run: Run = async (_payload, { signal }) => {
      begun += 1;
      await sleep(20_000, undefined, { signal });
      return done;
    };
    const first = await work(run);
    const job = await owner.submit();
    await eventually(() => expect(begun).toBe(1));
    first.runner.stop();
    await first.worker.close();
    expect(await owner.read(job)).toMatchObject({ state: 'queued', starts: 0, attempt: 1 });
    await work(() => Promise.resolve(done));
    expect(await becomes(job, 'completed', 15_000)).toMatchObject({ starts: 1, attempt: 2 });
  });

  it('gives back at once what still comes to it', async () => {
    let runs = 0;
    const stopping = await work(() => {
      runs += 1;
      return Promise.resolve(done);
    });
    stopping.runner.stop();
    const job = await owner.submit();
    await eventually(async () => expect((await owner.read(job)).attempt).toBeGreaterThan(0));
    await stopping.worker.close();
    expect(await owner.read(job)).toMatchObject({ state: 'queued', starts: 0 });
    expect(runs).toBe(0);
  });
});

describe('the reconciler', () => {
  const later = (ms: number) => Date.now() + ms + 1000;

  it('puts back what the queue lost, and only that', async () => {
    const lost = await owner.submit();
    await bullQueue.obliterate({ force: true });
    const kept = await owner.submit();
    expect(await owner.reconciler.reconcile()).toBe(0);
    expect(await owner.reconciler.reconcile(later(REQUEUE_AFTER_MS))).toBe(1);
    expect(await owner.reconciler.reconcile(later(3 * REQUEUE_AFTER_MS))).toBe(0);
    expect(await bullQueue.getJobCountByTypes()).toBe(2);
    await work(() => Promise.resolve(done));
    await becomes(lost, 'completed');
    await becomes(kept, 'completed');
    expect(await owner.effects(kept)).toEqual(['completed']);
  });

  it('keeps to the back-off', async () => {
    const job = await ledgerOnly();
    const notBefore = new Date(Date.now() + 60_000);
    await owner.ledger.jobs.updateOne({ _id: job._id }, { $set: { notBefore, enqueuedAt: notBefore } });
    expect(await owner.reconciler.reconcile()).toBe(0);
    expect(await report.take('a ticket too many', job)).toMatchObject({ taken: false });
    expect(await owner.reconciler.reconcile(later(60_000 + REQUEUE_AFTER_MS))).toBe(1);
  });

  it('queues again what a lost worker had, and its late report is refused', async () => {
    const job = await ledgerOnly();
    await report.start(job);
    await owner.reconciler.reconcile();
    expect((await owner.read(job)).state).toBe('running');
    await owner.reconciler.reconcile(later(LOST_AFTER_MS));
    expect((await owner.read(job)).state).toBe('queued');
    expect(await report.complete(job, 1)).toEqual({ accepted: false });
    await work(() => Promise.resolve(done));
    await becomes(job, 'completed');
    expect(await owner.effects(job)).toEqual(['completed']);
  });

  it('leaves finished jobs and those of other owners alone', async () => {
    const finished = await ledgerOnly();
    await owner.ledger.finish(finished._id, 'completed');
    const foreign = await ledgerOnly();
    await owner.ledger.jobs.updateOne({ _id: foreign._id }, { $set: { owner: 'catalog', enqueuedAt: new Date(0) } });
    expect(await owner.reconciler.reconcile(later(LOST_AFTER_MS))).toBe(0);
    // Not the number of tickets: a round of the running reconciler may still add one of the test before.
    const queued = (await bullQueue.getJobs()).map(({ data }) => data.jobId as string);
    for (const job of [finished, foreign]) expect(queued).not.toContain(job._id.toHexString());
  });
});
