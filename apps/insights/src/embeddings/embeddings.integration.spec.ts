import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import { Bus, connectBus, FactPublisher, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import {
  contentRemoved,
  embedContents,
  embeddingContracts as embeddings,
  imageAdded,
  jobReportContracts,
  type Fact,
  type FactData,
  type JobResult,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { JOB_MODEL, JobLedger, type JobDocument } from '@pentaprism/jobs';
import { createService } from '@pentaprism/service';
import { eventually, testScope, type TestScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { insightsConfig } from '../config/config.js';
import { insightsService } from '../insights.service.js';

const BACKBONE = 'test:000000000000';
const reports = jobReportContracts.insights;
const newId = () => new Types.ObjectId().toHexString();
const newHash = () => randomBytes(32).toString('hex');
const vectorOf = (...numbers: number[]) => Buffer.from(new Float32Array(numbers).buffer).toString('base64');

let scope: TestScope;
let app: INestMicroservice;
let connection: BusConnection;
let bus: Bus;
let directory: string;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace = 'w1') {
  return bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'a' } });
}

async function publish<F extends Fact>(fact: F, data: FactData<F>): Promise<void> {
  const context = { workspace: 'w1', traceId: 't', actor: 'a' };
  await new FactPublisher(connection).publish({ id: newId(), name: fact.name, data, context });
}

const add = (sha256: string) => publish(imageAdded, { imageId: newId(), projectId: newId(), sha256 });
const jobs = () => app.get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false });
const jobsOf = (sha256: string) => jobs().find({ 'payload.hashes': sha256 }).lean();
const vectorsOf = async (hashes: string[], { workspace = 'w1', backbone = BACKBONE } = {}) =>
  (await call(embeddings.getMany, { backbone, hashes }, workspace)).embeddings;

