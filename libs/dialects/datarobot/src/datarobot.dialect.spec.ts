import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import {
  augmentationListContracts as lists,
  imageContracts,
  jobDirectoryContracts,
  modelingContracts,
  sampleContracts,
  targetContracts,
  type AugmentationList,
  type Job,
  type Rpc,
} from '@pentaprism/contracts';
import { DomainError, ERROR_CODES, type ErrorCode } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { datarobotDialect } from './datarobot.dialect.js';
import { modeling, ORIGIN, project, StandInSystem } from './datarobot.fixture.js';
import { DatarobotModule } from './datarobot.module.js';

const PROJECT = 'a'.repeat(24);
const LIST = 'b'.repeat(24);
const JOB = 'c'.repeat(24);
const IMAGE = 'd'.repeat(24);

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());

const answer = (rpc: Rpc, reply: (request: never) => unknown) => system.answer(rpc, reply);
const lastCall = () => system.lastCall();
const ask = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}) =>
  system.ask(method, path, { body, headers });

const list: AugmentationList = {
  id: LIST,
  projectId: PROJECT,
  name: 'mine',
  featureName: null,
  inUse: false,
  initialList: false,
  samplesId: null,
  transformationProbability: 0.5,
  numberOfNewImages: 2,
  transformations: [{ name: 'blur', mine: true, params: [{ name: 'max_filter_size', currentValue: 3.5, extra: {} }] }],
};
const job: Job = {
  id: JOB,
  number: 1,
  owner: 'augmentation',
  type: 'samples.make',
  state: 'queued',
  progress: 0,
  error: null,
  createdAt: 0,
  startedAt: null,
  finishedAt: null,
  subject: { projectId: PROJECT, listId: LIST, samplesId: JOB },
};

const LIBRARY = { ...project, id: PROJECT, name: 'library' };

beforeEach(() => {
  system.reset();
  system.answerProject(LIBRARY, { ...modeling, dataset: null, rowCount: null });
});

describe('connection', () => {
  it('speaks 2.49, with and without a trailing slash', async () => {
    const version = { major: 2, minor: 49, versionString: '2.49.0', releasedVersion: '2.49.0' };
    expect((await ask('GET', 'version/')).body).toEqual(version);
    expect((await ask('GET', 'version')).body).toEqual(version);
  });

  it('knows no text that is no id', async () => {
    for (const path of [
      'projects/null/',
      'status/17/',
      `projects/${PROJECT}/images/x/file/`,
      'imageAugmentationLists/x/',
    ])
      expect((await ask('GET', path)).status).toBe(404);
    expect(system.calls).toEqual([]);
  });

  it('offers the catalogue with its ranges', async () => {
    const { body } = await ask('GET', `imageAugmentationOptions/${PROJECT}`);
    const described = { id: PROJECT, projectId: PROJECT, featureName: 'image', minNumberOfNewImages: 1 };
    expect(body).toMatchObject(described);
    const blur = body.transformations.find(({ name }: { name: string }) => name === 'blur');
    expect(blur).toMatchObject({ affectedByTransformationProbability: true, params: [{ minValue: 3, maxValue: 31 }] });
  });

  it('offers the catalogue for the first image column, and none to a project without images', async () => {
    system.answerProject(LIBRARY, { ...modeling, imageColumn: 'a photo' });
    expect((await ask('GET', `imageAugmentationOptions/${PROJECT}`)).body.featureName).toBe('a photo');
    system.answerProject(LIBRARY, { ...modeling, imageColumn: null });
    const { status, body } = await ask('GET', `imageAugmentationOptions/${PROJECT}`);
    expect([status, body.message]).toEqual([422, 'The project has no image column to augment.']);
    system.reset();
    expect((await ask('GET', `imageAugmentationOptions/${PROJECT}`)).status).toBe(404);
  });
});

