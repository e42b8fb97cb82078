/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  candidateContracts as candidates,
  datasetContracts as datasets,
  jobReportContracts,
  modelingContracts as modelings,
  predictedRow,
  predictionDatasetContracts as predictionDatasets,
  tablePredictionContracts as predictions,
  targetContracts as targets,
  trainingIngestContracts,
  type PredictedRow,
  type RequestOf,
} from '@pentaprism/contracts';
import { PREDICTION_DAYS } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import { strToU8, zipSync } from 'fflate';
import mongoose from 'mongoose';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { SweepModels } from '../../apps/training-ingest/src/housekeeping/sweep-models.usecase.js';
import { TendTablePredictions } from '../../apps/training-ingest/src/table-predictions/tend-table-predictions.usecase.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { drawing } from '../drawings.js';
import { ended, importedDataset, upload } from './dataset-imports.js';
import { RunningServices, WORKSPACE } from './running-services.js';

const HOUR_MS = 3600 * 1000;
const NOT_AN_IMAGE = Buffer.from('not an image, but long enough to be some').toString('base64');

type Shape = 'disc' | 'stripes';
const SHAPES: readonly Shape[] = ['disc', 'stripes'];
const sizeOf = (shape: Shape, i: number) => String((shape === 'disc' ? 0 : 10) + i / 24);

let services: RunningServices;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

/** Makes a project whose target has been read, with one trained model. */
async function modelled(
  lines: readonly string[],
  target: Omit<RequestOf<typeof targets.set>, 'projectId' | 'mode'>,
  blueprintId: string,
) {
  const source = {
    kind: 'new',
    fileName: 'upload',
    source: await upload(services, strToU8(lines.join('\n'))),
  } as const;
  const { projectId, jobId } = await call(modelings.create, { source });
  expect((await ended(services, jobId)).error).toBeNull();
  const { jobId: targetJob } = await call(targets.set, { projectId, mode: 'manual', ...target });
  expect((await ended(services, targetJob)).error).toBeNull();
  return { projectId, candidateId: await trained(projectId, blueprintId) };
}

async function trained(projectId: string, blueprintId: string): Promise<string> {
  const { id, jobId } = await call(candidates.train, { projectId, blueprintId });
  expect((await ended(services, jobId)).error).toBeNull();
  return id;
}

/** Uploads data to predict, and waits until it has been imported. */
async function toPredict(projectId: string, bytes: Uint8Array, fileName = 'predict.csv'): Promise<string> {
  const source = { kind: 'new', fileName, source: await upload(services, bytes) } as const;
  const { id, jobId } = await call(predictionDatasets.create, { projectId, source });
  expect((await ended(services, jobId)).error).toBeNull();
  return id;
}

/** Predicts data, and returns the rows of the file. */
async function predicted(request: RequestOf<typeof predictions.predict>): Promise<PredictedRow[]> {
  const { id, jobId, projectId } = await call(predictions.predict, request);
  expect((await ended(services, jobId)).error).toBeNull();
  return rowsOf(projectId, id);
}

async function rowsOf(projectId: string, predictionId: string): Promise<PredictedRow[]> {
  const { file, state } = await call(predictions.get, { projectId, predictionId });
  expect(state).toBe('predicted');
  const bytes = await services.blobs.read({ area: 'models', workspace: WORKSPACE, sha256: file?.sha256 ?? '' });
  const lines = bytes.toString('utf8').trimEnd().split('\n');
  return lines.map((line) => predictedRow.parse(JSON.parse(line)));
}

const text = (shape: Shape, seed: number) => drawing(shape, seed).then((bytes) => bytes.toString('base64'));
const table = (...lines: string[]) => strToU8(lines.join('\n'));

beforeAll(async () => {
  services = await RunningServices.start('table_predictions', [
    catalogService,
    taggingService,
    augmentationService,
    insightsService,
    trainingIngestService,
    workerService,
  ]);
});
afterAll(() => services.stop());

