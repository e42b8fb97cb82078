import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { createHash, randomBytes } from 'node:crypto';
import sharp from 'sharp';

/** The DataRobot dialect against the started stack: golden requests and answers, each in a workspace of this suite. */

type Json = ReturnType<typeof JSON.parse>;

interface Asking {
  readonly key?: string;
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const origin = new URL(process.env.E2E_URL ?? '').origin;
const unique = randomBytes(4).toString('hex');
const unknownId = 'f'.repeat(24);
const PICTURES = 4;

let key = '';
let stranger = '';
let reader = '';
let projectId = '';
let imageIds: number[] = [];

async function ask(method: string, url: string, asking: Asking = {}) {
  const { key: credential = key, body, text = body === undefined ? undefined : JSON.stringify(body) } = asking;
  const response = await fetch(new URL(url, `${origin}/api/v2/`), {
    method,
    redirect: 'manual',
    headers: {
      ...(credential === '' ? {} : { authorization: `Bearer ${credential}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...asking.headers,
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = response.headers.get('content-type') ?? '';
  const json: Json = type.startsWith('application/json') ? JSON.parse(bytes.toString()) : undefined;
  return { status: response.status, headers: response.headers, type, bytes, body: json };
}

async function makeKey(workspace: string, role: string): Promise<string> {
  const owner = process.env.E2E_OWNER_KEY ?? '';
  const { status, body } = await ask('POST', `${origin}/keys`, { key: owner, body: { name: 'e2e', role, workspace } });
  expect(status).toBe(201);
  return `${body.id}.${body.secret}`;
}

/** A picture that no other has, so that one looks unlike another. */
function picture(width = 96, height = 64): Promise<Buffer> {
  const background = { r: 0, g: 0, b: 0 };
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  return sharp({ create: { width, height, channels: 3, background, noise } })
    .png()
    .toBuffer();
}

async function upload(bytes: Buffer, filename: string): Promise<number> {
  const body = { filename, image_data: bytes.toString('base64'), tags: ['e2e'] };
  const { status, body: created } = await ask('POST', `${origin}/v1/upload`, { body });
  expect([200, 201]).toContain(status);
  return created.id;
}

const list = (changes: object = {}) => ({
  name: 'mine',
  projectId,
  transformationProbability: 1,
  numberOfNewImages: 2,
  transformations: [
    { name: 'rotation', enabled: true, params: [{ name: 'max_rotation_degrees', currentValue: 30, mine: 'kept' }] },
    { name: 'blur', enabled: false },
  ],
  ...changes,
});

async function createList(changes: object = {}): Promise<string> {
  const { status, body } = await ask('POST', 'imageAugmentationLists/', { body: list(changes) });
  expect([status, Object.keys(body)]).toEqual([201, ['augmentationListId']]);
  return body.augmentationListId;
}

/** Polls like the client, without its sleeps. @returns where the result is */
async function wait(location: string): Promise<string> {
  for (let i = 0; i < 20; i++) {
    const { status, headers, body } = await ask('GET', location);
    if (status === 303) return headers.get('location') ?? '';
    expect([status, body.status]).toEqual([200, expect.stringMatching(/^(INITIALIZED|RUNNING)$/)]);
  }
  throw new Error('the job did not end');
}

async function requestSamples(listId: string, numberOfRows: number, headers = {}) {
  const asked = await ask('POST', `imageAugmentationLists/${listId}/samples/`, { body: { numberOfRows }, headers });
  expect([asked.status, Object.keys(asked.body)]).toEqual([202, ['statusId']]);
  const location = asked.headers.get('location');
  expect(location).toBe(`${origin}/api/v2/status/${asked.body.statusId}/`);
  return { statusId: asked.body.statusId as string, location: location ?? '' };
}

async function makeSamples(listId: string, numberOfRows: number): Promise<Json[]> {
  const result = await wait((await requestSamples(listId, numberOfRows)).location);
  expect(result).toBe(`${origin}/api/v2/imageAugmentationLists/${listId}/samples/`);
  return (await ask('GET', result)).body.data;
}

beforeAll(async () => {
  key = await makeKey(`datarobot-${unique}`, 'owner');
  reader = await makeKey(`datarobot-${unique}`, 'reader');
  stranger = await makeKey(`stranger-${unique}`, 'owner');
  imageIds = [];
  for (let i = 0; i < PICTURES; i++) imageIds.push(await upload(await picture(), `picture ${i} é.png`));
  const { body } = await ask('GET', 'projects/?projectName=library');
  projectId = body[0].id;
});

describe('connection', () => {
  it('needs a key, in either spelling', async () => {
    expect((await ask('GET', 'version/')).body.versionString).toMatch(/^2\.49\./);
    const headers = { authorization: `Token ${key}` };
    expect((await ask('GET', 'version', { key: '', headers })).status).toBe(200);
    for (const wrong of ['', 'wrong', `${key}x`]) {
      const { status, body } = await ask('GET', 'version/', { key: wrong });
      expect([status, typeof body.message]).toEqual([401, 'string']);
    }
    expect((await ask('POST', 'imageAugmentationLists/', { key: reader, body: list() })).status).toBe(403);
  });

  it('has errors of exactly one content type, wherever they are raised', async () => {
    const errors = [
      await ask('GET', 'version/', { key: 'wrong' }),
      await ask('GET', `projects/${unknownId}/`),
      await ask('GET', 'no/such/route/'),
      await ask('GET', 'imageAugmentationLists/'),
      await ask('POST', 'imageAugmentationLists/', { text: '{"name": ' }),
      await ask('POST', 'imageAugmentationLists/', { text: '['.repeat(200) + ']'.repeat(200) }),
      await ask('POST', 'imageAugmentationLists/', { text: 'x', headers: { 'content-type': 'text/plain' } }),
      await ask('POST', 'imageAugmentationLists/', { body: list({ transformations: [{ name: 'ünbekannt' }] }) }),
      await ask('POST', 'imageAugmentationLists/', { body: list({ name: 'x'.repeat(2_000_000) }) }),
    ];
    expect(errors.map(({ status }) => status)).toEqual([401, 404, 404, 422, 422, 422, 415, 422, 422]);
    for (const { type, body } of errors) {
      expect(type).toBe('application/json');
      expect(body.message).toMatch(/./);
    }
  });

  it.each(['localhost', '127.0.0.1'])('makes URLs for the host that the client used: %s', async (host) => {
    const endpoint = new URL(origin);
    endpoint.hostname = host;
    const [first, second] = [await createList({ featureName: 'image' }), await createList({ featureName: 'image' })];
    const query = new URLSearchParams({ projectId, featureName: 'image', limit: '1' });
    const { body } = await ask('GET', `${endpoint.origin}/api/v2/imageAugmentationLists/?${query}`);
    expect([body.count, body.totalCount, body.previous, body.data[0].id]).toEqual([1, 2, null, first]);
    expect(body.next.startsWith(`${endpoint.origin}/api/v2/imageAugmentationLists/?`)).toBe(true);
    const next = (await ask('GET', body.next)).body;
    expect([next.count, next.next, next.data[0].id]).toEqual([1, null, second]);
    expect((await ask('GET', next.previous)).body.data[0].id).toBe(first);
    for (const id of [first, second]) expect((await ask('DELETE', `imageAugmentationLists/${id}/`)).status).toBe(204);
  });
});

describe('projects and options', () => {
  it('show the library', async () => {
    const listed = (await ask('GET', 'projects/')).body;
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject({ id: projectId, projectName: 'library', stage: 'aim', target: null });
    expect((await ask('GET', `projects/${projectId}`)).body).toEqual(listed[0]);
    expect((await ask('GET', 'projects/?projectName=nothing')).body).toEqual([]);
    expect((await ask('GET', 'projects/?limit=-1')).status).toBe(422);
  });

  it('offer every transformation with a range that holds its default', async () => {
    const { body } = await ask('GET', `imageAugmentationOptions/${projectId}`);
    expect((await ask('GET', `imageAugmentationOptions/${projectId}/`)).body).toEqual(body);
    expect(body).toMatchObject({ projectId, minTransformationProbability: 0, maxTransformationProbability: 1 });
    expect(body.transformations.length).toBeGreaterThanOrEqual(10);
    for (const { params } of body.transformations) {
      for (const { minValue, currentValue, maxValue } of params) {
        expect(minValue).toBeLessThanOrEqual(currentValue);
        expect(currentValue).toBeLessThanOrEqual(maxValue);
      }
    }
    expect((await ask('GET', `imageAugmentationOptions/${unknownId}`)).status).toBe(404);
  });
});

describe('augmentation lists', () => {
  it('come back as they were sent, change and go', async () => {
    const id = await createList();
    const { body: created } = await ask('GET', `imageAugmentationLists/${id}/`);
    const rest = { id, featureName: null, inUse: false, initialList: false, samplesId: null };
    expect(created).toEqual({ ...list(), ...rest });
    expect((await ask('PATCH', `imageAugmentationLists/${id}/`)).status).toBe(204);
    const changes = { transformationProbability: 0.9, transformations: [{ name: 'vertical_flip', mine: [null] }] };
    const patched = await ask('PATCH', `imageAugmentationLists/${id}`, { body: { ...changes, inUse: true } });
    expect([patched.status, patched.bytes.length]).toEqual([204, 0]);
    expect((await ask('GET', `imageAugmentationLists/${id}`)).body).toEqual({ ...created, ...changes });
    expect((await ask('GET', `imageAugmentationLists/${id}/samples/`)).status).toBe(404);
    expect((await ask('DELETE', `imageAugmentationLists/${id}/`)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE'])
      expect((await ask(method, `imageAugmentationLists/${id}/`)).status).toBe(404);
  });

  it('are refused with what no list can be', async () => {
    const bad = [
      { numberOfNewImages: 0 },
      { numberOfNewImages: 11 },
      { numberOfNewImages: 1.5 },
      { transformationProbability: 1.5 },
      { transformationProbability: '1' },
      { transformations: 'all' },
      { transformations: [{ name: 'no-such-transformation' }] },
      { transformations: [{ name: 'blur', params: [{ name: 'max_filter_size', currentValue: 1e9 }] }] },
      { name: '' },
      { name: { $gt: '' } },
      { projectId: undefined },
    ];
    for (const changes of bad) {
      const { status } = await ask('POST', 'imageAugmentationLists/', { body: list(changes) });
      expect([changes, status]).toEqual([changes, 422]);
    }
    expect((await ask('POST', 'imageAugmentationLists/')).status).toBe(422);
    expect((await ask('POST', 'imageAugmentationLists/', { body: list({ projectId: unknownId }) })).status).toBe(404);
    const id = await createList();
    const patch = { body: { transformationProbability: -1 } };
    expect((await ask('PATCH', `imageAugmentationLists/${id}/`, patch)).status).toBe(422);
  });
});

describe('samples', () => {
  it('are made, listed, fetched, and made again', async () => {
    const id = await createList();
    const data = await makeSamples(id, 2);
    const originals = data.filter((sample) => sample.originalImageId === null);
    const made = data.filter((sample) => sample.originalImageId !== null);
    expect([originals.length, made.length]).toEqual([2, 4]);
    expect(new Set(data.map((sample) => sample.imageId)).size).toBe(6);
    expect(data.map((sample) => sample.originalImageId ?? sample.imageId)).toEqual(
      originals.flatMap(({ imageId }) => [imageId, imageId, imageId]),
    );
    const hashes = new Set<string>();
    for (const { imageId, width, height } of data) {
      const { body } = await ask('GET', `projects/${projectId}/images/${imageId}/`);
      expect(body).toEqual({ imageId, width, height });
      const file = await ask('GET', `projects/${projectId}/images/${imageId}/file/`);
      expect([file.status, file.type]).toEqual([200, expect.stringMatching(/^image\/(png|jpeg|webp)$/)]);
      const decoded = await sharp(file.bytes).metadata();
      expect([decoded.width, decoded.height]).toEqual([width, height]);
      hashes.add(createHash('sha256').update(file.bytes).digest('hex'));
    }
    expect(hashes.size).toBe(6);

    const { samplesId } = (await ask('GET', `imageAugmentationLists/${id}/`)).body;
    const legacy = await ask('GET', `imageAugmentationSamples/${samplesId}/`);
    expect([legacy.body.data, legacy.headers.has('deprecation')]).toEqual([data, true]);
    const page = (await ask('GET', `imageAugmentationLists/${id}/samples/?offset=1&limit=2`)).body;
    expect([page.data, page.totalCount]).toEqual([data.slice(1, 3), 6]);

    const again = await makeSamples(id, 2);
    const before = new Set(made.map((sample) => sample.imageId));
    expect(again.some((sample) => before.has(sample.imageId))).toBe(false);
    expect((await ask('GET', `imageAugmentationLists/${id}/`)).body.samplesId).not.toBe(samplesId);
    expect((await ask('GET', `projects/${projectId}/images/${made[0].imageId}/file`)).status).toBe(200);
  });

  it('stay done: the status leads to them each time', async () => {
    const { statusId, location } = await requestSamples(await createList(), 1);
    const result = await wait(location);
    for (const path of [location, `status/${statusId}`]) {
      const { status, headers } = await ask('GET', path);
      expect([status, headers.get('location')]).toEqual([303, result]);
    }
    expect((await ask('GET', `status/${unknownId}/`)).status).toBe(404);
  });

  it('are made once for one idempotency key', async () => {
    const id = await createList();
    const headers = { 'idempotency-key': `${unique}-1` };
    const first = await requestSamples(id, 1, headers);
    expect(await requestSamples(id, 1, headers)).toEqual(first);
    const other = { body: { numberOfRows: 2 }, headers };
    expect((await ask('POST', `imageAugmentationLists/${id}/samples/`, other)).status).toBe(422);
  });

  it('are refused where the request makes no sense', async () => {
    const id = await createList();
    for (const body of [undefined, {}, { numberOfRows: 0 }, { numberOfRows: 26 }, { numberOfRows: '1' }])
      expect((await ask('POST', `imageAugmentationLists/${id}/samples/`, { body })).status).toBe(422);
    expect((await ask('PATCH', `imageAugmentationLists/${id}/`, { body: { numberOfNewImages: 0 } })).status).toBe(204);
    const request = { body: { numberOfRows: 1 } };
    expect((await ask('POST', `imageAugmentationLists/${id}/samples/`, request)).status).toBe(422);
    expect((await ask('POST', `imageAugmentationLists/${unknownId}/samples/`, request)).status).toBe(404);
  });

  it('are made without a list on the deprecated route', async () => {
    const asked = await ask('POST', 'imageAugmentationSamples/', { body: { ...list(), numberOfRows: 3 } });
    expect([asked.status, asked.headers.has('deprecation')]).toEqual([202, true]);
    const result = await wait(asked.headers.get('location') ?? '');
    expect(result).toBe(`${origin}/api/v2/imageAugmentationSamples/${asked.body.statusId}/`);
    expect((await ask('GET', result)).body.totalCount).toBe(9);
    expect((await ask('GET', `imageAugmentationSamples/${unknownId}/`)).status).toBe(404);
    expect((await ask('POST', 'imageAugmentationSamples/', { body: list() })).status).toBe(422);
  });

  it('vanish with the image that they were made of', async () => {
    const id = await createList();
    const data = await makeSamples(id, PICTURES);
    expect(data).toHaveLength(PICTURES * 3);
    expect((await ask('DELETE', `${origin}/v1/images/${imageIds.pop()}`)).status).toBe(204);
    const left = await eventually(async () => {
      const { body } = await ask('GET', `imageAugmentationLists/${id}/samples/`);
      expect(body.totalCount).toBe((PICTURES - 1) * 3);
      return new Set<string>(body.data.map((sample: Json) => sample.imageId));
    });
    const gone = data.filter((sample) => !left.has(sample.imageId));
    for (const { imageId } of gone)
      expect((await ask('GET', `projects/${projectId}/images/${imageId}/file/`)).status).toBe(404);
  });
});

describe('another workspace', () => {
  it('sees none of it: 404', async () => {
    const id = await createList();
    const [{ imageId }, augmented] = await makeSamples(id, 1);
    const { samplesId } = (await ask('GET', `imageAugmentationLists/${id}/`)).body;
    const paths = [
      `projects/${projectId}/`,
      `projects/${projectId}/images/${imageId}/`,
      `projects/${projectId}/images/${augmented.imageId}/file/`,
      `imageAugmentationOptions/${projectId}`,
      `imageAugmentationLists/?projectId=${projectId}`,
      `imageAugmentationLists/${id}/`,
      `imageAugmentationLists/${id}/samples/`,
      `imageAugmentationSamples/${samplesId}/`,
      `status/${samplesId}/`,
    ];
    for (const path of paths) {
      expect([path, (await ask('GET', path)).status]).toEqual([path, path.startsWith('status') ? 303 : 200]);
      expect([path, (await ask('GET', path, { key: stranger })).status]).toEqual([path, 404]);
    }
    const changes: [string, string, object?][] = [
      ['PATCH', `imageAugmentationLists/${id}/`, { name: 'x' }],
      ['DELETE', `imageAugmentationLists/${id}/`],
      ['POST', `imageAugmentationLists/${id}/samples/`, { numberOfRows: 1 }],
      ['POST', 'imageAugmentationLists/', list()],
      ['POST', 'imageAugmentationSamples/', { ...list(), numberOfRows: 1 }],
    ];
    for (const [method, path, body] of changes)
      expect([path, (await ask(method, path, { key: stranger, body })).status]).toEqual([path, 404]);
    expect((await ask('GET', `imageAugmentationLists/${id}/`)).body.name).toBe('mine');
  });

  it('has a library of its own, of whose nothing no samples can be made: 422', async () => {
    const [own] = (await ask('GET', 'projects/', { key: stranger })).body;
    expect(own.id).not.toBe(projectId);
    const body = { ...list({ projectId: own.id }), numberOfRows: 1 };
    const { status, body: error } = await ask('POST', 'imageAugmentationSamples/', { key: stranger, body });
    expect([status, error.message]).toEqual([422, expect.stringContaining('no pictures')]);
  });
});