describe('augmentation lists', () => {
  const create = { projectId: PROJECT, name: 'mine', transformationProbability: 0, numberOfNewImages: 1 };

  it('are created from what the client sends by default', async () => {
    answer(lists.create, () => list);
    const { status, body } = await ask('POST', 'imageAugmentationLists/', {
      ...create,
      initialList: false,
      inUse: true,
    });
    expect([status, body]).toEqual([201, { augmentationListId: LIST }]);
    expect(lastCall()).toEqual({ ...create, featureName: null, initialList: false, transformations: [] });
  });

  it('keep every member of their transformations', async () => {
    answer(lists.create, () => list);
    answer(lists.get, () => list);
    await ask('POST', 'imageAugmentationLists/', { ...create, transformations: list.transformations });
    expect(lastCall()).toMatchObject({ transformations: list.transformations });
    expect((await ask('GET', `imageAugmentationLists/${LIST}/`)).body).toEqual(list);
  });

  it.each([
    ['no body', undefined, undefined],
    ['no new images', { ...create, numberOfNewImages: 0 }, 'numberOfNewImages'],
    ['half an image', { ...create, numberOfNewImages: 1.5 }, 'numberOfNewImages'],
    ['an impossible probability', { ...create, transformationProbability: 1.5 }, 'transformationProbability'],
    ['no name', { ...create, name: '' }, 'name'],
    ['no project', { ...create, projectId: undefined }, 'projectId'],
    ['an operator instead of text', { ...create, name: { $ne: '' } }, 'name'],
    ['transformations of another type', { ...create, transformations: {} }, 'transformations'],
  ])('are refused with %s', async (_what, body, field) => {
    const { status, body: error } = await ask('POST', 'imageAugmentationLists/', body);
    expect(status).toBe(422);
    expect(error.message).toEqual(expect.stringMatching(/./));
    if (field) expect(Object.keys(error.errors)).toEqual([field]);
    expect(system.calls).toEqual([]);
  });

  it('are listed in pages that keep the filters, read in portions that fit into a message', async () => {
    answer(lists.list, ({ offset, limit }: { offset: number; limit: number }) => ({
      lists: Array.from({ length: Math.min(limit, 120 - offset) }, () => list),
      total: 120,
    }));
    const { body } = await ask('GET', `imageAugmentationLists/?projectId=${PROJECT}&featureName=image`);
    expect([body.count, body.totalCount, body.previous]).toEqual([100, 120, null]);
    expect(body.next).toBe(
      `${ORIGIN}/api/v2/imageAugmentationLists/?projectId=${PROJECT}&featureName=image&offset=100&limit=100`,
    );
    expect(system.calls).toHaveLength(2);
    const all = await ask('GET', `imageAugmentationLists/?projectId=${PROJECT}&limit=0`);
    expect([all.body.count, all.body.next]).toEqual([120, null]);
  });

  it.each([
    '',
    'projectId[$ne]=x',
    ...['limit=-1', 'limit=x', 'limit=1e9', 'offset=', 'limit=1&limit=2'].map((part) => `projectId=${PROJECT}&${part}`),
  ])('are not listed for ?%s', async (query) => {
    expect((await ask('GET', `imageAugmentationLists/?${query}`)).status).toBe(422);
  });

  it('change with a body and without', async () => {
    answer(lists.update, () => list);
    expect((await ask('PATCH', `imageAugmentationLists/${LIST}/`)).status).toBe(204);
    expect(lastCall()).toEqual({ id: LIST, changes: {} });
    const { status, body } = await ask('PATCH', `imageAugmentationLists/${LIST}`, {
      numberOfNewImages: 0,
      inUse: true,
      projectId: 'ignored',
    });
    expect([status, body]).toEqual([204, '']);
    expect(lastCall()).toEqual({ id: LIST, changes: { numberOfNewImages: 0 } });
  });

  it('in use are not deleted: 400', async () => {
    answer(lists.delete, () => {
      throw new DomainError('FAILED_PRECONDITION', 'in use');
    });
    expect((await ask('DELETE', `imageAugmentationLists/${LIST}/`)).status).toBe(400);
    answer(lists.create, () => {
      throw new DomainError('FAILED_PRECONDITION', 'too many');
    });
    expect((await ask('POST', 'imageAugmentationLists/', create)).status).toBe(422);
  });
});