/** Does what a worker does. */
async function work(sha256: string, result: JobResult<typeof embedContents>): Promise<void> {
  const jobId = await eventually(async () => {
    const [job] = await jobsOf(sha256);
    if (!job) throw new Error('there is no job');
    return job._id.toHexString();
  });
  const started = await call(reports.start, { jobId, worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  expect(await call(reports.complete, { jobId, attempt: started.attempt, result })).toEqual({ accepted: true });
}

beforeAll(async () => {
  scope = testScope('insights');
  directory = await mkdtemp(path.join(tmpdir(), 'insights-'));
  connection = await connectBus({
    url: scope.natsUrl,
    prefix: scope.subjectPrefix,
    name: 'test',
    logger: scope.logger,
  });
  bus = new Bus(connection);
  const environment = { ...scope.environment, BLOB_URL: pathToFileURL(directory).href };
  app = await createService(insightsService, readConfig(insightsConfig, environment), scope.logger);
  await app.listen();
});
afterAll(async () => {
  await app.close();
  await connection.nats.close();
  await scope.cleanUp();
  await rm(directory, { recursive: true, force: true });
});

describe('embeddings', () => {
  it('are computed once for each content, however many images have it', async () => {
    const sha256 = newHash();
    await Promise.all([add(sha256), add(sha256), add(sha256)]);
    await work(sha256, { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(0.6, 0.8) }] });
    expect(await vectorsOf([sha256, newHash()])).toEqual([{ sha256, vector: vectorOf(0.6, 0.8) }]);
    await add(sha256);
    // A later fact has been handled, and so has that one.
    const other = newHash();
    await add(other);
    await eventually(async () => expect(await jobsOf(other)).toHaveLength(1));
    expect(await jobsOf(sha256)).toHaveLength(1);
  });

  it('are those of one workspace and of one backbone', async () => {
    const sha256 = newHash();
    await call(embeddings.record, { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(1) }] });
    expect(await vectorsOf([sha256], { workspace: 'w2' })).toEqual([]);
    expect(await vectorsOf([sha256], { backbone: 'another:000000000000' })).toEqual([]);
    await call(embeddings.record, { backbone: 'another:000000000000', embeddings: [{ sha256, vector: vectorOf(0) }] });
    expect(await vectorsOf([sha256])).toEqual([]);
    expect(await vectorsOf([sha256], { backbone: 'another:000000000000' })).toHaveLength(1);
  });

  it('are not there for what has no pixels, unless somebody finds them', async () => {
    const sha256 = newHash();
    await add(sha256);
    await work(sha256, { backbone: BACKBONE, embeddings: [] });
    expect(await vectorsOf([sha256])).toEqual([]);
    await call(embeddings.record, { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(1) }] });
    expect(await vectorsOf([sha256])).toHaveLength(1);
  });

  it('that somebody recorded while the job failed stay', async () => {
    const sha256 = newHash();
    await add(sha256);
    await eventually(async () => expect(await jobsOf(sha256)).toHaveLength(1));
    await call(embeddings.record, { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(1) }] });
    await work(sha256, { backbone: BACKBONE, embeddings: [] });
    expect(await vectorsOf([sha256])).toHaveLength(1);
  });

  it('share jobs of up to 16 contents, which take no more once they are started', async () => {
    const jobOf = (sha256: string) =>
      eventually(async () => {
        const [job] = await jobsOf(sha256);
        if (!job) throw new Error('there is no job');
        return { id: job._id.toHexString(), hashes: (job.payload as { hashes: string[] }).hashes };
      });
    const hashes = Array.from({ length: 20 }, newHash);
    await Promise.all(hashes.map(add));
    const found = await Promise.all(hashes.map(jobOf));
    expect(new Set(found.map(({ id }) => id)).size).toBeLessThanOrEqual(4);
    for (const job of found) expect(job.hashes.length).toBeLessThanOrEqual(16);

    const [before, first, second, later] = [newHash(), newHash(), newHash(), newHash()];
    const start = async (sha256: string) => {
      const { id: jobId } = await jobOf(sha256);
      expect(await call(reports.start, { jobId, worker: 'test' })).toMatchObject({ taken: true });
    };
    await add(before);
    await start(before);
    await add(first);
    await jobOf(first);
    await add(second);
    expect((await jobOf(second)).id).toBe((await jobOf(first)).id);
    await start(first);
    await add(later);
    expect((await jobOf(later)).id).not.toBe((await jobOf(first)).id);
  });

  it('of a job that fails are tried each in a job of its own, and those that fail again are not there', async () => {
    const hashes = [newHash(), newHash()];
    const job = await app.get(JobLedger).add(embedContents, { workspace: 'w1', payload: { workspace: 'w1', hashes } });
    const fail = async (jobId: string) => {
      const started = await call(reports.start, { jobId, worker: 'test' });
      if (!started.taken) throw new Error(`the job is ${started.state}`);
      const error = { code: 'INTERNAL', message: 'killed' };
      await call(reports.fail, { jobId, attempt: started.attempt, error, retryable: false });
    };
    await fail(job._id.toHexString());
    for (const sha256 of hashes) {
      const alone = (await jobsOf(sha256)).find(({ payload }) => (payload as { hashes: string[] }).hashes.length === 1);
      await fail(alone?._id.toHexString() ?? '');
      expect(await jobsOf(sha256)).toHaveLength(2);
    }
  });

  it('of a job that an earlier version has queued are recorded', async () => {
    const sha256 = newHash();
    const { _id } = await app
      .get(JobLedger)
      .add(embedContents, { workspace: 'w1', payload: { workspace: 'w1', hashes: [sha256] } });
    await jobs().updateOne({ _id }, { $set: { payload: { workspace: 'w1', sha256 } } });
    const jobId = _id.toHexString();
    const started = await call(reports.start, { jobId, worker: 'test' });
    if (!started.taken) throw new Error(`the job is ${started.state}`);
    expect(embedContents.payload.parse(started.payload)).toEqual({ workspace: 'w1', hashes: [sha256] });
    const result = { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(1) }] };
    expect(await call(reports.complete, { jobId, attempt: started.attempt, result })).toEqual({ accepted: true });
    expect(await vectorsOf([sha256])).toHaveLength(1);
  });

  it('go with the bytes, and come again with them', async () => {
    const sha256 = newHash();
    await add(sha256);
    await work(sha256, { backbone: BACKBONE, embeddings: [{ sha256, vector: vectorOf(1) }] });
    await publish(contentRemoved, { sha256 });
    await eventually(async () => expect(await vectorsOf([sha256])).toEqual([]));
    await add(sha256);
    await eventually(async () => expect(await jobsOf(sha256)).toHaveLength(2));
  });
});
