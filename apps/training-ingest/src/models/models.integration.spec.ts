import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { getModelToken } from '@nestjs/mongoose';
import { connectBus, type BusConnection } from '@pentaprism/bus';
import {
  augmentationListContracts,
  contentContracts,
  inferenceContracts,
  iterationContracts as iterations,
  jobReportContracts,
  predictedImageContracts,
  predictionContracts as predictions,
  snapshotContracts,
  trainingIngestContracts,
  type Iteration,
  type JobPayload,
  type JobResult,
  type trainModel,
} from '@pentaprism/contracts';
import {
  MAX_AUGMENTED_IMAGES_PER_TRAINING,
  MAX_ITERATIONS_PER_PROJECT,
  MAX_PENDING_TRAININGS_PER_WORKSPACE,
  MAX_TAGS_PER_BATCH,
  PREDICTION_TTL,
} from '@pentaprism/domain';
import { encodeEvaluation, encodeHead } from '@pentaprism/heads';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { eventually, testScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { rm } from 'node:fs/promises';
import { IterationRepository } from './iteration.repository.js';
import { ITERATION_MODEL, type IterationDocument } from './iteration.schema.js';
import { startWebServer } from '../url/web-server.fixture.js';
import { BACKBONE, PROJECT, StandInsForModels, TAGS } from './models.fixture.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { FindLostModels } from '../housekeeping/find-lost-models.usecase.js';
import { MODEL_FILE_GRACE_MS, PREDICTION_PICTURE_MS, SweepModels } from '../housekeeping/sweep-models.usecase.js';
import { MAX_TRAINING_MS, TendIterations } from './tend-iterations.usecase.js';

const reports = jobReportContracts['training-ingest'];
const TRAIN = { projectId: PROJECT, force: false, selectedTags: [], trainingType: null, reservedBudgetInHours: 0 };
const CONTENT = { sha256: 'ab'.repeat(32), size: 5, mediaType: 'image/png' };

let service: StartedTrainingIngest;
let connection: BusConnection;
let others: StandInsForModels;
let second: INestMicroservice;

const call: StartedTrainingIngest['call'] = (rpc, request, workspace) => service.call(rpc, request, workspace);
const iterationModel = () =>
  service.app.get<Model<IterationDocument>>(getModelToken(ITERATION_MODEL), { strict: false });
const jobModel = () => service.app.get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false });
const train = (changes: object = {}) => call(iterations.train, { ...TRAIN, ...changes });
const keyOf = ({ id }: Pick<Iteration, 'id'>) => ({ projectId: PROJECT, iterationId: id });
const failsWith = (code: string, reason?: string) =>
  expect.objectContaining({ code, ...(reason === undefined ? {} : { details: expect.objectContaining({ reason }) }) });
const put = async (area: string, bytes: Uint8Array) => {
  const { sha256, size } = await service.blobs.put(area, 'w1', bytes, { maxBytes: 1_000_000 });
  return { sha256, size, mediaType: 'application/octet-stream' };
};

/** Files of a model that takes the first two numbers of an embedding for its two tags. */
async function makeFiles(): Promise<JobResult<typeof trainModel>> {
  const kind = 'multilabel';
  const head = { kind, weights: Float32Array.from([4, -4, -4, 4]), bias: new Float32Array(2) } as const;
  const evaluation = {
    kind,
    tags: 2,
    probabilities: Float32Array.from([0.9, 0.1, 0.8, 0.3, 0.4, 0.6]),
    labels: Uint8Array.from([1, 0, 1, 0, 1, 0]),
    folds: Uint8Array.from([0, 1, 0]),
  } as const;
  const ids = ['1', '2', '3'].map((digit) => digit.repeat(24));
  return {
    backbone: BACKBONE,
    head: await put('models', encodeHead(head)),
    evaluation: await put('models', encodeEvaluation(evaluation)),
    examples: await put('models', Buffer.from(ids.join(''), 'hex')),
    images: 3,
    seconds: 61,
  };
}

