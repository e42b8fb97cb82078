import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  imageInsightContracts as insights,
  jobDirectoryContracts,
  targetContracts,
  type ActivationMapLine,
  type EmbeddingLine,
  type InsightHeader,
  type Job,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { modeling, ORIGIN, project, StandInSystem } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const MODEL = '1'.repeat(24);
const IMAGE = 'd'.repeat(24);
const OVERLAY = 'f'.repeat(24);
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;
const FILE = { sha256: 'ab'.repeat(32), size: 1000, mediaType: 'application/x-ndjson' };

const CLASSES: InsightHeader = { type: 'multiclass', targetValues: ['1', 'Bär'], targetBins: [] };
const NUMBERS: InsightHeader = { type: 'regression', targetValues: [], targetBins: [{ start: 0, end: 10.5 }] };

const KINDS = [
  ['embeddings', 'imageEmbeddings', 'compute_image_embeddings', 'insight.embeddings'],
  ['activation-maps', 'imageActivationMaps', 'compute_image_activation_maps', 'insight.activation-maps'],
] as const;
const PATHS = KINDS.map(([kind, path]) => [kind, path] as const);

const embedding = (at: number): EmbeddingLine => ({
  ...{ imageId: IMAGE, x: at, y: -0.5, actual: 1 },
  ...{ labels: [0, 1], values: [0.25, 0.75] },
});

const map = (at: number): ActivationMapLine => ({
  ...{
    imageId: IMAGE,
    overlayImageId: OVERLAY,
    width: 40,
    height: 30,
    values: [
      [at, 255],
      [0, 7],
    ],
  },
  ...{ actual: 0, predicted: 1 },
});

const jobOf = (type: string): Job => ({
  ...{ id: '2'.repeat(24), number: 17, owner: 'insights', type, state: 'queued', progress: 0, error: null },
  ...{ createdAt: 0, startedAt: null, finishedAt: null },
  subject: { projectId: PROJECT, candidateId: MODEL, column: 'a photo' },
});

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);

