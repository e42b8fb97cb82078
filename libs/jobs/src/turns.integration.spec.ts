import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FairTurns } from '@pentaprism/concurrency';
import { makeSamples } from '@pentaprism/contracts';
import { adoptSystemTime, MAX_JOB_STARTS } from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import type { Queue } from 'bullmq';
import { Types } from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';
import { LetOthersGoFirst } from './job-runner.js';
import { JobsUnderTest, reportsOver, samplesPayload, type Owner, type Run } from './job-owner.fixture.js';
import type { JobDocument } from './job.schema.js';
import { LOST_AFTER_MS } from './reconciler.js';

const done = { originals: [] };
let jobs: JobsUnderTest;
let owner: Owner;
let report: ReturnType<typeof reportsOver>;
let bullQueue: Queue;

const work = (run: Run) => jobs.workers.start(run);
const becomes = (job: JobDocument, state: JobDocument['state']) =>
  eventually(async () => expect((await owner.read(job)).state).toBe(state), { timeoutMs: 10_000 });
const ledgerOnly = () => jobs.ledgerOnly();

beforeAll(async () => {
  jobs = await JobsUnderTest.start(testScope('turns'));
  ({ owner, bullQueue } = jobs);
  report = reportsOver(jobs.caller.bus);
});
afterEach(() => jobs.clear());
afterAll(() => jobs.stop());

describe('workspaces', () => {
  const add = (workspace: string, count: number, priority = 0) =>
    owner.ledger.addAll(
      makeSamples,
      Array.from({ length: count }, () => ({ workspace, payload: samplesPayload, priority })),
    );
  const taken = async (ticket: string, job: JobDocument) => {
    const started = await report.take(ticket, job);
    if (!started.taken || !started.jobId) throw new Error('not taken');
    return { ...started, _id: new Types.ObjectId(started.jobId) };
  };

  it('take turns, however many jobs one of them has waiting', async () => {
    const flood = await add('flood', 50);
    await add('other', 3);
    const order: string[] = [];
    for (const [i, job] of flood.slice(0, 8).entries()) {
      const started = await taken(`t${i}`, job);
      order.push(started.workspace);
      await report.complete(started, started.attempt);
    }
    expect(order.filter((workspace) => workspace === 'other')).toHaveLength(3);
    expect(order.slice(6)).toEqual(['flood', 'flood']);
  });

  it('get the next free place while another one holds all the others', async () => {
    const flood = await add('flood', 50);
    for (const [i, job] of flood.slice(0, 4).entries()) await taken(`t${i}`, job);
    await add('other', 1);
    expect(await taken('t5', flood[5] as JobDocument)).toMatchObject({ workspace: 'other' });
    expect(await taken('t6', flood[6] as JobDocument)).toMatchObject({ workspace: 'flood' });
  });

  it('have their jobs started by priority, then in the order of their creation', async () => {
    const [first, second] = await add('clinic', 2, 1);
    await sleep(5);
    const [urgent] = await add('clinic', 1, 0);
    const ids: string[] = [];
    for (const ticket of ['a', 'b', 'c']) ids.push((await taken(ticket, first as JobDocument))._id.toHexString());
    expect(ids[0]).toBe(urgent?._id.toHexString());
    expect(ids.slice(1).toSorted()).toEqual([first, second].map((job) => job?._id.toHexString()).toSorted());
  });

  it('that flood a real queue do not delay another one', async () => {
    const finished: string[] = [];
    await work(async (_payload, { workspace }) => {
      await sleep(20);
      finished.push(workspace);
      return done;
    });
    const flood = await add('flood', 300);
    await owner.queue.enqueue(...flood);
    await eventually(() => expect(finished.length).toBeGreaterThan(20));
    const before = finished.length;
    const job = await owner.submit({ workspace: 'other' });
    await becomes(job, 'completed');
    expect(finished.indexOf('other') - before).toBeLessThan(60);
    await eventually(async () => expect(await owner.ledger.jobs.countDocuments({ state: 'completed' })).toBe(301), {
      timeoutMs: 30_000,
    });
    await eventually(async () => expect(await bullQueue.getJobCountByTypes()).toBe(0));
    expect(finished).toHaveLength(301);
  });

  it('are found without reading their jobs', async () => {
    await add('flood', 2000);
    await add('other', 3);
    const filter = {
      owner: 'augmentation',
      queue: 'augmentation',
      state: 'queued',
      notBefore: { $lte: new Date() },
    };
    const plan = await owner.ledger.jobs.db.db?.command({
      explain: { distinct: 'jobs', key: 'workspace', query: filter },
      verbosity: 'executionStats',
    });
    expect(plan?.['executionStats']).toMatchObject({ totalDocsExamined: 0 });
    expect((plan?.['executionStats'] as { totalKeysExamined: number }).totalKeysExamined).toBeLessThan(10);
    expect((await owner.ledger.competing('augmentation')).waiting.toSorted()).toEqual(['flood', 'other']);
  });
});

