import { beforeEach, describe, expect, it } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { gunzipSync } from 'node:zlib';
import { event, idOf, part, run, series, SERIES } from './event-logs.fixture.js';
import { apiOfSuite, TestApi } from './tensorboard.fixture.js';
import { TensorboardModule } from './tensorboard.module.js';

const IMAGES = '/data/plugin/images';
const OTHERS = { [TestApi.WORKSPACE_HEADER]: 'other' };
const api = apiOfSuite();

interface Listed {
  readonly step: number;
  readonly query: string;
}
const list = async (parameters = 'run=a&tag=b') => (await api.json(`${IMAGES}/images?${parameters}`)) as Listed[];

beforeEach(() => {
  Object.assign(api.logs.of(), {
    ...{ revision: '1', runs: [run('a'), run('empty', idOf(9))] },
    series: [series('b', { samples: 2, description: '<p>x</p>' }), series('c', { id: idOf(5) })],
    events: { [SERIES]: [event('1', { images: [part('c'), part('d')] }), event('2', { id: idOf(4) })] },
  });
});

describe('the routes of the core', () => {
  it.each([
    ['/data/runs', ['a', 'empty']],
    ['/data/window_properties', { window_title: 'Pentaprism' }],
    ['/data/experiments', []],
    ['/data/experiment_runs', []],
    [
      '/data/plugins_listing',
      {
        images: {
          ...{ disable_reload: false, enabled: true, remove_dom: false, tab_name: 'images' },
          loading_mechanism: { type: 'CUSTOM_ELEMENT', element_name: 'tf-image-dashboard' },
        },
      },
    ],
  ])('answer %s at each address', async (path, body) => {
    for (const prefix of ['', '/experiment/x', '/experiment/', '/tensorboard', '/tensorboard/experiment/a%2Fb'])
      for (const end of ['', '/', '?x=1&x=2']) expect(await api.json(`${prefix}${path}${end}`)).toEqual(body);
  });

  it('name the workspace', async () => {
    const data_location = `workspace ${api.logs.workspace}`;
    expect(await api.json('/experiment/x/data/logdir')).toEqual({ logdir: data_location });
    expect(await api.json('/data/environment')).toEqual({
      ...{ version: '2.21.0', data_location, window_title: 'Pentaprism' },
      ...{ experiment_name: '', experiment_description: '', creation_time: 0 },
    });
  });

  it('redirect to notifications, and load no dashboard as a page', async () => {
    const notifications = await api.get('/data/notifications');
    expect([notifications.status, notifications.headers.location]).toEqual([302, '../notifications_note.json']);
    const entry = async (query: string) => {
      const { status, text } = await api.get(`/data/plugin_entry.html${query}`);
      return [status, text];
    };
    expect(await entry('?name=images')).toEqual([400, 'Plugin is not module loadable']);
    for (const query of ['', '?name=scalars', '?name=scalars&name=images']) expect((await entry(query))[0]).toBe(404);
  });
});

describe('tags', () => {
  it('show all runs', async () => {
    expect(await api.json(`${IMAGES}/tags`)).toEqual({
      a: {
        b: { displayName: '', description: '<p>x</p>', samples: 2 },
        c: { displayName: '', description: '', samples: 1 },
      },
      empty: {},
    });
  });

  it('cost one call a second and one more for a change, however many clients ask', async () => {
    const all = () => Promise.all(Array.from({ length: 16 }, () => api.json(`${IMAGES}/tags`)));
    await all();
    await all();
    expect([api.logs.count('revision'), api.logs.count('runs'), api.logs.count('series')]).toEqual([1, 1, 1]);
    api.logs.signal();
    await all();
    expect([api.logs.count('revision'), api.logs.count('runs')]).toEqual([2, 1]);
  });

  it('show a change with the signal', async () => {
    await api.json(`${IMAGES}/tags`);
    Object.assign(api.logs.of(), { revision: '2', runs: [] });
    api.logs.signal();
    expect(await api.json(`${IMAGES}/tags`)).toEqual({});
  });

  it('are those of the workspace', async () => {
    expect(await api.json(`${IMAGES}/tags`, OTHERS)).toEqual({});
    expect(Object.keys((await api.json(`${IMAGES}/tags`)) as object)).toEqual(['a', 'empty']);
  });
});