/** Answers with a file of these lines. */
function compute(header: InsightHeader, lines: readonly unknown[]): void {
  system.files.set(FILE.sha256, [header, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const sides = { width: 2, height: 2 };
  system.answer(insights.get, ({ kind }: { kind: string }) => ({
    insight: { file: FILE, images: lines.length, map: kind === 'embeddings' ? null : sides },
  }));
}

const refuse = (rpc: (typeof insights)['compute' | 'get'], error: DomainError) =>
  system.answer(rpc, () => {
    throw error;
  });

describe.each(KINDS)('POST projects/{id}/models/{id}/… of %s', (kind, path, jobType, type) => {
  const post = () => system.ask('POST', `${PATH}models/${MODEL}/${path}/`, { headers: { 'content-length': '0' } });

  it('accepts an empty body without a type, and answers with the job and its URL', async () => {
    system.answer(insights.compute, () => jobOf(type));
    const { status, body, headers } = await post();
    const url = `${LINK}jobs/17/`;
    expect([status, headers['location']]).toEqual([202, url]);
    expect(body).toEqual({
      ...{ id: '17', status: 'queue', isBlocked: false, url, jobType },
      ...{ projectId: PROJECT, modelId: MODEL, message: '' },
    });
    expect(system.lastCall()).toEqual({ projectId: PROJECT, candidateId: MODEL, kind });
  });

  it.each([
    ['under-way', 'JobAlreadyAdded'],
    ['computed', undefined],
    ['not-trained', undefined],
  ])('answers the refusal %s with 422 and the name %s', async (reason, errorName) => {
    refuse(insights.compute, new DomainError('FAILED_PRECONDITION', 'as told', { reason }));
    const { status, body } = await post();
    expect([status, body.message, body.errorName]).toEqual([422, 'as told', errorName]);
  });

  it('does not find an unknown model', async () => {
    expect((await post()).status).toBe(404);
    expect((await system.ask('POST', `${PATH}models/x/${path}/`)).status).toBe(404);
  });

  it('makes a job that leads to what it computed', async () => {
    system.answer(jobDirectoryContracts.get, () => ({ ...jobOf(type), state: 'completed' }));
    const { status, headers, body } = await get('jobs/17/');
    expect([status, headers['location']]).toEqual([303, `${LINK}models/${MODEL}/${path}/?featureName=a+photo`]);
    expect(body).toMatchObject({ id: '17', status: 'COMPLETED', jobType });
  });
});

describe.each(PATHS)('GET projects/{id}/… of %s', (kind, path) => {
  beforeEach(() =>
    system.answer(insights.computed, ({ offset, limit }: { offset: number; limit: number }) => ({
      insights: Array.from({ length: Math.min(limit, Math.max(0, 3 - offset)) }, (_, i) => ({
        candidateId: MODEL,
        column: `column ${offset + i}`,
      })),
      total: 3,
    })),
  );

  it('lists all models and columns without a limit', async () => {
    const { status, body } = await get(`${path}/`);
    expect([status, body.totalCount, body.next]).toEqual([200, 3, null]);
    expect(body.data).toEqual([0, 1, 2].map((i) => ({ modelId: MODEL, featureName: `column ${i}` })));
    expect(system.lastCall()).toMatchObject({ projectId: PROJECT, kind });
  });

  it('lists pages on request', async () => {
    const { body } = await get(`${path}/?offset=1&limit=1`);
    expect(body.data).toEqual([{ modelId: MODEL, featureName: 'column 1' }]);
    expect(body.next).toBe(`${LINK}${path}/?offset=2&limit=1`);
    expect(body.previous).toBe(`${LINK}${path}/?offset=0&limit=1`);
  });
});

describe.each(PATHS)('GET projects/{id}/models/{id}/… of %s', (kind, path) => {
  const list = (query: string) => get(`models/${MODEL}/${path}/${query}`);

  it.each(['', '?featureName=', '?featureName=a&featureName=b'])('refuses the query %j with 422', async (query) => {
    expect((await list(query)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('refuses a column that the model does not use with 422', async () => {
    refuse(insights.get, new DomainError('INVALID_ARGUMENT', 'as told', { field: 'column' }));
    const { status, body } = await list('?featureName=other');
    expect([status, Object.keys(body.errors)]).toEqual([422, ['featureName']]);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, candidateId: MODEL, kind, column: 'other' });
  });

  it('does not find an unknown model, nor a file that was removed in the meantime', async () => {
    expect((await list('?featureName=image')).status).toBe(404);
    compute(CLASSES, []);
    system.files.clear();
    expect((await list('?featureName=image')).status).toBe(404);
  });

  it('answers HEAD without opening the file', async () => {
    compute(CLASSES, []);
    const { status, body } = await system.ask('HEAD', `${PATH}models/${MODEL}/${path}/?featureName=image`);
    expect([status, body, system.opened]).toEqual([200, '', []]);
  });
});

describe('GET projects/{id}/models/{id}/imageEmbeddings/', () => {
  const list = () => get(`models/${MODEL}/imageEmbeddings/?featureName=image`);

  it('lists nothing, with null for the values, until they are computed', async () => {
    system.answer(insights.get, () => ({ insight: null }));
    const { status, body } = await list();
    expect([status, body]).toEqual([200, { embeddings: [], targetValues: null, targetBins: null }]);
  });

  it('lists positions with the classes as texts', async () => {
    compute(CLASSES, [embedding(1.5), embedding(2)]);
    const { body } = await list();
    const shown = {
      ...{ imageId: IMAGE, positionX: 1.5, positionY: -0.5, actualTargetValue: 'Bär' },
      prediction: { labels: ['1', 'Bär'], values: [0.25, 0.75] },
    };
    expect(body).toEqual({
      embeddings: [shown, { ...shown, positionX: 2 }],
      ...{ targetValues: ['1', 'Bär'], targetBins: null },
    });
    expect(system.opened).toMatchObject([{ area: 'insights', workspace: 'w1', ...FILE }]);
  });

  it('lists numbers of a regression with its ranges', async () => {
    compute(NUMBERS, [{ ...embedding(0), actual: 1, labels: null, values: [3.5] }]);
    const { body } = await list();
    expect(body.embeddings).toMatchObject([{ actualTargetValue: 1, prediction: { labels: null, values: [3.5] } }]);
    expect([body.targetValues, body.targetBins]).toEqual([null, [{ targetBinStart: 0, targetBinEnd: 10.5 }]]);
  });

  it('lists the labels of a multilabel target', async () => {
    compute({ ...CLASSES, type: 'multilabel' }, [{ ...embedding(0), actual: [0, 1] }]);
    expect((await list()).body.embeddings).toMatchObject([{ actualTargetValue: ['1', 'Bär'] }]);
  });

  it('lists thousands of images', async () => {
    compute(
      CLASSES,
      Array.from({ length: 3000 }, (_, i) => embedding(i)),
    );
    const { body } = await list();
    expect(body.embeddings.map(({ positionX }: { positionX: number }) => positionX)).toEqual(
      Array.from({ length: 3000 }, (_, i) => i),
    );
  });

  it('lists no images of a file that has none', async () => {
    compute(CLASSES, []);
    expect((await list()).body).toEqual({ embeddings: [], targetValues: ['1', 'Bär'], targetBins: null });
  });
});

describe('GET projects/{id}/models/{id}/imageActivationMaps/', () => {
  const list = (query = '') => get(`models/${MODEL}/imageActivationMaps/?featureName=a+photo${query}`);

  it('lists nothing, with null for the sizes and values, until they are computed', async () => {
    system.answer(insights.get, () => ({ insight: null }));
    const sides = { activationMapHeight: null, activationMapWidth: null };
    expect((await list()).body).toEqual({ activationMaps: [], ...sides, targetValues: null, targetBins: null });
  });

  it('lists maps with links to the picture and to its overlay', async () => {
    compute(CLASSES, [map(9)]);
    const { body } = await list();
    expect(body.activationMaps).toEqual([
      {
        ...{ imageId: IMAGE, overlayImageId: OVERLAY, featureName: 'a photo', imageWidth: 40, imageHeight: 30 },
        activationValues: [
          [9, 255],
          [0, 7],
        ],
        ...{ actualTargetValue: '1', predictedTargetValue: 'Bär' },
        links: {
          downloadOriginalImage: `${LINK}images/${IMAGE}/file/`,
          downloadOverlayImage: `${LINK}images/${OVERLAY}/file/`,
        },
      },
    ]);
    expect([body.activationMapHeight, body.activationMapWidth, body.targetValues]).toEqual([2, 2, ['1', 'Bär']]);
  });

  it.each([
    ['', [0, 1, 2, 3]],
    ['&offset=0&limit=2', [0, 1]],
    ['&offset=1&limit=2', [1, 2]],
    ['&offset=3', [3]],
    ['&limit=0', [0, 1, 2, 3]],
    ['&offset=4', []],
    ['&offset=2&limit=100', [2, 3]],
  ])('lists the part %j', async (query, expected) => {
    compute(CLASSES, [0, 1, 2, 3].map(map));
    const { activationMaps } = (await list(query)).body;
    expect(activationMaps.map((each: { activationValues: number[][] }) => each.activationValues[0]?.[0])).toEqual(
      expected,
    );
  });

  it.each(['&offset=-1', '&limit=x', '&limit=1001'])('refuses %s with 422', async (query) => {
    expect((await list(query)).status).toBe(422);
  });
});

describe('an overlay', () => {
  const content = { sha256: 'cd'.repeat(32), size: 5, mediaType: 'image/jpeg' };
  beforeEach(() => {
    system.answer(insights.overlay, ({ imageId }: { imageId: string }) => ({ imageId, content, width: 8, height: 6 }));
    system.answer(targetContracts.ofImage, () => ({ value: null }));
  });

  it('is an image by its id', async () => {
    expect((await get(`images/${OVERLAY}/`)).body).toEqual({ imageId: OVERLAY, width: 8, height: 6 });
  });

  it('has a file', async () => {
    const { status, headers } = await get(`images/${OVERLAY}/file/`);
    expect([status, headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(system.sent).toMatchObject([{ area: 'insights', workspace: 'w1', ...content, mayBeGone: true }]);
  });
});