describe('projects of a workspace', () => {
  const add = (projectId: string | undefined, count: number) =>
    owner.ledger.addAll(
      makeSamples,
      Array.from({ length: count }, (_, priority) => ({
        ...{ workspace: 'clinic', payload: samplesPayload, priority },
        ...(projectId === undefined ? {} : { subject: { projectId } }),
      })),
    );

  /** Starts and completes jobs one after another. Returns their projects. */
  const projectsOfNext = async (count: number, ticketOf: JobDocument) => {
    const projects: unknown[] = [];
    while (projects.length < count) {
      const started = await report.take(`next ${projects.length}`, ticketOf);
      if (!started.taken || !started.jobId) throw new Error('not taken');
      const job = await owner.read({ _id: new Types.ObjectId(started.jobId) });
      projects.push(job.subject['projectId']);
      await report.complete(job, started.attempt);
    }
    return projects;
  };

  it('take turns, however many jobs one of them has waiting, and so do jobs without a project', async () => {
    const [first] = await add('flood', 50);
    await add('other', 3);
    await add(undefined, 3);
    // Turns are measured in time, so a slow moment may give one project more jobs than another.
    const order = await projectsOfNext(12, first as JobDocument);
    for (const project of ['other', undefined]) expect(order.filter((each) => each === project)).toHaveLength(3);
  });

  it('are found without reading their jobs', async () => {
    await add('flood', 500);
    await add(undefined, 3);
    const ofQueue = { owner: 'augmentation', queue: 'augmentation', state: 'queued', workspace: 'clinic' };
    const explained = await owner.ledger.jobs.collection
      .aggregate([
        { $match: { ...ofQueue, notBefore: { $lte: new Date() } } },
        { $group: { _id: '$subject.projectId' } },
      ])
      .explain('executionStats');
    const text = JSON.stringify(explained);
    expect([...new Set(text.match(/"totalDocsExamined":\d+/g))]).toEqual(['"totalDocsExamined":0']);
    expect((await owner.ledger.waitingProjects('augmentation', 'clinic')).toSorted()).toEqual(['', 'flood']);
  });

  it('go before all jobs of a project that has given its place back', async () => {
    const [long] = await add('long', 3);
    await report.take('t1', long as JobDocument);
    await owner.ledger.jobs.updateOne({ _id: long?._id }, { $set: { startedAt: new Date(Date.now() - 60_000) } });
    await add('short', 3);
    await report.giveBack(long as JobDocument, 1, true);
    const order = await projectsOfNext(4, long as JobDocument);
    expect(order).toEqual(['short', 'short', 'short', 'long']);
  });
});

describe('a workspace whose jobs are all in their back-off', () => {
  it('does not wait for a turn', async () => {
    const [job] = await owner.ledger.addAll(makeSamples, [{ workspace: 'failing', payload: samplesPayload }]);
    await ledgerOnly();
    await owner.ledger.jobs.updateOne({ _id: job?._id }, { $set: { notBefore: new Date(Date.now() + 60_000) } });
    expect((await owner.ledger.competing(makeSamples.queue)).waiting).toEqual(['clinic']);
  });
});

describe('a new job', () => {
  it('is started by an instance whose clock is behind that of its creator', async () => {
    const job = await ledgerOnly();
    const jobId = job._id.toHexString();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000);
    try {
      const ticket = { id: 't', queue: makeSamples.queue };
      expect(await owner.reports.start({ jobId, worker: 'by hand', ticket })).toMatchObject({ taken: true, jobId });
    } finally {
      clock.mockRestore();
    }
  });
});

describe('a running job', () => {
  it('is not taken for lost by an owner whose clock is two hours ahead', async () => {
    const job = await ledgerOnly();
    await report.take('t', job);
    const right = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(right + 7_200_000);
    try {
      adoptSystemTime(right, 0);
      await owner.reconciler.reconcile();
    } finally {
      clock.mockRestore();
      adoptSystemTime(Date.now(), 0);
    }
    expect((await owner.read(job)).state).toBe('running');
  });
});

describe('an aborted job', () => {
  it('leaves the ticket with its id to a queued job if it runs with the ticket of that one', async () => {
    const [first, second] = [await owner.submit(), await owner.submit()];
    const ticket = `${second._id.toHexString()}-${second.enqueuedAt.getTime()}`;
    expect(await report.take(ticket, second)).toMatchObject({ jobId: first._id.toHexString() });
    // As a worker leaves it: the ticket of the second job is used up, that of the first one waits.
    await bullQueue.remove(ticket);
    await report.abort(first);
    await work(() => Promise.resolve(done));
    await becomes(second, 'completed');
  });
});

