/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  activationMapLine,
  candidateContracts as candidates,
  embeddingLine,
  imageInsightContracts as insights,
  insightHeader,
  jobReportContracts,
  modelingContracts as modelings,
  targetContracts as targets,
  trainingIngestContracts,
  type InsightFile,
  type RequestOf,
} from '@pentaprism/contracts';
import type { InsightKind } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import { strToU8 } from 'fflate';
import sharp from 'sharp';
import type { z } from 'zod';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { RemoveInsights } from '../../apps/insights/src/image-insights/remove-insights.usecase.js';
import { INSIGHT_FILE_GRACE_MS, SweepInsights } from '../../apps/insights/src/image-insights/sweep-insights.usecase.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { drawing } from '../drawings.js';
import { ended, upload } from './dataset-imports.js';
import { RunningServices, WORKSPACE } from './running-services.js';

const HOUR_MS = 3600 * 1000;
/** More than 30 images, so that positions come from UMAP. */
const ROWS = 32;

interface Key {
  readonly projectId: string;
  readonly candidateId: string;
}

let services: RunningServices;
const call: RunningServices['call'] = (rpc, request) => services.call(rpc, request);

const shapeOf = (row: number) => (row % 2 === 0 ? 'disc' : 'stripes');

/** A CSV of a target and two shapes. Its last two rows have the image of the first one. */
async function table(valueOf: (row: number) => string): Promise<Uint8Array> {
  const images = await Promise.all(Array.from({ length: ROWS }, (_, row) => drawing(shapeOf(row), row)));
  const lines = [...images.entries(), [ROWS, images[0]] as const, [ROWS + 2, images[0]] as const].map(
    ([row, image]) => `${valueOf(row)},${image?.toString('base64') ?? ''}`,
  );
  return strToU8(['value,image', ...lines].join('\n'));
}

/** Makes a project with a candidate. */
async function trained(
  bytes: Uint8Array,
  request: Omit<RequestOf<typeof targets.set>, 'projectId' | 'column' | 'mode'>,
  blueprintId: string,
): Promise<Key> {
  const source = { kind: 'new', fileName: 'upload', source: await upload(services, bytes) } as const;
  const { projectId, jobId } = await call(modelings.create, { source });
  expect((await ended(services, jobId)).state).toBe('completed');
  const { jobId: target } = await call(targets.set, { projectId, column: 'value', mode: 'manual', ...request });
  expect((await ended(services, target)).state).toBe('completed');
  const { id, jobId: training } = await call(candidates.train, { projectId, blueprintId });
  expect(await ended(services, training)).toMatchObject({ state: 'completed', error: null });
  return { projectId, candidateId: id };
}

async function computed(key: Key, kind: InsightKind): Promise<InsightFile> {
  const { id } = await call(insights.compute, { ...key, kind });
  expect(await ended(services, id)).toMatchObject({ state: 'completed', error: null });
  const { insight } = await call(insights.get, { ...key, kind, column: 'image' });
  if (!insight) throw new Error('nothing is computed');
  return insight;
}

/** Returns the header and the lines of a file. */
async function read<Line extends z.ZodType>({ file }: InsightFile, schema: Line) {
  const bytes = await services.blobs.read({ area: 'insights', workspace: WORKSPACE, sha256: file.sha256 });
  const [first = '', ...lines] = bytes.toString('utf8').trimEnd().split('\n');
  return {
    header: insightHeader.parse(JSON.parse(first)),
    lines: lines.map((line) => schema.parse(JSON.parse(line)) as z.output<Line>),
  };
}

async function filesOfArea(): Promise<string[]> {
  const files: string[] = [];
  for await (const { key } of services.blobs.list('insights', WORKSPACE)) files.push(key.sha256);
  return files;
}

beforeAll(async () => {
  services = await RunningServices.start('insights', [
    catalogService,
    taggingService,
    augmentationService,
    insightsService,
    trainingIngestService,
    workerService,
  ]);
});
afterAll(() => services.stop());