describe('the feature of augmentation', () => {
  const image = { imageId: IMAGE, width: 1, height: 1 };
  const body = { projectId: PROJECT, name: 'n', transformationProbability: 1, numberOfNewImages: 1 };
  const key = `imageAugmentationLists/${LIST}/`;
  const requests = [
    ['POST', 'imageAugmentationLists/', { ...body, featureName: 'image' }, 201],
    ['PATCH', key, { featureName: 'image' }, 204],
    ['POST', 'imageAugmentationSamples/', { ...body, featureName: 'image', numberOfRows: 1 }, 202],
  ] as const;
  beforeEach(() => {
    answer(lists.get, () => list);
    answer(lists.create, () => list);
    answer(lists.update, () => list);
    answer(sampleContracts.requestOnce, () => ({ jobId: JOB }));
  });

  it.each(requests)('%s %s takes an image column of the project', async (method, path, sent, status) => {
    answer(modelingContracts.images, () => ({ images: [image], total: 1 }));
    expect((await ask(method, path, sent)).status).toBe(status);
    expect(system.calls).toContainEqual({
      subject: modelingContracts.images.subject,
      request: { projectId: PROJECT, column: 'image', offset: 0, limit: 1 },
    });
    expect(lastCall()).not.toHaveProperty('limit');
  });

  it.each(requests)('%s %s refuses any other with 422', async (method, path, sent, _status) => {
    answer(modelingContracts.images, () => {
      throw new DomainError('INVALID_ARGUMENT', 'no such column', { field: 'column' });
    });
    const { status, body: error } = await ask(method, path, sent);
    expect([status, Object.keys(error.errors)]).toEqual([422, ['featureName']]);
    expect(lastCall()).toMatchObject({ limit: 1 });
  });

  it.each(requests)('%s %s is not found where the project is not', async (method, path, sent, _status) => {
    expect((await ask(method, path, sent)).status).toBe(404);
  });

  it('can be taken from a list without asking for the columns', async () => {
    expect((await ask('PATCH', key, { featureName: null })).status).toBe(204);
    expect(system.calls).toEqual([
      { subject: lists.update.subject, request: { id: LIST, changes: { featureName: null } } },
    ]);
  });
});

describe('samples', () => {
  it('are requested under the key of the client, and polled at an absolute URL of the endpoint that it uses', async () => {
    answer(sampleContracts.request, () => ({ jobId: JOB }));
    const path = `imageAugmentationLists/${LIST}/samples/`;
    const headers = { host: '127.0.0.1:3000', 'idempotency-key': 'once' };
    const { status, body, headers: got } = await ask('POST', path, { numberOfRows: 2 }, headers);
    expect([status, body, got.location]).toEqual([
      202,
      { statusId: JOB },
      `http://127.0.0.1:3000/api/v2/status/${JOB}/`,
    ]);
    expect(lastCall()).toEqual({ listId: LIST, numberOfRows: 2, idempotencyKey: 'once' });
    for (const numberOfRows of [0, -1, 1.5, '2', undefined])
      expect((await ask('POST', path, { numberOfRows })).status).toBe(422);
  });

  it('are listed whole where the client does not page', async () => {
    const sample = { imageId: IMAGE, projectId: PROJECT, width: 4, height: 3, originalImageId: null };
    answer(sampleContracts.listOfList, () => ({ samplesId: JOB, samples: [sample], total: 1 }));
    const { body } = await ask('GET', `imageAugmentationLists/${LIST}/samples/`);
    expect(body).toEqual({ count: 1, data: [sample], next: null, previous: null, totalCount: 1 });
    expect(lastCall()).toEqual({ listId: LIST, offset: 0, limit: null });
  });

  it('without a list are deprecated, and say so', async () => {
    answer(sampleContracts.requestOnce, () => ({ jobId: JOB }));
    const body = {
      id: 'x',
      name: 'n',
      projectId: PROJECT,
      numberOfRows: 1,
      numberOfNewImages: 1,
      transformationProbability: 1,
    };
    const asked = await ask('POST', 'imageAugmentationSamples/', body);
    expect([asked.status, asked.headers.deprecation]).toEqual([202, expect.stringContaining('instead')]);
    expect(lastCall()).toMatchObject({ projectId: PROJECT, featureName: null, transformations: [] });
    expect((await ask('GET', `imageAugmentationSamples/${JOB}/`)).status).toBe(404);
  });
});

describe('status', () => {
  it('is held while the job is pending, and is 200', async () => {
    answer(jobDirectoryContracts.get, () => ({ ...job, state: 'running', progress: 0.5 }));
    const { status, body } = await ask('GET', `status/${JOB}/`);
    expect([status, body.status, body.progress, system.waits]).toEqual([200, 'RUNNING', 0.5, [4000]]);
  });

  it.each([
    [job.subject, `${ORIGIN}/api/v2/imageAugmentationLists/${LIST}/samples/`],
    [{ projectId: PROJECT, samplesId: JOB }, `${ORIGIN}/api/v2/imageAugmentationSamples/${JOB}/`],
  ])('of a completed job leads to its samples: 303', async (subject, location) => {
    answer(jobDirectoryContracts.get, () => ({ ...job, state: 'completed', subject }));
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await ask('GET', `status/${JOB}/`);
      expect([status, headers.location]).toEqual([303, location]);
    }
  });

  it('of a failed job says why; other jobs are not shown', async () => {
    answer(jobDirectoryContracts.get, () => ({ ...job, state: 'failed', error: { code: 'X', message: 'why' } }));
    const { status, body } = await ask('GET', `status/${JOB}/`);
    expect([status, body.status, body.message]).toEqual([200, 'ERROR', 'why']);
    answer(jobDirectoryContracts.get, () => ({ ...job, type: 'content.analyse' }));
    expect((await ask('GET', `status/${JOB}/`)).status).toBe(404);
  });
});

