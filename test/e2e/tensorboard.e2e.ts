import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventFile, eventRecord, eventRecordHeader, type LoggedValue } from '@pentaprism/testing';
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { drawing } from '../drawings.js';
import { GoldenFolder } from './support/golden.js';
import { send, type Answer } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';

/** The log directory that the shared system follows. */
const system = sharedSystem();
const logdir = path.join(system.data, 'event-logs');
const IMAGES = '/data/plugin/images';
const FILE = 'events.out.tfevents.1700000000.host';
const WEBP = Buffer.from('524946460000000057454250', 'hex');
/** A change of a file is served within the interval and a second. A loaded machine takes longer. */
const SERVED_WITHIN_MS = 30_000;
const LONG_TAG = '标'.repeat(5000);

const golden = new GoldenFolder('tensorboard');
let key: ApiKey;
let other: ApiKey;
let pictures: Buffer[];

const basic = ({ id, secret }: ApiKey) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
const get = (address: string, headers: Record<string, string> = {}, method = 'GET', by = key): Promise<Answer> =>
  send(method, `${system.url}${address}`, { headers: { authorization: basic(by), ...headers } });
const listAddress = (run: string, tag: string, sample = 0) =>
  `${IMAGES}/images?${new URLSearchParams({ run, tag, sample: String(sample) }).toString()}`;
const queriesOf = ({ bytes }: Answer) =>
  [...bytes.toString().matchAll(/"step":(-?\d+),"query":"([^"]+)"/g)].map(([, step = '', query = '']) => ({
    step,
    query,
  }));

/** What the writer declares, whatever the pictures are. */
const size = { width: 16, height: 8 };
/** The first value of a tag in a file, which has its metadata. */
const value = (tag: string, images: readonly Buffer[], texts: Partial<LoggedValue> = {}): LoggedValue => ({
  ...{ tag, images, plugin: 'images', ...size },
  ...texts,
});

async function served(address: string, isThere: (answer: Answer) => boolean): Promise<Answer> {
  const end = Date.now() + SERVED_WITHIN_MS;
  for (;;) {
    const answer = await get(address);
    if (isThere(answer)) return answer;
    if (Date.now() > end) throw new Error(`not served: ${answer.status} ${answer.bytes.toString().slice(0, 300)}`);
    await sleep(200);
  }
}

beforeAll(async () => {
  key = await createKey(system, { role: 'reader', name: 'reader', workspace: 'default' });
  other = await createKey(system, { role: 'reader' });
  pictures = await Promise.all([1, 2, 3].map((seed) => drawing('disc', seed)));
  const [one, two, three] = pictures as [Buffer, Buffer, Buffer];
  const texts = { displayName: 'Samples <b>', description: 'Two *shapes* <script>alert(1)</script>' };
  const folder = path.join(logdir, 'train');
  await mkdir(folder, { recursive: true });
  await mkdir(path.join(logdir, 'scalars only'), { recursive: true });
  await writeFile(
    path.join(folder, FILE),
    eventFile(
      { wallTime: 1_700_000_000, fileVersion: 'brain.Event:2' },
      { step: 1, wallTime: 1_700_000_001.5, values: [value('shapes', [one, two], texts)] },
      { step: 9_007_199_254_740_993n, wallTime: Infinity, values: [{ ...size, tag: 'shapes', images: [three] }] },
      { step: -3, wallTime: NaN, values: [value('__proto__', [one, WEBP, Buffer.alloc(0)])] },
      { values: [value(LONG_TAG, [two])] },
    ),
  );
  await writeFile(
    path.join(logdir, 'scalars only', FILE),
    eventFile({ wallTime: 1_700_000_005, fileVersion: 'brain.Event:2' }),
  );
  await served('/data/runs', ({ bytes }) => bytes.includes('train') && bytes.includes('scalars only'));
  await served(`${IMAGES}/tags`, ({ bytes }) => bytes.includes('标'));
});
afterAll(async () => {
  await rm(logdir, { recursive: true, force: true });
});

