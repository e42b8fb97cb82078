import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobReportContracts, modelingContracts as modelings, targetContracts as targets } from '@pentaprism/contracts';
import { zipSync } from 'fflate';
import mongoose, { type Connection } from 'mongoose';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, picture, uploadedProject } from './dataset-imports.js';
import { RunningServices } from './running-services.js';

let services: RunningServices;
let database: Connection;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

const CLASS = { column: 'class', mode: 'manual' } as const;
const IMAGE = { column: 1, sha256: 'ab'.repeat(32), value: 'c', position: 0, place: 0, rows: 1 };
const BIN = { column: 1, order: 0, label: 'c', start: null, end: null, rows: 1, images: 0, firstPlace: 0, cover: null };

/** A project of two images, each of a class of its own. */
async function twoClasses(): Promise<string> {
  return uploadedProject(services, zipSync({ 'a/1.jpg': await picture(1), 'b/1.jpg': await picture(2) }));
}

/** Sets a target whose values can be read. */
async function aimed(projectId: string): Promise<string> {
  const { jobId } = await call(targets.set, { projectId, ...CLASS });
  expect((await ended(services, jobId)).state).toBe('completed');
  return jobId;
}

const listed = (projectId: string) => call(targets.images, { projectId, limit: 100 });

beforeAll(async () => {
  services = await RunningServices.start('target-records', [
    catalogService,
    taggingService,
    trainingIngestService,
    workerService,
  ]);
  database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

describe('a worker whose job is not that of the target', () => {
  it('can record nothing, while the job of the target can repeat what it did', async () => {
    const projectId = await twoClasses();
    const failed = await call(targets.set, { projectId, ...CLASS, positiveClass: 'c' });
    expect((await ended(services, failed.jobId)).state).toBe('failed');
    const jobId = await aimed(projectId);
    const before = await listed(projectId);
    const stale = { projectId, jobId: failed.jobId };
    const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('this job') };
    await expect(call(targets.begin, stale)).rejects.toMatchObject(refused);
    await expect(call(targets.recordImages, { ...stale, images: [IMAGE] })).rejects.toMatchObject(refused);
    await expect(call(targets.recordBins, { ...stale, bins: [BIN] })).rejects.toMatchObject(refused);
    const taggings = [{ sha256: IMAGE.sha256, tags: ['c'] }];
    await expect(call(targets.tagImages, { ...stale, taggings })).rejects.toMatchObject(refused);
    await expect(call(targets.clear, stale)).rejects.toMatchObject(refused);
    await expect(call(targets.finish, { ...stale, images: {}, positiveClass: null })).rejects.toMatchObject(refused);
    expect(await call(targets.begin, { projectId, jobId })).toMatchObject({ type: 'binary', rowCount: 2 });
    expect(await listed(projectId)).toEqual(before);
  });
});

describe('what an earlier target left', () => {
  it('is removed in portions, and what the target has stays', async () => {
    const projectId = await twoClasses();
    const jobId = await aimed(projectId);
    const [project, target] = [new mongoose.Types.ObjectId(projectId), new mongoose.Types.ObjectId()];
    const left = { project, target, column: 1, place: 0, image: target, width: 1, height: 1, rows: 1, label: 'a' };
    const images = database.collection('target_images');
    await images.insertMany(Array.from({ length: 5001 }, (_, position) => ({ ...left, position })));
    await database.collection('target_bins').insertOne({ project, target, column: 1, order: 0 });
    expect(await call(targets.clear, { projectId, jobId })).toEqual({ left: true });
    expect(await images.countDocuments({ target })).toBe(1);
    expect(await call(targets.clear, { projectId, jobId })).toEqual({ left: false });
    for (const name of ['target_images', 'target_bins'])
      expect(await database.collection(name).countDocuments({ project, target })).toBe(0);
    expect((await listed(projectId)).total).toBe(2);
  });
});

describe('a target that is ready', () => {
  it('stays if its job ends while it gives tags', async () => {
    const projectId = await twoClasses();
    const jobId = await aimed(projectId);
    // As it is before the worker has reported that it gave the tags.
    const _id = new mongoose.Types.ObjectId(jobId);
    await database.collection('jobs').updateOne({ _id }, { $set: { state: 'running' } });
    await call(jobReportContracts['training-ingest'].abort, { jobId });
    expect((await ended(services, jobId)).state).toBe('aborted');
    const described = await call(modelings.describe, { projectIds: [projectId] });
    expect(described.modelings[0]?.target).toMatchObject({ column: 'class', positiveClass: 'b' });
    expect((await listed(projectId)).total).toBe(2);
  });
});