describe('images', () => {
  const content = { sha256: '0'.repeat(64), size: 5, mediaType: 'image/png' };
  const size = { width: 4, height: 3 };
  beforeEach(() => answer(targetContracts.ofImage, () => ({ value: null })));

  it('are pictures of the project', async () => {
    answer(imageContracts.getPicture, () => ({ id: IMAGE, projectId: PROJECT, ...content, ...size }));
    expect((await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`)).body).toEqual({ imageId: IMAGE, ...size });
    const file = await ask('GET', `projects/${PROJECT}/images/${IMAGE}/file/`);
    expect([file.status, file.headers['content-type'], file.body]).toEqual([200, 'image/png', 'bytes']);
    expect(system.sent).toEqual([{ area: 'originals', workspace: 'w1', ...content }]);
  });

  it('are augmented ones where the catalog knows none, and unknown where nobody does', async () => {
    expect((await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`)).status).toBe(404);
    answer(sampleContracts.getImage, () => ({
      imageId: IMAGE,
      projectId: PROJECT,
      originalImageId: LIST,
      ...content,
      ...size,
    }));
    expect((await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`)).body).toEqual({ imageId: IMAGE, ...size });
    await ask('GET', `projects/${PROJECT}/images/${IMAGE}/file/`);
    expect(system.sent).toEqual([{ area: 'samples', workspace: 'w1', ...content }]);
  });

  it('are those of rows where the catalog has deleted them since', async () => {
    answer(modelingContracts.image, () => ({ imageId: IMAGE, ...content, ...size }));
    expect((await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`)).body).toEqual({ imageId: IMAGE, ...size });
    expect(lastCall()).toEqual({ projectId: PROJECT, imageId: IMAGE });
    await ask('GET', `projects/${PROJECT}/images/${IMAGE}/file/`);
    expect(system.sent).toEqual([{ area: 'originals', workspace: 'w1', ...content }]);
  });

  it('say why they cannot be decoded, whatever rows have', async () => {
    answer(imageContracts.getPicture, () => {
      throw new DomainError('NOT_FOUND', 'The file is cut off.', { reason: 'undecodable' });
    });
    answer(modelingContracts.image, () => ({ imageId: IMAGE, ...content, ...size }));
    const { status, body } = await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`);
    expect([status, body.message]).toEqual([404, 'The file is cut off.']);
  });

  it('are not looked for elsewhere while the catalog does not answer', async () => {
    answer(imageContracts.getPicture, () => {
      throw new DomainError('UNAVAILABLE', 'away');
    });
    expect((await ask('GET', `projects/${PROJECT}/images/${IMAGE}/`)).status).toBe(503);
    expect(system.calls).toHaveLength(1);
  });
});

describe('errors', () => {
  const statusOf = (code: ErrorCode, request: object) => {
    const error = new DomainError(code, 'm');
    return datarobotDialect.statusFor?.(error, request as FastifyRequest) ?? datarobotDialect.statuses[code];
  };

  it('of uploads never make the client repeat them without their bytes', () => {
    const upload = { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' } };
    for (const code of ERROR_CODES) expect([413, 429, 502, 503, 504]).not.toContain(statusOf(code, upload));
    expect(statusOf('UNAVAILABLE', { method: 'POST', headers: {} })).toBe(503);
  });

  it('name those that the client distinguishes from others', () => {
    const error = new DomainError('FAILED_PRECONDITION', 'm', { reason: 'under-way' });
    const expected = { message: 'm', errorName: 'JobAlreadyAdded' };
    expect(datarobotDialect.errorBody(422, error, { path: '', headers: {} })).toEqual(expected);
  });

  it('have the client’s shape', () => {
    const error = new DomainError('INVALID_ARGUMENT', 'm', { field: 'name', secret: 1 });
    expect(datarobotDialect.errorBody(422, error, { path: '', headers: {} })).toEqual({
      message: 'm',
      errors: { name: 'm' },
    });
  });
});

describe('OpenAPI', () => {
  it('has every operation once', () => {
    const document = SwaggerModule.createDocument(system.app, new DocumentBuilder().build(), {
      include: [DatarobotModule],
    });
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(operations).toHaveLength(81);
    expect(Object.keys(document.components?.schemas ?? {})).toContain('ImageAugmentationListsRetrieve');
  });
});