/** Does what a worker does. */
async function work({ id }: Pick<Iteration, 'id'>): Promise<void> {
  const { job } = (await iterationModel().findById(id).lean()) as IterationDocument;
  const started = await call(reports.start, { jobId: job.toHexString(), worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  const report = { jobId: job.toHexString(), attempt: started.attempt, result: await makeFiles() };
  expect(await call(reports.complete, report)).toEqual({ accepted: true });
}

const trained = async (changes: object = {}) => {
  const iteration = await train(changes);
  await work(iteration);
  return call(iterations.get, keyOf(iteration));
};

beforeAll(async () => {
  const scope = testScope('models');
  service = await startTrainingIngest(scope, { URL_IMPORT_ALLOW: '127.0.0.1' });
  second = await service.startAnother();
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'stand-ins', logger });
  others = new StandInsForModels(connection);
});
afterAll(async () => {
  await connection.nats.close();
  await service.stop();
});
afterEach(async () => {
  others.failures.clear();
  Object.assign(others, { revision: 'r1', backbone: BACKBONE, images: 10, embedding: [1, 0], recipe: null });
  await iterationModel().deleteMany({});
  await jobModel().deleteMany({});
  others.changes.length = 0;
});

describe('a training', () => {
  it('is on a snapshot of its id, and ends as its job does', async () => {
    const iteration = await train({ trainingType: 'Advanced', reservedBudgetInHours: 2 });
    expect(iteration).toMatchObject({ status: 'training', name: 'Iteration 1', progress: 0, trainingType: 'Advanced' });
    expect(others.requestsTo(snapshotContracts.create)).toEqual([{ projectId: PROJECT, snapshotId: iteration.id }]);
    await work(iteration);
    const done = await call(iterations.get, keyOf(iteration));
    expect(done).toMatchObject({ status: 'completed', progress: 1, trainingMinutes: 2, error: null });
    expect(done.trainedAt).not.toBeNull();
  });

  it('that fails says why', async () => {
    const iteration = await train();
    const { job } = (await iterationModel().findById(iteration.id).lean()) as IterationDocument;
    const started = await call(reports.start, { jobId: job.toHexString(), worker: 'test' });
    const attempt = started.taken ? started.attempt : 0;
    const error = { code: 'FAILED_PRECONDITION', message: 'No image can be decoded.' };
    await call(reports.fail, { jobId: job.toHexString(), attempt, error, retryable: false });
    expect(await call(iterations.get, keyOf(iteration))).toMatchObject({ status: 'failed', error: error.message });
  });

  it('is one at a time, also when several calls request it at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => train()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(failsWith('CONFLICT'));
    expect(await jobModel().countDocuments({})).toBe(1);
  });

  it('is not needed while nothing changes: images, or the backbone', async () => {
    await trained();
    await expect(train()).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'unchanged'));
    others.revision = 'r2';
    await trained();
    await expect(train()).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'unchanged'));
    others.backbone = 'another:000000000000';
    await expect(train()).resolves.toMatchObject({ status: 'training' });
  });

  it('copies the recipe of the augmentation list, and is needed again when that changes', async () => {
    const recipe = { transformationProbability: 1, numberOfNewImages: 2, transformations: [{ name: 'blur' }] };
    const payloadOf = async (iteration: Iteration) => {
      const { job, augmentation } = (await iterationModel().findById(iteration.id).lean()) as IterationDocument;
      const { payload } = (await jobModel().findById(job).lean()) as JobDocument;
      return [augmentation, (payload as JobPayload<typeof trainModel>).augmentation];
    };
    expect(await payloadOf(await trained())).toEqual([null, null]);
    others.recipe = recipe;
    const augmented = await trained();
    expect(await payloadOf(augmented)).toEqual([recipe, recipe]);
    await expect(train()).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'unchanged'));
    others.recipe = { ...recipe, numberOfNewImages: 3 };
    await trained();
    expect(await payloadOf(augmented)).toEqual([recipe, recipe]);
    others.recipe = null;
    await expect(train()).resolves.toMatchObject({ status: 'training' });
  });

  it('is refused where its augmentation makes too much, or nobody knows of it', async () => {
    others.images = MAX_AUGMENTED_IMAGES_PER_TRAINING / 4;
    others.recipe = { transformationProbability: 1, numberOfNewImages: 3, transformations: [] };
    await expect(train()).rejects.toEqual(failsWith('INVALID_ARGUMENT', 'too-large'));
    others.recipe = null;
    others.failures.set(augmentationListContracts.forTraining.subject, 'UNAVAILABLE');
    await expect(train()).rejects.toEqual(failsWith('UNAVAILABLE'));
    expect((await call(iterations.list, { projectId: PROJECT })).iterations).toEqual([]);
  });

  it('needs images, and a project', async () => {
    others.images = 4;
    await expect(train()).rejects.toEqual(failsWith('INVALID_ARGUMENT', 'too-few-images'));
    await expect(train({ projectId: 'b'.repeat(24) })).rejects.toEqual(failsWith('NOT_FOUND'));
    others.images = 10;
    others.failures.set(snapshotContracts.create.subject, 'NOT_FOUND');
    await expect(train()).rejects.toEqual(failsWith('NOT_FOUND'));
    expect((await call(iterations.list, { projectId: PROJECT })).iterations).toEqual([]);
  });

  it('begins also when the snapshot has to wait for the job', async () => {
    others.failures.set(snapshotContracts.create.subject, 'UNAVAILABLE');
    expect(await train()).toMatchObject({ status: 'training' });
  });

  it(`is refused beyond ${MAX_ITERATIONS_PER_PROJECT} iterations, and ${MAX_PENDING_TRAININGS_PER_WORKSPACE} that wait`, async () => {
    const iteration = await trained();
    const { _id, ...copy } = (await iterationModel().findById(iteration.id).lean()) as IterationDocument;
    await iterationModel().insertMany(Array.from({ length: MAX_ITERATIONS_PER_PROJECT - 1 }, () => copy));
    await expect(train({ force: true })).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'too-many'));
    await iterationModel().deleteMany({});
    const job = (await jobModel().findOne({}).lean()) as JobDocument;
    const waiting = Array.from({ length: MAX_PENDING_TRAININGS_PER_WORKSPACE }, () => ({
      ...job,
      _id: new Types.ObjectId(),
      state: 'queued',
    }));
    await jobModel().collection.insertMany(waiting as never);
    await expect(train()).rejects.toEqual(failsWith('RATE_LIMITED'));
  });
});

