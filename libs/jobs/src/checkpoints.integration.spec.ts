import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeSamples } from '@pentaprism/contracts';
import { MAX_JOB_PARTS, MAX_KEPT_BYTES } from '@pentaprism/domain';
import { testScope } from '@pentaprism/testing';
import { JobsUnderTest, reportsOver, samplesPayload, type Owner } from './job-owner.fixture.js';
import type { JobDocument } from './job.schema.js';

let jobs: JobsUnderTest;
let owner: Owner;
let report: ReturnType<typeof reportsOver>;

beforeAll(async () => {
  jobs = await JobsUnderTest.start(testScope('checkpoints'));
  ({ owner } = jobs);
  report = reportsOver(jobs.caller.bus);
});
afterEach(() => jobs.clear());
afterAll(() => jobs.stop());

describe('a checkpoint', () => {
  const part = (name: string) => ({ name, file: { sha256: 'a'.repeat(64), size: 5, mediaType: 'text/plain' } });
  const of = (projectId: string) => ({ workspace: 'clinic', payload: samplesPayload, subject: { projectId } });

  it('keeps parts for later attempts until the job ends', async () => {
    const job = await jobs.ledgerOnly();
    expect(await report.take('t1', job)).toMatchObject({ attempt: 1, parts: [] });
    await report.checkpoint(job, 1, part('one'));
    await report.checkpoint(job, 1, part('two'));
    await report.checkpoint(job, 1, part('one'));
    await report.giveBack(job, 1);
    expect(await report.take('t2', job)).toMatchObject({ attempt: 2, parts: [part('one'), part('two')] });
    const known = () => owner.ledger.knownFiles('clinic', ['a'.repeat(64), 'b'.repeat(64)]);
    expect(await known()).toEqual(new Set(['a'.repeat(64)]));
    await report.complete(job, 2);
    expect((await owner.read(job)).parts).toBeUndefined();
    expect(await known()).toEqual(new Set());
  });

  it('keeps at most MAX_JOB_PARTS, and the first of them', async () => {
    const job = await jobs.ledgerOnly();
    await report.take('t1', job);
    const parts = Array.from({ length: MAX_JOB_PARTS - 1 }, (_, i) => ({ name: `${i}` }));
    await owner.ledger.jobs.updateOne({ _id: job._id }, { $set: { parts } });
    await report.checkpoint(job, 1, part('the last'));
    expect(await report.checkpoint(job, 1, part('one too many'))).toMatchObject({ proceed: true });
    const kept = (await owner.read(job)).parts ?? [];
    expect([kept.length, kept.at(-1)]).toEqual([MAX_JOB_PARTS, part('the last')]);
  });

  it('keeps nothing of an attempt that has lost the job', async () => {
    const job = await jobs.ledgerOnly();
    await report.start(job);
    await report.start(job);
    expect(await report.checkpoint(job, 1, part('late'))).toEqual({ proceed: false, othersWait: false, room: 0 });
    expect((await owner.read(job)).parts).toBeUndefined();
  });

  it('leaves room for large parts until those of the workspace and queue have MAX_KEPT_BYTES together', async () => {
    const [own] = await owner.ledger.addAll(makeSamples, [of('own')]);
    await report.take('t1', own as JobDocument);
    const [other] = await owner.ledger.addAll(makeSamples, [of('other')]);
    if (!own || !other) throw new Error('no job');
    expect(await report.checkpoint(own, 1)).toEqual({ proceed: true, othersWait: true, room: MAX_KEPT_BYTES });
    await report.checkpoint(own, 1, part('five'));
    const large = (size: number) => ({
      parts: [{ name: 'large', file: { ...part('large').file, size } }, { name: 'note' }],
    });
    await owner.ledger.jobs.updateOne({ _id: other._id }, { $set: large(MAX_KEPT_BYTES - 9) });
    expect(await report.checkpoint(own, 1)).toMatchObject({ othersWait: true, room: 4 });
    await owner.ledger.jobs.updateOne({ _id: other._id }, { $set: large(MAX_KEPT_BYTES) });
    expect(await report.checkpoint(own, 1)).toMatchObject({ othersWait: true, room: 0 });
  });

  it('says whether jobs of other projects or workspaces wait', async () => {
    const [job] = await owner.ledger.addAll(makeSamples, [of('mine')]);
    if (!job) throw new Error('no job');
    await report.take('t1', job);
    await owner.ledger.addAll(makeSamples, [of('mine')]);
    expect(await report.checkpoint(job, 1)).toMatchObject({ proceed: true, othersWait: false });
    const [other] = await owner.ledger.addAll(makeSamples, [of('other')]);
    expect(await report.checkpoint(job, 1)).toMatchObject({ proceed: true, othersWait: true });
    await report.abort(other as JobDocument);
    expect(await report.checkpoint(job, 1)).toMatchObject({ proceed: true, othersWait: false });
    await owner.ledger.addAll(makeSamples, [{ ...of('mine'), workspace: 'elsewhere' }]);
    expect(await report.checkpoint(job, 1)).toMatchObject({ proceed: true, othersWait: true });
  });
});

describe('a checkpoint of a job whose turn is not over by the service of others', () => {
  const startedBefore = (job: JobDocument, seconds: number) =>
    owner.ledger.jobs.updateOne({ _id: job._id }, { $set: { startedAt: new Date(Date.now() - seconds * 1000) } });
  const add = async (workspace: string, projectId?: string) => {
    const of = projectId === undefined ? {} : { subject: { projectId } };
    const [job] = await owner.ledger.addAll(makeSamples, [{ workspace, payload: samplesPayload, ...of }]);
    if (!job) throw new Error('no job');
    return job;
  };

  it.each<[string, [string, string], [string, string]]>([
    ['project', ['shared', 'served'], ['shared', 'waiting']],
    ['workspace', ['served', 'p'], ['waiting', 'p']],
  ])('lets the %s with the least service go first', async (_what, served, waiting) => {
    const earlier = await add(...served);
    const own = await add(...waiting);
    await report.take('t1', earlier);
    await startedBefore(earlier, 100);
    await report.take('t2', own);
    await report.complete(earlier, 1);
    await add(...served);
    await startedBefore(own, 50);
    expect(await report.checkpoint(own, 1)).toMatchObject({ proceed: true, othersWait: false });
    await startedBefore(own, 150);
    expect(await report.checkpoint(own, 1)).toMatchObject({ proceed: true, othersWait: true });
  });

  it('lets jobs without a project that have had no more turns go first', async () => {
    const [own, other] = [await add('none'), await add('none')];
    await report.take('t1', own);
    expect((await report.checkpoint(own, 1)).othersWait).toBe(true);
    await owner.ledger.jobs.updateOne({ _id: other._id }, { $set: { priority: 1 } });
    expect((await report.checkpoint(own, 1)).othersWait).toBe(false);
  });
});