describe('images', () => {
  it('are listed for each sample', async () => {
    const steps = (events: readonly Listed[]) => events.map(({ step }) => step);
    expect(steps(await list())).toEqual([1, 2]);
    expect(await list('run=a&tag=b&sample=0')).toEqual(await list());
    expect(steps(await list('run=a&tag=b&sample=1'))).toEqual([1]);
    expect(steps(await list('run=a&tag=b&sample=2'))).toEqual([]);
    expect(steps(await list('run=a&tag=b&sample=99999999999999999999'))).toEqual([]);
    expect(api.logs.count('events')).toBe(1);
  });

  it('have queries that lead to their bytes without a call', async () => {
    const [first, second] = await list();
    const [, other] = [first, (await list('run=a&tag=b&sample=1'))[0]];
    api.logs.calls.length = 0;
    const bytes = [];
    for (const { query } of [first, second, other] as Listed[])
      bytes.push(
        (await api.get(`/experiment/x${IMAGES}/individualImage?${query}&ts=1&tensorBoardFeatureFlags=%7B%7D`)).text,
      );
    expect(bytes).toEqual(['c', 'c', 'd']);
    expect(api.logs.calls).toEqual([]);
    expect(api.sent[0]).toMatchObject({
      ...{
        area: 'eventimages',
        workspace: api.logs.workspace,
        sha256: 'b'.repeat(64),
        size: 1000,
        mediaType: 'image/png',
      },
      part: { offset: 10, length: 20, sha256: 'c'.repeat(64) },
    });
  });

  it('are found again after they were moved to another blob', async () => {
    const [first] = await list();
    api.goneBlobs.add('b'.repeat(64));
    const moved = part('c', { content: { sha256: 'e'.repeat(64), size: 20 }, offset: 0 });
    api.logs.of().events = { [SERIES]: [event('1', { images: [moved] })] };
    api.logs.calls.length = 0;
    for (let i = 0; i < 3; i++) {
      const answer = await api.get(`${IMAGES}/individualImage?${first?.query}`);
      expect([answer.status, answer.text]).toEqual([200, 'c']);
    }
    expect(api.logs.calls).toEqual(['event']);
  });

  it('that were replaced and whose bytes are gone are not found', async () => {
    const [first] = await list();
    api.goneBlobs.add('b'.repeat(64));
    api.logs.of().events = {};
    const { status, headers } = await api.get(`${IMAGES}/individualImage?${first?.query}`);
    expect([status, headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8']);
  });

  it('whose bytes are lost are a failure of the server', async () => {
    const [first] = await list();
    api.goneBlobs.add('b'.repeat(64));
    expect((await api.get(`${IMAGES}/individualImage?${first?.query}`)).status).toBe(500);
  });

  it('of another workspace are not found, with the right query neither', async () => {
    const [first] = await list();
    expect((await api.get(`${IMAGES}/individualImage?${first?.query}`, OTHERS)).status).toBe(404);
    expect((await api.get(`${IMAGES}/images?run=a&tag=b`, OTHERS)).status).toBe(404);
    expect(api.sent).toEqual([]);
  });

  it.each([
    ['images', '', 400, 'Invalid run or tag'],
    ['images', 'run=a', 400, 'Invalid run or tag'],
    ['images', 'tag=b', 400, 'Invalid run or tag'],
    ['images', 'run=a&tag=b&sample=', 400, 'Invalid sample: it must be a whole number from 0.'],
    ['images', 'run=a&tag=b&sample=-1', 400, 'Invalid sample: it must be a whole number from 0.'],
    ['images', 'run=a&tag=b&sample=-1&sample=0', 400, 'Invalid sample: it must be a whole number from 0.'],
    ['images', 'run=a&tag=x', 404, "Not found: No image data for run='a', tag='x'"],
    ['images', 'run=x&run=a&tag=b', 404, "Not found: No image data for run='x', tag='b'"],
    ['images', 'run=__proto__&tag=b', 404, "Not found: No image data for run='__proto__', tag='b'"],
    ['individualImage', '', 400, 'Invalid run, tag, index, or sample'],
    ['individualImage', 'blob_key=', 400, 'Invalid run, tag, index, or sample'],
    ['individualImage', 'blob_key=xyz', 400, 'Invalid run, tag, index, or sample'],
    ['individualImage', 'blob_key=AAAAAAAAAAAAAAAHAAA', 404, 'There is no such thing.'],
    ['individualImage', 'blob_key=MzMzMzMzMzMzMzMzAAI', 404, 'There is no such image. Request the list again.'],
  ])('refuse %s?%s with %d', async (route, query, status, text) => {
    const answer = await api.get(`${IMAGES}/${route}?${query}`);
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      status,
      'text/plain; charset=utf-8',
      text,
    ]);
    expect(answer.headers['cache-control']).toBe('no-cache, must-revalidate');
  });

  it('of a series that has ended since its name was read are not found', async () => {
    await api.json(`${IMAGES}/tags`);
    api.logs.of().events = {};
    expect((await api.get(`${IMAGES}/images?run=a&tag=b`)).status).toBe(404);
  });
});

