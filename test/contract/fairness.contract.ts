/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  candidateContracts as candidates,
  jobDirectoryContracts,
  predictionDatasetContracts as predictionDatasets,
  tablePredictionContracts as predictions,
  targetContracts as targets,
} from '@pentaprism/contracts';
import { JobLedger, Turns } from '@pentaprism/jobs';
import { eventually } from '@pentaprism/testing';
import { strToU8 } from 'fflate';
import mongoose from 'mongoose';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { Turn } from '../../apps/worker/src/datasets/turn.js';
import { JobParts } from '../../apps/worker/src/job-parts.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { ended, upload, uploadedProject } from './dataset-imports.js';
import { RunningServices } from './running-services.js';

const BLUEPRINT = 'keras-linear-classifier';
/** More than two batches of a prediction. */
const ROWS_TO_PREDICT = 1_200;

let services: RunningServices;
let database: mongoose.Connection;
let long: string;
let short: string;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

/** Makes a project of a table of numbers in two classes. */
async function aimed(rows: number): Promise<string> {
  const lines = Array.from({ length: rows }, (_, i) => `${i % 2 ? 'high' : 'low'},${(i % 2) * 10 + i / rows}`);
  const projectId = await uploadedProject(services, strToU8(['class,size', ...lines].join('\n')));
  const { jobId } = await call(targets.set, { projectId, column: 'class', mode: 'manual' });
  expect((await ended(services, jobId)).state).toBe('completed');
  return projectId;
}

const train = (projectId: string) => call(candidates.train, { projectId, blueprintId: BLUEPRINT });

async function filesOf(projectId: string, { id, jobId }: { id: string; jobId: string }) {
  const job = await ended(services, jobId);
  expect(job.error).toBeNull();
  const { files } = await call(candidates.plan, { projectId, candidateId: id });
  if (!files) throw new Error('the candidate has no files');
  return { files, finishedAt: job.finishedAt ?? 0 };
}

/** Lets jobs keep everything, from a moment on. Returns the names of what is kept. */
function keepEverything(from: Promise<unknown> = Promise.resolve()): string[] {
  const kept: string[] = [];
  const { keep } = JobParts.prototype;
  jest.spyOn(JobParts.prototype, 'isDue', 'get').mockReturnValue(true);
  jest.spyOn(JobParts.prototype, 'keep').mockImplementation(async function (this: JobParts, name, ...rest) {
    await from;
    kept.push(name);
    return keep.call(this, name, ...rest);
  });
  return kept;
}

const turnIsOver = () => jest.spyOn(Turn.prototype, 'isOver', 'get');

const recordOf = (jobId: string) =>
  database.collection('jobs').findOne({ _id: new mongoose.Types.ObjectId(jobId) }, { promoteLongs: true });

beforeAll(async () => {
  services = await RunningServices.start('fairness', [
    catalogService,
    taggingService,
    augmentationService,
    insightsService,
    trainingIngestService,
    workerService,
  ]);
  database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
  long = await aimed(120);
  short = await aimed(12);
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

describe('a long training', () => {
  it('gives way to one of another project, goes on where it stopped, and ends with the same bytes', async () => {
    const undisturbed = await filesOf(long, await train(long));
    let begin: (begun: unknown) => void = () => undefined;
    const kept = keepEverything(new Promise((resolve) => (begin = resolve)));
    // That of the long training, after its first head.
    let isOver = false;
    turnIsOver().mockImplementation(() => {
      const was = isOver;
      isOver = false;
      return was;
    });
    const running = await train(long);
    await eventually(async () =>
      expect((await call(jobDirectoryContracts.get, { id: running.jobId })).state).toBe('running'),
    );
    const waiting = await train(short);
    isOver = true;
    begin(waiting);
    const other = await filesOf(short, waiting);
    const disturbed = await filesOf(long, running);
    expect(disturbed.files).toEqual(undisturbed.files);
    expect(other.finishedAt).toBeLessThan(disturbed.finishedAt);
    expect(await recordOf(running.jobId)).toMatchObject({ attempt: 2, starts: 1 });
    expect(await recordOf(running.jobId)).not.toHaveProperty('parts');
    // Six heads of each training, none of them twice.
    expect(kept.filter((name) => name.startsWith('head')).length).toBe(12);
  });
});

describe('a prediction of many rows', () => {
  it('gives way after each batch, predicts no batch twice, and ends with the same bytes', async () => {
    const { candidates: trained } = await call(candidates.list, { projectId: long, state: 'trained' });
    const lines = Array.from({ length: ROWS_TO_PREDICT }, (_, i) => `${(i % 2) * 10 + i / ROWS_TO_PREDICT}`);
    const source = await upload(services, strToU8(['size', ...lines].join('\n')));
    const made = await call(predictionDatasets.create, {
      projectId: long,
      source: { kind: 'new', fileName: 'predict.csv', source },
    });
    expect((await ended(services, made.jobId)).error).toBeNull();
    const request = { projectId: long, candidateId: trained[0]?.id ?? '', predictionDatasetId: made.id };
    const predict = async () => {
      const { id, jobId } = await call(predictions.predict, request);
      expect((await ended(services, jobId)).error).toBeNull();
      return { jobId, file: (await call(predictions.get, { projectId: long, predictionId: id })).file };
    };
    const undisturbed = await predict();
    const kept = keepEverything();
    turnIsOver().mockReturnValue(true);
    jest.spyOn(Turns.prototype, 'areOfOthersAfter').mockResolvedValue(true);
    const disturbed = await predict();
    expect(disturbed.file).toEqual(undisturbed.file);
    expect(kept).toEqual(['rows 1 to 500', 'rows 501 to 1000', 'rows 1001 to 1200']);
    expect(await recordOf(disturbed.jobId)).toMatchObject({ attempt: 4, starts: 1 });
  });
});

describe('a model that is deleted', () => {
  it('ends its prediction that waits', async () => {
    const ledger = services.get(trainingIngestService, JobLedger);
    const { candidates: trained } = await call(candidates.list, { projectId: long, state: 'trained' });
    const { id: candidateId = '' } = trained[0] ?? {};
    // No ticket is made for it, so that no worker takes it.
    const [job] = await database.collection('jobs').find({ type: 'candidate.predict' }).limit(1).toArray();
    const waiting = { ...job, _id: new mongoose.Types.ObjectId(), number: 900_000, state: 'queued' };
    const notBefore = new Date(Date.now() + 3_600_000);
    await database.collection('jobs').insertOne({ ...waiting, notBefore, enqueuedAt: notBefore });
    expect(await ledger.find(waiting._id)).toMatchObject({ state: 'queued', subject: { candidateId } });
    await call(candidates.delete, { projectId: long, candidateId });
    expect(await ledger.find(waiting._id)).toMatchObject({ state: 'aborted' });
  });
});