describe('predictions of two classes', () => {
  let projectId: string;
  let images: string;
  let allColumns: string;
  beforeAll(async () => {
    const rows = Array.from({ length: 24 }, async (_, i) => {
      const shape = SHAPES[i % 2] as Shape;
      return [shape, sizeOf(shape, i), await text(shape, i)].join(',');
    });
    const target = { column: 'class', positiveClass: 'disc' };
    const made = await modelled(['class,size,image', ...(await Promise.all(rows))], target, 'keras-linear-classifier');
    ({ projectId, candidateId: images } = made);
    allColumns = await trained(projectId, 'keras-linear-classifier-all-columns');
  });

  it('follow the pictures of each row, in the order of rows, and their probabilities add up to 1', async () => {
    const shapes: Shape[] = ['stripes', 'disc', 'disc', 'stripes', 'stripes'];
    const lines = await Promise.all(shapes.map(async (shape, i) => `x,${await text(shape, 100 + i)}`));
    const predictionDatasetId = await toPredict(projectId, table('note,image', ...lines));
    const rows = await predicted({ projectId, candidateId: images, predictionDatasetId });
    expect(rows.map(({ rowId, prediction }) => [rowId, prediction])).toEqual([...shapes.entries()]);
    for (const { values, positiveProbability } of rows) {
      expect(values.map(({ label }) => label)).toEqual(['disc', 'stripes']);
      expect(values.reduce((sum, { value }) => sum + (value ?? NaN), 0)).toBeCloseTo(1, 12);
      expect(positiveProbability).toBe(values[0]?.value);
    }
  });

  it('are nothing for a row without a readable picture if the model uses pictures alone', async () => {
    const lines = [await text('disc', 200), NOT_AN_IMAGE, '""', await text('stripes', 201)];
    const predictionDatasetId = await toPredict(projectId, table('image', ...lines));
    const rows = await predicted({ projectId, candidateId: images, predictionDatasetId });
    expect(rows.map(({ prediction }) => prediction)).toEqual(['disc', null, null, 'stripes']);
    const nothing = { values: SHAPES.map((label) => ({ label, value: null })), positiveProbability: null };
    expect(rows[1]).toEqual({ rowId: 1, prediction: null, ...nothing });
  });

  it('rest on the other columns of a row without a readable picture', async () => {
    const lines = [
      `${await text('disc', 300)},0.5`,
      `${NOT_AN_IMAGE},10.5`,
      `,0.2`,
      `${await text('stripes', 301)},10.1`,
    ];
    const predictionDatasetId = await toPredict(projectId, table('image,size', ...lines));
    const rows = await predicted({ projectId, candidateId: allColumns, predictionDatasetId });
    expect(rows.map(({ prediction }) => prediction)).toEqual(['disc', 'stripes', 'disc', 'stripes']);
  });

  it('read an archive of pictures, and ignore the folders that name classes', async () => {
    const entries = await Promise.all(
      SHAPES.map(async (shape, i) => [`${SHAPES[1 - i]}/${i}.png`, new Uint8Array(await drawing(shape, 400 + i))]),
    );
    const predictionDatasetId = await toPredict(projectId, zipSync(Object.fromEntries(entries)), 'predict.zip');
    const rows = await predicted({ projectId, candidateId: images, predictionDatasetId });
    expect(rows.map(({ prediction }) => prediction).sort()).toEqual(['disc', 'stripes']);
  });

  it('read a dataset of the workspace, which stays when the data to predict is deleted', async () => {
    const { id: datasetId } = await importedDataset(services, table('image', await text('disc', 500)));
    const { id, jobId } = await call(predictionDatasets.create, { projectId, source: { kind: 'dataset', datasetId } });
    expect((await ended(services, jobId)).state).toBe('completed');
    const rows = await predicted({ projectId, candidateId: images, predictionDatasetId: id });
    expect(rows.map(({ prediction }) => prediction)).toEqual(['disc']);
    await call(predictionDatasets.delete, { projectId, predictionDatasetId: id });
    await services.get(trainingIngestService, TendTablePredictions).removeDeleted();
    expect((await call(datasets.get, { datasetId })).state).toBe('ready');
  });

  it('are refused with the names of missing columns', async () => {
    const predictionDatasetId = await toPredict(projectId, table('other', '1', '2'));
    for (const [candidateId, names] of [
      [images, 'image.'],
      [allColumns, 'image, size.'],
    ] as const)
      await expect(call(predictions.predict, { projectId, candidateId, predictionDatasetId })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(names),
      });
  });

  it('are refused for a model or data of another project', async () => {
    const predictionDatasetId = await toPredict(projectId, table('image', await text('disc', 600)));
    const other = { projectId: 'f'.repeat(24), candidateId: images, predictionDatasetId };
    await expect(call(predictions.predict, other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const wrong of [{ candidateId: 'f'.repeat(24) }, { predictionDatasetId: images }])
      await expect(
        call(predictions.predict, { projectId, candidateId: images, predictionDatasetId, ...wrong }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are made once if they are asked for twice at once, and again after an abort', async () => {
    const predictionDatasetId = await toPredict(projectId, table('image', await text('disc', 700)));
    const request = { projectId, candidateId: images, predictionDatasetId };
    const asked = await Promise.allSettled([1, 2].map(() => call(predictions.predict, request)));
    const begun = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(begun).toHaveLength(1);
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'FAILED_PRECONDITION', details: { reason: 'under-way' } },
    });
    await call(jobReportContracts['training-ingest'].abort, { jobId: begun[0]?.jobId ?? '' }).catch(() => undefined);
    await ended(services, begun[0]?.jobId ?? '');
    expect(await predicted(request)).toHaveLength(1);
  });

  it('have data that lists no dataset of the workspace, newest first', async () => {
    const before = await call(datasets.list, {});
    const id = await toPredict(projectId, table('image', await text('disc', 800)), 'named.csv');
    expect((await call(datasets.list, {})).total).toBe(before.total);
    const { predictionDatasets: found, total } = await call(predictionDatasets.list, { projectId, limit: 2 });
    expect(found[0]).toMatchObject({ id, projectId, name: 'named.csv', rowCount: 1, columnCount: 1 });
    expect(total).toBeGreaterThan(found.length);
    expect(await call(predictionDatasets.get, { projectId, predictionDatasetId: id })).toEqual(found[0]);
  });

  it('leave nothing of data that cannot be imported', async () => {
    const { total } = await call(predictionDatasets.list, { projectId });
    const source = { kind: 'new', fileName: 'broken', source: await upload(services, strToU8('%PDF-1.7')) } as const;
    const { id, jobId } = await call(predictionDatasets.create, { projectId, source });
    expect(await ended(services, jobId)).toMatchObject({ state: 'failed', error: { message: /PDF/ } });
    await expect(call(predictionDatasets.get, { projectId, predictionDatasetId: id })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect((await call(predictionDatasets.list, { projectId })).total).toBe(total);
  });

  it('go with the data, with the project and after thirty days, and leave no record and no file behind', async () => {
    const tending = services.get(trainingIngestService, TendTablePredictions);
    const database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
    const count = (name: string) => database.collection(name).countDocuments({});
    const predictionDatasetId = await toPredict(projectId, table('image', await text('disc', 900)));
    const request = { projectId, candidateId: images, predictionDatasetId };
    const { id: predictionId, jobId } = await call(predictions.predict, request);
    await ended(services, jobId);
    await call(predictionDatasets.delete, { projectId, predictionDatasetId });
    await expect(call(predictions.get, { projectId, predictionId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const left = await count('prediction_datasets');
    expect(left).toBeGreaterThan(2);
    await tending.expire();
    await eventually(() => tending.removeDeleted());
    expect(await count('table_predictions')).toBeGreaterThan(0);
    await tending.expire(Date.now() + (PREDICTION_DAYS * 24 + 1) * HOUR_MS);
    await eventually(async () => {
      await tending.removeDeleted();
      expect([await count('table_predictions'), await count('prediction_datasets')]).toEqual([0, 0]);
    });
    await toPredict(projectId, table('image', await text('disc', 901)));
    await call(trainingIngestContracts.deleteProject, { projectId });
    await eventually(async () => {
      await tending.removeDeleted();
      expect([
        await count('prediction_datasets'),
        await database.collection('datasets').countDocuments({ unlisted: true, deletedAt: null }),
      ]).toEqual([0, 0]);
    });
    await database.close();
    await services.get(trainingIngestService, SweepModels).sweepModels(Date.now() + 2 * HOUR_MS);
    for await (const { key } of services.blobs.list('models', WORKSPACE))
      expect((await services.blobs.read(key)).subarray(0, 9).toString()).not.toBe('{"rowId":');
  });
});

describe('predictions of other targets', () => {
  it('are numbers', async () => {
    const rows = Array.from({ length: 24 }, async (_, i) => {
      const shape = SHAPES[i % 2] as Shape;
      return `${(i % 2) * 10 + (i % 12) / 12},${await text(shape, i)}`;
    });
    const target = { column: 'size', type: 'regression' as const };
    const made = await modelled(['size,image', ...(await Promise.all(rows))], target, 'ridge-regressor');
    const lines = [await text('disc', 100), NOT_AN_IMAGE, await text('stripes', 101)];
    const predictionDatasetId = await toPredict(made.projectId, table('image', ...lines));
    const found = await predicted({ ...made, predictionDatasetId });
    expect(found[0]?.prediction).toBeLessThan(found[2]?.prediction as number);
    expect(found[1]).toEqual({ rowId: 1, prediction: null, values: [], positiveProbability: null });
  });

  it('are lists of labels', async () => {
    const rows = Array.from({ length: 24 }, async (_, i) => {
      const shape = SHAPES[i % 2] as Shape;
      return `"[""${shape}""]",${await text(shape, i)}`;
    });
    const blueprint = 'keras-linear-classifier';
    const made = await modelled(['labels,image', ...(await Promise.all(rows))], { column: 'labels' }, blueprint);
    const predictionDatasetId = await toPredict(made.projectId, table('image', await text('stripes', 100)));
    const [found] = await predicted({ ...made, predictionDatasetId });
    expect(found).toMatchObject({ prediction: ['stripes'], positiveProbability: null });
    expect(found?.values.map(({ label }) => label)).toEqual(['disc', 'stripes']);
  });
});