/** By the name of the file. */
const EXCHANGES: Readonly<Record<string, string>> = {
  listRuns: '/data/runs',
  'listRuns-of-an-experiment': '/experiment/anything%2Fat%20all/data/runs/',
  getEnvironment: '/data/environment',
  listPlugins: '/data/plugins_listing',
  getLogdir: '/data/logdir',
  getWindowProperties: '/data/window_properties',
  listExperiments: '/data/experiments',
  listExperimentRuns: '/data/experiment_runs',
  getNotifications: '/data/notifications',
  'getPluginEntry-images': '/data/plugin_entry.html?name=images',
  'getPluginEntry-unknown': '/data/plugin_entry.html?name=nothing',
  listTags: `${IMAGES}/tags`,
  listImages: listAddress('train', 'shapes'),
  'listImages-second': listAddress('train', 'shapes', 1),
  'listImages-beyond': listAddress('train', 'shapes', 2),
  'listImages-proto': listAddress('train', '__proto__'),
  'listImages-unknown': listAddress('train', 'constructor'),
  'listImages-without-tag': `${IMAGES}/images?run=train`,
  'listImages-wrong-sample': `${listAddress('train', 'shapes')}&sample=1`.replace('sample=0', 'sample=x'),
  'getImage-without-key': `${IMAGES}/individualImage`,
  'getImage-wrong-key': `${IMAGES}/individualImage?blob_key=xyz`,
  'getImage-unknown': `${IMAGES}/individualImage?blob_key=AAAAAAAAAAAAAAAHAAA`,
  'wrong-feature-flags': '/data/runs?tensorBoardFeatureFlags=zz',
  'unknown-route': '/data/plugin/scalars/tags',
};