describe('an iteration', () => {
  it('has one name that no other has, unless it is to be taken over', async () => {
    const [one, two] = [await trained(), await trained({ force: true })];
    const publish = (of: Iteration, overwrite = false) =>
      call(iterations.publish, { ...keyOf(of), name: 'model', target: 'here', overwrite });
    expect(await publish(one)).toMatchObject({ publishName: 'model', publishTarget: 'here' });
    await expect(publish(one)).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'published'));
    await expect(publish(two)).rejects.toEqual(failsWith('CONFLICT'));
    await expect(call(iterations.delete, keyOf(one))).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'published'));
    expect(await publish(two, true)).toMatchObject({ publishName: 'model' });
    expect(await call(iterations.get, keyOf(one))).toMatchObject({ publishName: null });
    const remove = () => call(trainingIngestContracts.deleteProject, { projectId: PROJECT });
    await expect(remove()).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'published'));
    await call(iterations.unpublish, keyOf(two));
    expect(await remove()).toEqual({});
  });

  it('is the default one alone, however many want to be', async () => {
    const all = [await trained(), await trained({ force: true }), await trained({ force: true })];
    await Promise.allSettled(all.map((each) => call(iterations.update, { ...keyOf(each), isDefault: true })));
    const { iterations: found } = await call(iterations.list, { projectId: PROJECT });
    expect(found.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    const training = await train({ force: true });
    const update = { ...keyOf(training), isDefault: true };
    await expect(call(iterations.update, update)).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'not-trained'));
  });

  it('that is deleted takes its training and its snapshot along, also when the catalog is away at first', async () => {
    const iteration = await train();
    others.failures.set(snapshotContracts.delete.subject, 'UNAVAILABLE');
    await call(iterations.delete, keyOf(iteration));
    await expect(call(iterations.get, keyOf(iteration))).rejects.toEqual(failsWith('NOT_FOUND'));
    expect(await jobModel().distinct('state')).toEqual(['aborted']);
    others.failures.clear();
    await second.get(TendIterations, { strict: false }).tend();
    expect(others.requestsTo(snapshotContracts.delete)).toEqual([{ projectId: PROJECT, snapshotId: iteration.id }]);
    expect(await iterationModel().countDocuments({})).toBe(0);
    // Another one may begin meanwhile.
    await train();
  });

  it('ends as failed when nobody trains it any more, or for too long', async () => {
    const tend = (later: number) => service.app.get(TendIterations, { strict: false }).tend(Date.now() + later);
    const lost = await train();
    await jobModel().updateMany({}, { state: 'failed' });
    await tend(30_000);
    expect(await call(iterations.get, keyOf(lost))).toMatchObject({ status: 'training' });
    await tend(61_000);
    expect(await call(iterations.get, keyOf(lost))).toMatchObject({
      status: 'failed',
      error: 'The training was lost.',
    });
    const slow = await train();
    await tend(MAX_TRAINING_MS - 60_000);
    expect(await call(iterations.get, keyOf(slow))).toMatchObject({ status: 'training' });
    await tend(MAX_TRAINING_MS + 60_000);
    expect(await call(iterations.get, keyOf(slow))).toMatchObject({ status: 'failed' });
    expect(await jobModel().countDocuments({ state: 'aborted' })).toBe(1);
  });

  it('knows its tags as they were when it began', async () => {
    const iteration = await trained();
    const tags = TAGS.map(({ id, name, type }) => ({ id, name, type }));
    expect(await call(iterations.tags, keyOf(iteration))).toEqual({ tags });
    const elsewhere = { projectId: PROJECT, iterationId: new Types.ObjectId().toHexString() };
    await expect(call(iterations.tags, elsewhere)).rejects.toEqual(failsWith('NOT_FOUND'));
    await expect(call(iterations.tags, keyOf(iteration), 'w2')).rejects.toEqual(failsWith('NOT_FOUND'));
  });

  it('says how good it is, from predictions of what it had not seen', async () => {
    const iteration = await trained();
    const performance = await call(iterations.performance, { ...keyOf(iteration), threshold: 0.5 });
    expect(performance).toMatchObject({ precision: 2 / 3, recall: 2 / 3 });
    expect(performance.tags).toMatchObject([{ name: 'cat', precision: 1, recall: 2 / 3 }, { name: 'dog' }]);
    const training = await train({ force: true });
    const early = call(iterations.performance, { ...keyOf(training), threshold: 0.5 });
    await expect(early).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'not-trained'));
  });
});