describe('the time that a workspace is charged for', () => {
  const startedBefore = (job: JobDocument, seconds: number) =>
    owner.ledger.jobs.updateOne({ _id: job._id }, { $set: { startedAt: new Date(Date.now() - seconds * 1000) } });
  let charged: jest.SpiedFunction<FairTurns['charge']>;
  /** Without those of the project, which is charged for the same time. */
  const seconds = () => charged.mock.calls.reduce((sum, [key, each]) => sum + (key === 'clinic' ? each : 0), 0);
  beforeEach(() => {
    charged = jest.spyOn(FairTurns.prototype, 'charge');
  });
  afterEach(() => charged.mockRestore());

  it.each([
    ['retry', (job: JobDocument) => report.fail(job, 1, true)],
    ['give-back', (job: JobDocument) => report.giveBack(job, 1)],
    ['restart', (job: JobDocument) => report.take('t', job)],
  ])('is that of the attempt which ends by %s', async (_how, end) => {
    const job = await ledgerOnly();
    await report.take('t', job);
    await startedBefore(job, 100);
    await end(job);
    expect(Math.floor(seconds() / 10)).toBe(10);
  });

  it.each([
    ['retry', (job: JobDocument) => report.fail(job, 1, true)],
    ['give-back', (job: JobDocument) => report.giveBack(job, 1)],
    ['loss of its worker', () => owner.reconciler.reconcile(Date.now() + LOST_AFTER_MS + 1000)],
  ])('does not contain the wait after a %s', async (_how, end) => {
    const job = await ledgerOnly();
    await report.take('t', job);
    await end(job);
    expect((await owner.read(job)).startedAt).toBeUndefined();
    const before = seconds();
    await report.abort(job);
    expect(seconds()).toBe(before);
  });
});

describe('a long job that lets others go first', () => {
  it('starts again after the jobs of its workspace that have had fewer turns', async () => {
    const [long, short] = [await ledgerOnly(), await ledgerOnly()];
    expect(await report.take('t1', long)).toMatchObject({ jobId: long._id.toHexString() });
    await report.giveBack(long, 1, true);
    expect(await owner.read(long)).toMatchObject({ state: 'queued', starts: 0, priority: 1 });
    expect(await report.take('t2', long)).toMatchObject({ jobId: short._id.toHexString() });
    expect(await report.take('t3', long)).toMatchObject({ jobId: long._id.toHexString(), attempt: 2 });
  });

  it('goes on by itself when no other job waits', async () => {
    let starts = 0;
    await work(() => {
      starts += 1;
      return starts < 3 ? Promise.reject(new LetOthersGoFirst()) : Promise.resolve(done);
    });
    const job = await owner.submit();
    await becomes(job, 'completed');
    expect(await owner.read(job)).toMatchObject({ attempt: 3, starts: 1 });
  });
});

describe('a ticket', () => {
  it('that comes again, because its worker was lost, starts what it started before', async () => {
    const [first, second] = [await ledgerOnly(), await ledgerOnly()];
    const started = await report.take('lost', second);
    expect(started).toMatchObject({ taken: true, jobId: first._id.toHexString(), attempt: 1 });
    expect(await report.take('lost', second)).toMatchObject({ jobId: first._id.toHexString(), attempt: 2 });
    expect(await report.take('other', first)).toMatchObject({ jobId: second._id.toHexString(), attempt: 1 });
    expect(await report.complete(first, 1)).toEqual({ accepted: false });
    expect(await report.complete(first, 2)).toEqual({ accepted: true });
    expect(await report.take('lost', second)).toEqual({ taken: false, state: 'running' });
  });

  it('ends a job that was started too often, and starts the next one', async () => {
    const [worn, next] = [await ledgerOnly(), await ledgerOnly()];
    await owner.ledger.jobs.updateOne({ _id: worn._id }, { $set: { starts: MAX_JOB_STARTS } });
    expect(await report.take('t', worn)).toMatchObject({ taken: true, jobId: next._id.toHexString() });
    expect(await owner.read(worn)).toMatchObject({ state: 'failed' });
    expect(await owner.effects(worn)).toEqual(['failed']);
  });

  it('of a version that had no tickets starts what is queued', async () => {
    await work(() => Promise.resolve(done));
    const job = await ledgerOnly();
    const id = job._id.toHexString();
    await bullQueue.add('samples.make', { jobId: id, owner: 'augmentation' }, { jobId: id, priority: 1 });
    await becomes(job, 'completed');
  });
});
