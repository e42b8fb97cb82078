import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  jobReportContracts,
  modelingContracts as modelings,
  targetContracts as targets,
  trainingIngestContracts,
} from '@pentaprism/contracts';
import { FINDING_KINDS } from '@pentaprism/domain';
import { strToU8, zipSync } from 'fflate';
import mongoose, { type Connection } from 'mongoose';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { MODELING_GRACE_MS, TendModelings } from '../../apps/training-ingest/src/modelings/tend-modelings.usecase.js';
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
    const ofAnother = await aimed(await twoClasses());
    const jobId = await aimed(projectId);
    const before = await listed(projectId);
    const stale = { projectId, jobId: ofAnother };
    const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('this job') };
    await expect(call(targets.begin, stale)).rejects.toMatchObject(refused);
    await expect(call(targets.recordImages, { ...stale, images: [IMAGE] })).rejects.toMatchObject(refused);
    await expect(call(targets.recordBins, { ...stale, bins: [BIN] })).rejects.toMatchObject(refused);
    const finding = { kind: 'leakage', row: 1, column: null, file: null, message: 'x', order: 0 } as const;
    await expect(call(targets.recordFindings, { ...stale, findings: [finding] })).rejects.toMatchObject(refused);
    const taggings = [{ sha256: IMAGE.sha256, tags: ['c'] }];
    await expect(call(targets.tagImages, { ...stale, taggings })).rejects.toMatchObject(refused);
    await expect(call(targets.clear, stale)).rejects.toMatchObject(refused);
    await expect(
      call(targets.finish, { ...stale, images: {}, positiveClass: null, findings: {} }),
    ).rejects.toMatchObject(refused);
    expect(await call(targets.begin, { projectId, jobId })).toMatchObject({ type: 'binary', rowCount: 2 });
    expect(await listed(projectId)).toEqual(before);
  });
});

describe('the quality log of a project with a target', () => {
  it('has the findings of the target among those of the dataset, worst first, and loses them with the project', async () => {
    const [a, b] = await Promise.all([1, 2].map(async (n) => (await picture(n)).toString('base64')));
    const rows = [...Array.from({ length: 20 }, () => `${a},x`), `${a},y`, `${b},x`, ',x'];
    const projectId = await uploadedProject(services, strToU8(['image,kind', ...rows].join('\n')));
    const before = await call(modelings.findings, { projectId });
    const { jobId } = await call(targets.set, { projectId, column: 'kind', mode: 'manual' });
    expect((await ended(services, jobId)).state).toBe('completed');
    const { findings, total } = await call(modelings.findings, { projectId });
    const message = 'the same bytes as row 1, whose kind is x and not y';
    const leak = { kind: 'leakage', row: 21, column: 'image', file: null, message };
    expect(findings).toContainEqual(leak);
    const added = findings.filter(({ kind }) => kind === 'leakage' || kind === 'class-imbalance');
    expect(added.map(({ kind }) => kind)).toEqual(['leakage', 'class-imbalance']);
    expect(findings.filter((each) => !added.includes(each))).toEqual(before.findings);
    const ranks = findings.map(({ kind }) => FINDING_KINDS.indexOf(kind));
    expect(ranks).toEqual([...ranks].sort((one, other) => one - other));
    const pages = [];
    for (let offset = 0; offset < total; offset += 3)
      pages.push(...(await call(modelings.findings, { projectId, offset, limit: 3 })).findings);
    expect([pages, total]).toEqual([findings, before.total + 2]);
    await call(trainingIngestContracts.deleteProject, { projectId });
    await services.get(trainingIngestService, TendModelings).removeDeleted(Date.now() + 2 * MODELING_GRACE_MS);
    const left = { project: new mongoose.Types.ObjectId(projectId) };
    expect(await database.collection('target_findings').countDocuments(left)).toBe(0);
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
