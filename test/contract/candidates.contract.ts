/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  augmentationListContracts,
  candidateContracts as candidates,
  jobDirectoryContracts,
  jobReportContracts,
  modelingContracts as modelings,
  targetContracts as targets,
  trainCandidate,
  trainingIngestContracts,
  type Candidate,
  type ListedCandidate,
  type RequestOf,
} from '@pentaprism/contracts';
import { DomainError, JOB_STATES } from '@pentaprism/domain';
import { decodeModel } from '@pentaprism/modeling';
import { eventually } from '@pentaprism/testing';
import { strToU8 } from 'fflate';
import mongoose from 'mongoose';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import {
  FAILED_CANDIDATE_MS,
  TendCandidates,
} from '../../apps/training-ingest/src/candidates/tend-candidates.usecase.js';
import { SweepModels } from '../../apps/training-ingest/src/housekeeping/sweep-models.usecase.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, upload } from './dataset-imports.js';
import { drawing } from '../drawings.js';
import { RunningServices, WORKSPACE } from './running-services.js';

const HOUR_MS = 3600 * 1000;

let services: RunningServices;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

interface Row {
  readonly shape: 'disc' | 'stripes';
  readonly seed: number;
  readonly cells: readonly string[];
}

/** A CSV whose last column has images of a shape. */
async function table(header: string, rows: readonly Row[]): Promise<Uint8Array> {
  const lines = await Promise.all(
    rows.map(async ({ shape, seed, cells }) => [...cells, (await drawing(shape, seed)).toString('base64')].join(',')),
  );
  return strToU8([`${header},image`, ...lines].join('\n'));
}

/** Makes a project whose target has been read. */
async function aimed(bytes: Uint8Array, request: Omit<RequestOf<typeof targets.set>, 'projectId'>): Promise<string> {
  const source = { kind: 'new', fileName: 'upload', source: await upload(services, bytes) } as const;
  const { projectId, jobId } = await call(modelings.create, { source });
  expect((await ended(services, jobId)).state).toBe('completed');
  const { jobId: target } = await call(targets.set, { projectId, ...request });
  expect((await ended(services, target)).state).toBe('completed');
  return projectId;
}

async function trained(projectId: string, blueprintId: string): Promise<Candidate> {
  const { id, jobId } = await call(candidates.train, { projectId, blueprintId });
  const job = await ended(services, jobId);
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return call(candidates.get, { projectId, candidateId: id });
}

/** Reads from the file of a candidate which columns it uses beside images. */
async function otherColumnsOf(projectId: string, candidateId: string): Promise<string[]> {
  const { files } = await call(candidates.plan, { projectId, candidateId });
  const key = { area: 'models', workspace: WORKSPACE, sha256: files?.model.sha256 ?? '' };
  return decodeModel(await services.blobs.read(key)).plan.others.map(({ column }) => column);
}

/** Waits for the candidates that the mode of a target begins. */
function searched(projectId: string): Promise<ListedCandidate[]> {
  return eventually(
    async () => {
      const { candidates: found } = await call(candidates.list, { projectId });
      expect(found).not.toEqual([]);
      expect(found.filter(({ state }) => state === 'training')).toEqual([]);
      return found;
    },
    { timeoutMs: 90_000 },
  );
}

/** 24 rows in two classes that are easy to tell apart. The number follows the class as well. */
const classRows: Row[] = Array.from({ length: 24 }, (_, i) => ({
  shape: i % 2 === 0 ? 'disc' : 'stripes',
  seed: i,
  cells: [i % 2 === 0 ? 'disc' : 'stripes', String((i % 2) * 10 + i / 24)],
}));

beforeAll(async () => {
  services = await RunningServices.start('candidates', [
    catalogService,
    taggingService,
    augmentationService,
    insightsService,
    trainingIngestService,
    workerService,
  ]);
});
afterAll(() => services.stop());