describe('a prediction', () => {
  const source = { kind: 'content' as const, content: CONTENT };
  const predict = (changes: object = {}) =>
    call(predictions.predict, {
      projectId: PROJECT,
      iteration: null,
      orNewest: true,
      source,
      maxBytes: 100,
      store: false,
      application: null,
      ...changes,
    });

  it('is that of the head, highest first, and leaves nothing unless it is to be kept', async () => {
    await expect(predict()).rejects.toEqual(failsWith('NOT_FOUND', 'no-default'));
    const iteration = await trained();
    others.embedding = [0, 1];
    const { tags, iterationId } = await predict();
    expect(iterationId).toBe(iteration.id);
    expect(tags.map(({ name }) => name)).toEqual(['dog', 'cat']);
    expect(tags[0]?.probability).toBeCloseTo(1 / (1 + Math.exp(-4)), 5);
    expect(others.requestsTo(predictedImageContracts.create)).toEqual([]);
    await expect(predict({ orNewest: false })).rejects.toEqual(failsWith('NOT_FOUND', 'no-default'));
    const { id } = await predict({ store: true, application: 'test' });
    expect(others.requestsTo(predictedImageContracts.create)).toEqual([
      { projectId: PROJECT, id, content: CONTENT, timeToLive: PREDICTION_TTL },
    ]);
  });

  it('of a URL lets go of bytes that are no picture, and keeps no others', async () => {
    await trained();
    const server = await startWebServer((_request, response) => response.end('no picture'));
    try {
      const kept = { source: { kind: 'url', url: server.url }, store: true };
      await predict(kept);
      others.failures.set(inferenceContracts.embed.subject, 'UNDECODABLE_IMAGE');
      await expect(predict({ ...kept, store: false })).rejects.toEqual(failsWith('UNDECODABLE_IMAGE'));
      await expect(predict(kept)).rejects.toEqual(failsWith('UNDECODABLE_IMAGE'));
      // Once only: what is not kept is in an area that is emptied.
      const sweeper = service.app.get(SweepModels);
      expect(await sweeper.sweepPredictions(Date.now() + PREDICTION_PICTURE_MS + 10_000)).toBe(1);
      await eventually(() => expect(others.requestsTo(contentContracts.discard)).toHaveLength(1));
      expect(others.requestsTo(contentContracts.discard)).toMatchObject([{ contents: [{ size: 10 }] }]);
    } finally {
      await server.close();
    }
  });

  it('by a model of another backbone is refused', async () => {
    await trained();
    others.backbone = 'another:000000000000';
    await expect(predict()).rejects.toEqual(failsWith('FAILED_PRECONDITION', 'backbone'));
  });
});