describe('insights of a candidate of two classes', () => {
  let key: Key;
  let embeddings: InsightFile;
  beforeAll(async () => {
    key = await trained(await table(shapeOf), {}, 'keras-linear-classifier');
    embeddings = await computed(key, 'embeddings');
  });

  it('have a finite position for each image, and images of a class are near each other', async () => {
    const { header, lines } = await read(embeddings, embeddingLine);
    expect(header).toEqual({ type: 'binary', targetValues: ['disc', 'stripes'], targetBins: [] });
    expect(embeddings).toMatchObject({ images: ROWS, map: null });
    expect(new Set(lines.map(({ imageId }) => imageId)).size).toBe(ROWS);
    const distances = { same: [] as number[], other: [] as number[] };
    for (const a of lines)
      for (const b of lines)
        if (a !== b) distances[a.actual === b.actual ? 'same' : 'other'].push(Math.hypot(a.x - b.x, a.y - b.y));
    const mean = (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(mean(distances.same)).toBeLessThan(mean(distances.other));
  });

  it('have the probabilities of both classes, which are mostly right', async () => {
    const { lines } = await read(embeddings, embeddingLine);
    for (const { labels, values } of lines) {
      expect(labels).toEqual([0, 1]);
      expect((values[0] ?? 0) + (values[1] ?? 0)).toBeCloseTo(1, 5);
    }
    const right = lines.filter(({ actual, values }) => (values[Number(actual)] ?? 0) > 0.5);
    expect(right.length / lines.length).toBeGreaterThan(0.8);
  });

  it('are the same to the byte in a second project of the same table', async () => {
    const again = await computed(await trained(await table(shapeOf), {}, 'keras-linear-classifier'), 'embeddings');
    const positions = async (insight: InsightFile) =>
      (await read(insight, embeddingLine)).lines.map(({ x, y }) => [x, y]);
    expect(await positions(again)).toEqual(await positions(embeddings));
  });

  it('have maps of whole numbers with an overlay each, which is a picture of the same proportions', async () => {
    const insight = await computed(key, 'activation-maps');
    const { lines } = await read(insight, activationMapLine);
    expect(lines).toHaveLength(ROWS);
    expect(new Set(lines.map(({ overlayImageId }) => overlayImageId)).size).toBe(ROWS);
    for (const { values } of lines) {
      expect(values).toHaveLength(insight.map?.height ?? NaN);
      expect(values.map((row) => row.length)).toEqual(values.map(() => insight.map?.width));
    }
    expect(lines.filter(({ values }) => Math.max(...values.flat()) === 255).length).toBeGreaterThan(0.8 * ROWS);
    const [{ overlayImageId: imageId, width, height } = { overlayImageId: '', width: 0, height: 0 }] = lines;
    const { content, ...overlay } = await call(insights.overlay, { projectId: key.projectId, imageId });
    const bytes = await services.blobs.read({ area: 'insights', workspace: WORKSPACE, sha256: content.sha256 });
    expect(await sharp(bytes).metadata()).toMatchObject({ width: overlay.width, height: overlay.height });
    expect(overlay.width / overlay.height).toBeCloseTo(width / height, 1);
  });

  it('can be computed again after an abort', async () => {
    const { id } = await call(candidates.train, { projectId: key.projectId, blueprintId: 'nearest-mean-classifier' });
    const other = { projectId: key.projectId, candidateId: id };
    await eventually(async () => expect((await call(candidates.get, other)).state).toBe('trained'), {
      timeoutMs: 60_000,
    });
    const { id: jobId } = await call(insights.compute, { ...other, kind: 'activation-maps' });
    await call(jobReportContracts.insights.abort, { jobId });
    expect((await ended(services, jobId)).state).toBe('aborted');
    expect((await computed(other, 'activation-maps')).images).toBe(ROWS);
  });

  it('leave no record and no file behind when the project is deleted', async () => {
    const before = await filesOfArea();
    await call(trainingIngestContracts.deleteProject, { projectId: key.projectId });
    await eventually(async () =>
      expect(call(insights.get, { ...key, kind: 'embeddings', column: 'image' })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      }),
    );
    await eventually(async () => {
      await services.get(insightsService, RemoveInsights).tend();
      await services.get(insightsService, SweepInsights).sweep(Date.now() + INSIGHT_FILE_GRACE_MS + HOUR_MS);
      // The embeddings of the second project.
      expect(await filesOfArea()).toHaveLength(1);
    });
    expect(before.length).toBeGreaterThan(1);
  });
});

describe('insights of a candidate that predicts numbers', () => {
  it('have the ranges of the target, and a number for each image', async () => {
    const key = await trained(
      await table((row) => String((row % 2) * 10 + (row % 12) / 12)),
      { type: 'regression' },
      'ridge-regressor',
    );
    const { header, lines } = await read(await computed(key, 'embeddings'), embeddingLine);
    expect([header.type, header.targetValues]).toEqual(['regression', []]);
    expect(header.targetBins.length).toBeGreaterThan(1);
    expect(lines.map(({ labels, values }) => [labels, values.length])).toEqual(lines.map(() => [null, 1]));
    const maps = await read(await computed(key, 'activation-maps'), activationMapLine);
    expect(maps.lines).toHaveLength(ROWS);
    expect(maps.lines.every(({ predicted }) => typeof predicted === 'number')).toBe(true);
  });
});