describe('a project with a target of classes', () => {
  let projectId: string;
  let found: ListedCandidate[];
  beforeAll(async () => {
    projectId = await aimed(await table('class,size', classRows), { column: 'class', mode: 'quick' });
    found = await searched(projectId);
  });

  it('has a candidate of every blueprint that fits, and they predict most rows that they have not seen', async () => {
    const { blueprints } = await call(candidates.blueprints, { projectId });
    expect(found.map(({ blueprint }) => blueprint.id).sort()).toEqual(blueprints.map(({ id }) => id).sort());
    expect(found.map(({ blueprint }) => blueprint.modelType)).toContainEqual(expect.stringContaining('Keras'));
    expect(found.map(({ state, error }) => [state, error])).toEqual(found.map(() => ['trained', null]));
    for (const { metrics } of found) {
      expect(Object.keys(metrics).sort()).toEqual(['AUC', 'Accuracy', 'LogLoss']);
      expect(metrics.Accuracy?.crossValidation).toBeGreaterThan(0.8);
      expect(metrics.LogLoss?.validation).toEqual(expect.any(Number));
    }
  });

  it('lists the best one first, and uses other columns in one of them only', async () => {
    const losses = found.map(({ metrics }) => metrics.LogLoss?.validation ?? NaN);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    const columns = await Promise.all(
      found.map(async ({ id, blueprint }) => [blueprint.id, await otherColumnsOf(projectId, id)] as const),
    );
    expect(columns.filter(([, others]) => others.length > 0)).toEqual([
      ['keras-linear-classifier-all-columns', ['size']],
    ]);
  });

  it('has files from which a candidate can be read, with a prediction for each row', async () => {
    const [{ id } = { id: '' }] = found;
    const plan = await call(candidates.plan, { projectId, candidateId: id });
    const read = (sha256 = '') => services.blobs.read({ area: 'models', workspace: WORKSPACE, sha256 });
    expect(decodeModel(await read(plan.files?.model.sha256)).classes).toEqual(['disc', 'stripes']);
    const bytes = await read(plan.files?.predictions.sha256);
    const predictions = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    expect(predictions).toHaveLength(24 * 2);
    for (let row = 0; row < 24; row++)
      expect((predictions[2 * row] ?? 0) + (predictions[2 * row + 1] ?? 0)).toBeCloseTo(1, 5);
  });

  it('lists the jobs of its candidates, which carry a number', async () => {
    const request = { projectId, types: [trainCandidate.type], states: [...JOB_STATES] };
    const { jobs, total } = await call(jobDirectoryContracts.list, request);
    expect(total).toBe(found.length);
    expect(jobs.map(({ number }) => number).sort()).toEqual(found.map(({ jobNumber }) => jobNumber).sort());
    expect((await call(jobDirectoryContracts.list, { ...request, states: ['queued', 'running'] })).jobs).toEqual([]);
    const second = await call(jobDirectoryContracts.list, { ...request, offset: 1, limit: 1 });
    expect(second).toEqual({ jobs: [jobs[1]], total });
  });

  it('begins nothing again, and trains one blueprint again if asked for it', async () => {
    expect(await call(candidates.trainAll, { projectId })).toEqual({ candidates: [] });
    const again = await trained(projectId, 'nearest-mean-classifier');
    const earlier = found.find(({ blueprint }) => blueprint.id === again.blueprint.id);
    expect(again.metrics).toEqual(earlier?.metrics);
    await call(candidates.delete, { projectId, candidateId: again.id });
    await expect(call(candidates.get, { projectId, candidateId: again.id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('refuses a blueprint that does not exist or is for other targets', async () => {
    for (const blueprintId of ['unknown', 'ridge-regressor', 'keras-linear-classifier-augmented'])
      await expect(call(candidates.train, { projectId, blueprintId })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });

  it('offers a blueprint with augmented images as soon as there is an initial list, which is in use afterwards', async () => {
    const { id: listId } = await call(augmentationListContracts.create, {
      projectId,
      name: 'list',
      featureName: 'image',
      initialList: true,
      transformationProbability: 1,
      numberOfNewImages: 1,
      transformations: [{ name: 'rotation' }],
    });
    const blueprintId = 'keras-linear-classifier-augmented';
    const { blueprints } = await call(candidates.blueprints, { projectId });
    expect(blueprints.map(({ id }) => id)).toContain(blueprintId);
    const candidate = await trained(projectId, blueprintId);
    expect(candidate.metrics.Accuracy?.crossValidation).toBeGreaterThan(0.8);
    expect((await call(augmentationListContracts.get, { id: listId })).id).toBe(listId);
  });

  it('makes one training of two that are asked for at once', async () => {
    const asked = await Promise.allSettled(
      [1, 2].map(() => call(candidates.train, { projectId, blueprintId: 'keras-linear-classifier' })),
    );
    const refused = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason as DomainError] : []));
    expect(refused.map(({ code, details }) => [code, details['reason']])).toEqual([
      ['FAILED_PRECONDITION', 'under-way'],
    ]);
    for (const each of asked) if (each.status === 'fulfilled') await ended(services, each.value.jobId);
  });

  it('can be asked again for a training that was aborted', async () => {
    const blueprintId = 'keras-linear-classifier-all-columns';
    const { id, jobId } = await call(candidates.train, { projectId, blueprintId });
    await call(jobReportContracts['training-ingest'].abort, { jobId });
    expect((await ended(services, jobId)).state).toBe('aborted');
    expect((await call(candidates.get, { projectId, candidateId: id })).state).toBe('failed');
    expect((await trained(projectId, blueprintId)).state).toBe('trained');
    await services.get(trainingIngestService, TendCandidates).removeDeleted(Date.now() + FAILED_CANDIDATE_MS + HOUR_MS);
    const { candidates: left } = await call(candidates.list, { projectId });
    expect(left.map(({ state }) => state)).toEqual(left.map(() => 'trained'));
  });

  it('leaves no record and no file behind when it is deleted', async () => {
    await call(trainingIngestContracts.deleteProject, { projectId });
    const database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
    await eventually(async () => {
      await services.get(trainingIngestService, TendCandidates).removeDeleted();
      expect(await database.collection('candidates').countDocuments({})).toBe(0);
    });
    await database.close();
    await services.get(trainingIngestService, SweepModels).sweepModels(Date.now() + 2 * HOUR_MS);
    const files: string[] = [];
    for await (const { key } of services.blobs.list('models', WORKSPACE)) files.push(key.sha256);
    expect(files).toEqual([]);
  });
});

describe('other targets', () => {
  it('has candidates that predict numbers', async () => {
    const rows = classRows.map((row, i) => ({ ...row, cells: [String((i % 2) * 10 + (i % 12) / 12)] }));
    const projectId = await aimed(await table('size', rows), { column: 'size', mode: 'auto', type: 'regression' });
    const found = await searched(projectId);
    expect(found.length).toBeGreaterThanOrEqual(2);
    expect(found[0]?.metrics.RMSE?.crossValidation).toBeLessThan(4);
    expect(Object.keys(found[0]?.metrics ?? {}).sort()).toEqual(['MAE', 'R Squared', 'RMSE']);
  });

  it('has candidates that predict several labels', async () => {
    const rows = classRows.map((row, i) => ({
      ...row,
      cells: [`"[""${row.shape}""${i % 3 === 0 ? ',""third""' : ''}]"`],
    }));
    const projectId = await aimed(await table('labels', rows), { column: 'labels', mode: 'quick' });
    const found = await searched(projectId);
    expect(found.length).toBeGreaterThanOrEqual(2);
    expect(Object.keys(found[0]?.metrics ?? {}).sort()).toEqual(['AUC', 'LogLoss']);
  });

  it('has candidates that use the columns of a table without images', async () => {
    const lines = classRows.map(({ shape }, i) => `${shape},${(i % 2) * 10 + i / 24}`);
    const projectId = await aimed(strToU8(['class,size', ...lines].join('\n')), { column: 'class', mode: 'quick' });
    const found = await searched(projectId);
    expect(found.map(({ state, error }) => [state, error])).toEqual(found.map(() => ['trained', null]));
    expect(found.length).toBeGreaterThanOrEqual(2);
    expect(found[0]?.metrics.Accuracy?.crossValidation).toBe(1);
  });

  it('decides by the metric whether few numbers are classes', async () => {
    const rows = classRows.map((row, i) => ({ ...row, cells: [String(i % 4)] }));
    const projectId = await aimed(await table('few', rows), { column: 'few', mode: 'manual', metric: 'RMSE' });
    const { modelings: described } = await call(modelings.describe, { projectIds: [projectId] });
    expect(described[0]?.target).toMatchObject({ type: 'regression', metric: 'RMSE' });
  });

  it('refuses a target without another column that models can learn from', async () => {
    const bytes = strToU8('class\na\nb\na\nb\n');
    const source = { kind: 'new', fileName: 'upload', source: await upload(services, bytes) } as const;
    const { projectId, jobId } = await call(modelings.create, { source });
    await ended(services, jobId);
    await expect(call(targets.set, { projectId, column: 'class', mode: 'quick' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no other column'),
    });
  });

  it('begins nothing by itself in manual mode', async () => {
    const projectId = await aimed(await table('class,size', classRows.slice(0, 6)), {
      column: 'class',
      mode: 'manual',
    });
    await services.get(trainingIngestService, TendCandidates).search();
    expect(await call(candidates.list, { projectId })).toEqual({ candidates: [] });
    expect((await trained(projectId, 'keras-linear-classifier')).number).toBe(1);
  });

  it('refuses to train without a target', async () => {
    const source = {
      kind: 'new',
      fileName: 'upload',
      source: await upload(services, await table('class,size', classRows.slice(0, 2))),
    } as const;
    const { projectId, jobId } = await call(modelings.create, { source });
    await ended(services, jobId);
    await expect(call(candidates.trainAll, { projectId })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      details: { reason: 'no-target' },
    });
    expect(await call(candidates.blueprints, { projectId })).toEqual({ blueprints: [] });
  });
});