it('images with too many different tags are refused as a whole', async () => {
  const tagIds = Array.from({ length: MAX_TAGS_PER_BATCH }, () => new Types.ObjectId().toHexString());
  const images = [
    { fileName: '', source: { kind: 'content' as const, content: CONTENT }, tagIds: [TAGS[0]?.id ?? ''] },
  ];
  const request = { projectId: PROJECT, tagIds, images };
  await expect(call(trainingIngestContracts.addImages, request)).rejects.toEqual(failsWith('INVALID_ARGUMENT'));
});

describe('the sweeper', () => {
  it('removes files that no model has, and pictures that were only looked at, each in its time', async () => {
    const sweeper = service.app.get(SweepModels, { strict: false });
    await trained();
    const [left, picture] = [await put('models', Buffer.from('left')), await put('predictions', Buffer.from('seen'))];
    const isStored = async (area: string, { sha256 }: { sha256: string }) =>
      (await service.blobs.stat({ area, workspace: 'w1', sha256 })) !== null;
    await sweeper.sweepModels(Date.now() + MODEL_FILE_GRACE_MS - 10_000);
    await sweeper.sweepPredictions(Date.now() + PREDICTION_PICTURE_MS - 10_000);
    expect([await isStored('models', left), await isStored('predictions', picture)]).toEqual([true, true]);
    expect(await sweeper.sweepModels(Date.now() + MODEL_FILE_GRACE_MS + 10_000)).toBe(1);
    expect(await sweeper.sweepPredictions(Date.now() + PREDICTION_PICTURE_MS + 10_000)).toBe(1);
    expect([await isStored('models', left), await isStored('predictions', picture)]).toEqual([false, false]);
    const files = await makeFiles();
    for (const file of [files.head, files.evaluation, files.examples])
      expect(await isStored('models', file)).toBe(true);
  });
});

it('models whose files are gone are found, and no others', async () => {
  const finder = service.app.get(FindLostModels, { strict: false });
  await trained();
  const before = await finder.pass();
  expect(before.checked).toBeGreaterThan(0);
  const files = await service.app.get(IterationRepository, { strict: false }).withFilesAfter(null, 1000);
  const [sha256 = ''] = files.at(-1)?.files ?? [];
  await rm(service.blobs.localPath?.({ area: 'models', workspace: 'w1', sha256 }) ?? '');
  const { checked, missing } = await finder.pass();
  expect(checked).toBe(before.checked);
  expect(missing).toBeGreaterThan(before.missing);
});