describe('TensorBoard', () => {
  it.each(Object.entries(EXCHANGES))('%s is asked and answered as it was before', async (name, address) => {
    const { status, headers, bytes } = await get(address);
    const shown = ['content-type', 'cache-control', 'expires', 'vary', 'location', 'x-content-type-options'].flatMap(
      (each) => (headers[each] === undefined ? [] : [`${each}: ${String(headers[each])}`]),
    );
    const body = bytes
      .toString()
      .replace(/blob_key=[\w-]{19}/g, 'blob_key=<key>')
      .replaceAll(LONG_TAG, '<long tag>');
    golden.compare(`${name}.http`, [`GET ${address}`, `${status}\n${shown.join('\n')}`, body].join('\n\n'));
  });

  it('has no recorded answer that nothing was compared with', () => {
    expect(golden.unused()).toEqual([]);
  });

  it('sends each image as it was written, with a type that is safe to show', async () => {
    const bytesOf = async (tag: string, sample: number) => {
      const found = [];
      for (const { query } of queriesOf(await get(listAddress('train', tag, sample)))) {
        const { status, headers, bytes } = await get(`/tensorboard/experiment/${IMAGES}/individualImage?${query}&ts=1`);
        expect([status, headers['content-length']]).toEqual([200, String(bytes.length)]);
        expect(headers).toMatchObject({ 'cache-control': 'no-cache, must-revalidate', expires: '0' });
        found.push([headers['content-type'], bytes]);
      }
      return found;
    };
    const [one, two, three] = pictures;
    expect(await bytesOf('shapes', 0)).toEqual([
      ['image/png', one],
      ['image/png', three],
    ]);
    expect(await bytesOf('shapes', 1)).toEqual([['image/png', two]]);
    expect(await bytesOf('__proto__', 1)).toEqual([['application/octet-stream', WEBP]]);
    expect(await bytesOf('__proto__', 2)).toEqual([['application/octet-stream', Buffer.alloc(0)]]);
    expect(await bytesOf(LONG_TAG, 0)).toEqual([['image/png', two]]);
  });

  it('shows a step that is appended, and a run that is removed no more', async () => {
    const folder = path.join(logdir, 'growing');
    await mkdir(folder, { recursive: true });
    const [one, two] = pictures as [Buffer, Buffer];
    await writeFile(path.join(folder, FILE), eventFile({ step: 1, wallTime: 5, values: [value('a', [one])] }));
    const address = listAddress('growing', 'a');
    const [first] = queriesOf(await served(address, ({ status }) => status === 200));
    await appendFile(
      path.join(folder, FILE),
      eventFile({ step: 2, wallTime: 6, values: [{ ...size, tag: 'a', images: [two] }] }),
    );
    const grown = queriesOf(await served(address, ({ bytes }) => bytes.includes('"step":2,')));
    expect(grown.map(({ step }) => step)).toEqual(['1', '2']);
    expect(grown[0]).toEqual(first);
    expect((await get(`${IMAGES}/individualImage?${grown[1]?.query ?? ''}`)).bytes).toEqual(two);
    await rm(folder, { recursive: true });
    await served('/data/runs', ({ bytes }) => !bytes.includes('growing'));
    expect((await get(address)).status).toBe(404);
  });

  it('answers HEAD as GET without the body', async () => {
    const [{ query } = { query: '' }] = queriesOf(await get(listAddress('train', 'shapes')));
    for (const address of [`${IMAGES}/tags`, listAddress('train', 'shapes'), `${IMAGES}/individualImage?${query}`]) {
      const [full, head] = [await get(address), await get(address, {}, 'HEAD')];
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      for (const name of ['content-type', 'content-length', 'cache-control'])
        expect([name, head.headers[name]]).toEqual([name, full.headers[name]]);
    }
  });

  it('compresses for clients that accept it', async () => {
    const plain = await get(`${IMAGES}/tags`, { 'accept-encoding': 'gzip;q=0, identity' });
    const compressed = await get(`${IMAGES}/tags`, { 'accept-encoding': 'gzip, deflate, br' });
    expect([plain.headers['content-encoding'], compressed.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(compressed.bytes)).toEqual(plain.bytes);
  });

  it('shows nothing of it to another workspace', async () => {
    const [{ query } = { query: '' }] = queriesOf(await get(listAddress('train', 'shapes')));
    const asked = async (address: string) => {
      const { status, bytes } = await get(address, {}, 'GET', other);
      return [status, bytes.toString()];
    };
    expect(await asked('/data/runs')).toEqual([200, '[]']);
    expect(await asked(`${IMAGES}/tags`)).toEqual([200, '{}']);
    expect((await asked(listAddress('train', 'shapes')))[0]).toBe(404);
    expect((await asked(`${IMAGES}/individualImage?${query}`))[0]).toBe(404);
    expect(await asked('/tensorboard/problems')).toEqual([200, '{"problems":[],"next":null}']);
  });

  it('takes no key on a loopback address, asks browsers for one, and takes reading from a reader', async () => {
    const open = await send('GET', `${system.url}/data/runs`);
    expect([open.status, open.bytes]).toEqual([200, (await get('/data/runs')).bytes]);
    const refused = await get('/data/runs', { authorization: `Basic ${Buffer.from('x:y').toString('base64')}` });
    expect([refused.status, refused.headers['www-authenticate'], refused.headers['content-type']]).toEqual([
      ...[401, 'Basic realm="Pentaprism", charset="UTF-8"', 'text/plain; charset=utf-8'],
    ]);
    const hparams = '/experiment/defaultExperimentId/data/plugin/hparams/experiment';
    expect((await get(hparams, {}, 'POST')).status).toBe(404);
    const posted = await get('/data/runs', {}, 'POST');
    expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('a log directory that changes', () => {
  const [SECOND, COPY] = [`${FILE}.second`, 'copy'];
  const ODD_TAGS = [
    '"quoted"',
    'back\\slash',
    'a&b=c+d%20e#f?g',
    'line\nbreak',
    '\u0001',
    ' ',
    '/',
    '$where',
    'constructor',
  ];
  /** What TensorBoard keeps of the steps 1 to 40. */
  const KEPT_OF_40 = [2, 3, 4, 12, 21, 25, 33, 34, 38, 40].map(String);
  const runs = ['turns', 'copied', 'again', 'rewritten', 'damaged', 'foreign', 'huge', 'purged', 'sampled', 'odd'];
  const at = (...names: string[]) => path.join(logdir, ...names);
  /** Different bytes for each step. */
  const pictureOf = (step: number, more = '') => Buffer.from(`\x89PNG\r\n\x1a\n${step}${more}`, 'latin1');
  const event = (step: number, more = '') => eventFile({ step, values: [value('a', [pictureOf(step, more)])] });
  const events = (...steps: number[]) => Buffer.concat(steps.map((step) => event(step)));
  const version = eventFile({ wallTime: 5, fileVersion: 'brain.Event:2' });
  const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const stepsOf = async (run: string) => queriesOf(await get(listAddress(run, 'a'))).map(({ step }) => Number(step));
  const showing = async (run: string, ...steps: number[]) => {
    await served(
      listAddress(run, 'a'),
      (answer) => String(queriesOf(answer).map(({ step }) => step)) === String(steps),
    );
  };
  const imageOf = (query: string) => get(`${IMAGES}/individualImage?${query}`);

  beforeAll(async () => {
    for (const run of runs) await mkdir(at(run), { recursive: true });
    const damaged = Buffer.concat([events(1), event(2), event(3)]);
    damaged.writeUInt8(damaged.readUInt8(events(1, 2).length - 1) ^ 1, events(1, 2).length - 1);
    const files: [string, string, Buffer][] = [
      ['turns', FILE, events(1)],
      ['turns', SECOND, events(2)],
      ['copied', FILE, events(1, 2)],
      ['again', FILE, events(1, 2)],
      ['rewritten', FILE, events(1, 2, 3)],
      ['damaged', FILE, damaged],
      ['damaged', SECOND, Buffer.concat([eventFile({ values: [{ tag: 'bare', plugin: 'images' }] }), events(4)])],
      ['foreign', FILE, Buffer.concat([events(1), eventRecord(Buffer.from('no event')), events(2)])],
      ['huge', FILE, Buffer.concat([events(1), eventRecordHeader(2n ** 40n), event(2)])],
      ['purged', FILE, Buffer.concat([version, events(1, 2, 3, 4)])],
      ['purged', SECOND, Buffer.concat([version, eventFile({ step: 3, isStart: true }), event(3, ' again')])],
      ['sampled', FILE, events(...from(1, 10))],
      ['odd', FILE, eventFile({ step: 1, values: ODD_TAGS.map((tag) => value(tag, [Buffer.from(tag)])) })],
    ];
    for (const [run, name, content] of files) await writeFile(at(run, name), content);
    await served(`${IMAGES}/tags`, ({ bytes }) => runs.every((run) => bytes.includes(`"${run}":{"`)));
  });

  it('shows what several writers of a run append in turns', async () => {
    await showing('turns', 1, 2);
    await appendFile(at('turns', FILE), events(3));
    await appendFile(at('turns', SECOND), events(4));
    await showing('turns', 1, 2, 3, 4);
    await appendFile(at('turns', FILE), events(5));
    await showing('turns', 1, 2, 3, 4, 5);
  });

  it('shows the new steps of a longer copy that is renamed over a file, and none twice', async () => {
    await showing('copied', 1, 2);
    const before = queriesOf(await get(listAddress('copied', 'a')));
    await writeFile(at('copied', COPY), events(1, 2, 3));
    await rename(at('copied', COPY), at('copied', FILE));
    await showing('copied', 1, 2, 3);
    expect(queriesOf(await get(listAddress('copied', 'a'))).slice(0, 2)).toEqual(before);
  });

  it('shows the present state of a run that is made again, and of a file that is written anew', async () => {
    await rm(at('again'), { recursive: true });
    await writeFile(at('rewritten', FILE), events(7));
    await served('/data/runs', ({ bytes }) => !bytes.includes('"again"'));
    await mkdir(at('again'));
    await writeFile(at('again', FILE), events(8));
    await showing('again', 8);
    await showing('rewritten', 7);
  });

  it('shows everything beside and before metadata without images and records that are damaged, no events or of 1 TiB', async () => {
    expect(await stepsOf('damaged')).toEqual([1, 4]);
    expect(await stepsOf('foreign')).toEqual([1]);
    expect(await stepsOf('huge')).toEqual([1]);
    const tags = JSON.parse((await get(`${IMAGES}/tags`)).bytes.toString()) as Record<string, object>;
    expect(Object.keys(tags['damaged'] ?? {})).toEqual(['a']);
    const { problems } = JSON.parse((await get('/tensorboard/problems')).bytes.toString()) as {
      problems: { run: string; file: string }[];
    };
    expect(problems.map(({ run, file }) => `${run}/${file}`).sort()).toEqual([`damaged/${FILE}`, `foreign/${FILE}`]);
  });

  it('shows the new picture of a step from which a second writer went on', async () => {
    await showing('purged', 1, 2, 3);
    const [, , third] = queriesOf(await get(listAddress('purged', 'a')));
    expect((await imageOf(third?.query ?? '')).bytes).toEqual(pictureOf(3, ' again'));
  });

  it('answers a query from before 30 more steps with its own picture or with 404', async () => {
    const before = queriesOf(await get(listAddress('sampled', 'a')));
    expect(before).toHaveLength(10);
    const check = async () => {
      for (const { step, query } of before) {
        const { status, bytes } = await imageOf(query);
        if (status !== 404) expect([step, status, bytes]).toEqual([step, 200, pictureOf(Number(step))]);
      }
    };
    for (const step of from(11, 40)) {
      await appendFile(at('sampled', FILE), event(step));
      if (step % 10 === 0) await check();
    }
    const list = await served(listAddress('sampled', 'a'), ({ bytes }) => bytes.includes('"step":40,'));
    expect(queriesOf(list).map(({ step }) => step)).toEqual(KEPT_OF_40);
    await check();
    for (const { step, query } of queriesOf(list))
      expect((await imageOf(query)).bytes).toEqual(pictureOf(Number(step)));
  });

  it('serves tags as they were written, whatever their names', async () => {
    const { odd } = JSON.parse((await get(`${IMAGES}/tags`)).bytes.toString()) as Record<string, object>;
    expect(Object.keys(odd ?? {}).sort()).toEqual([...ODD_TAGS].sort());
    for (const tag of ODD_TAGS) {
      const [{ query } = { query: '' }] = queriesOf(await get(listAddress('odd', tag)));
      expect((await imageOf(query)).bytes).toEqual(Buffer.from(tag));
    }
  });
});