describe('headers', () => {
  it('forbid caching, on HEAD as on GET', async () => {
    for (const path of ['/data/runs', `${IMAGES}/tags`, `${IMAGES}/images?run=a&tag=b`])
      for (const method of ['GET', 'HEAD'] as const) {
        const { status, headers, body } = await api.get(path, {}, method);
        expect([status, body.length > 0]).toEqual([200, method === 'GET']);
        expect(headers).toMatchObject({
          ...{ 'content-type': 'application/json', 'cache-control': 'no-cache, must-revalidate', expires: '0' },
          vary: 'Accept-Encoding',
        });
        expect(Number(headers['content-length'])).toBeGreaterThan(1);
      }
  });

  it('of an image forbid caching', async () => {
    const [first] = await list();
    const { headers } = await api.get(`${IMAGES}/individualImage?${first?.query}`);
    expect(headers).toMatchObject({ 'content-type': 'image/png', expires: '0' });
    expect(api.sent).toMatchObject([{ cacheControl: 'no-cache, must-revalidate', mayBeGone: true }]);
  });

  it('say gzip for long answers to clients that take it', async () => {
    api.logs.of().series = Array.from({ length: 50 }, (_, i) => series(`tag ${i}`, { id: idOf(i) }));
    const plain = await api.get(`${IMAGES}/tags`, { 'accept-encoding': 'gzip;q=0, identity' });
    const gzip = await api.get(`${IMAGES}/tags`, { 'accept-encoding': 'gzip, deflate' });
    expect([plain.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(Number(gzip.headers['content-length'])).toBe(gzip.body.length);
    const short = await api.get('/data/runs', { 'accept-encoding': 'gzip' });
    expect(short.headers['content-encoding']).toBeUndefined();
  });
});

describe('feature flags', () => {
  const ROUTES = [
    '/data/runs',
    `${IMAGES}/tags`,
    `${IMAGES}/individualImage`,
    '/data/notifications',
    '/tensorboard/problems',
    '/tensorboard/',
    '/tensorboard/index.js',
  ];

  it.each(ROUTES)('that are no JSON object are refused at %s', async (path) => {
    for (const flags of ['zz', '[]', 'null', '1', '']) {
      const answers = [
        await api.get(path, { 'x-tensorboard-feature-flags': flags }),
        await api.get(`${path}?tensorBoardFeatureFlags=${flags}&tensorBoardFeatureFlags={}`),
      ];
      for (const { status, text } of answers)
        expect([status, text]).toEqual([400, 'The feature flags must be a JSON object, such as {}.']);
    }
  });

  it('that are no JSON object are refused before a client pushes anything', async () => {
    const headers = { 'x-tensorboard-feature-flags': '[]' };
    expect((await api.get('/tensorboard/runs/file?run=a&file=b', headers, 'HEAD')).status).toBe(400);
  });

  it('that are one are taken', async () => {
    const flags = { 'x-tensorboard-feature-flags': '{"x":1}' };
    expect(await api.json('/data/runs?tensorBoardFeatureFlags=%7B%7D', flags)).toEqual(['a', 'empty']);
  });
});

it('lists problems', async () => {
  expect(await api.json('/tensorboard/problems')).toEqual({
    problems: [{ run: 'a', file: 'b', problem: 'c' }],
    next: null,
  });
});

it('is documented, every route of it', () => {
  const document = SwaggerModule.createDocument(api.nest, new DocumentBuilder().build(), {
    include: [TensorboardModule],
  });
  expect(Object.keys(document.paths).sort()).toEqual([
    '/data/environment',
    '/data/experiment_runs',
    '/data/experiments',
    '/data/logdir',
    '/data/notifications',
    '/data/plugin/images/images',
    '/data/plugin/images/individualImage',
    '/data/plugin/images/tags',
    '/data/plugin_entry.html',
    '/data/plugins_listing',
    '/data/runs',
    '/data/window_properties',
    '/tensorboard/problems',
    '/tensorboard/runs',
    '/tensorboard/runs/file',
  ]);
});

describe('the id of a project', () => {
  const PROJECT = 'a'.repeat(24);

  it('shows the augmentation lists of the project, at each address of an experiment', async () => {
    api.logs.addProject(PROJECT, 'flips');
    for (const prefix of ['/experiment', '/tensorboard/experiment'])
      expect(await api.json(`${prefix}/${PROJECT}/data/runs`)).toEqual(['flips']);
    expect(await api.json(`/experiment/${PROJECT}/data/logdir`)).toEqual({ logdir: `project ${PROJECT}` });
    expect(await api.json('/data/runs')).toEqual(['a', 'empty']);
  });

  it('of another workspace, or of none, looks like any other id', async () => {
    api.logs.addProject(PROJECT, 'flips');
    expect(await api.json(`/experiment/${PROJECT}/data/runs`, OTHERS)).toEqual([]);
    expect(await api.json(`/experiment/${'b'.repeat(24)}/data/runs`)).toEqual(['a', 'empty']);
    expect(await api.json(`/experiment/${PROJECT.toUpperCase()}/data/runs`)).toEqual(['a', 'empty']);
  });
});
