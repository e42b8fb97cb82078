import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventFile } from '@pentaprism/testing';
import { CONTROL_CHARACTERS, ODD_NAMES } from './support/hostile.js';
import { send, type Answer, type SendOptions } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';

const system = sharedSystem();
const IMAGES = '/data/plugin/images';
const PUSHED = '/tensorboard/runs';
const FILE = 'events.out.tfevents.1.host';
const NAMES: Readonly<Record<string, string>> = {
  ...ODD_NAMES,
  'control characters': CONTROL_CHARACTERS,
  NUL: 'a\u0000b',
  '255 bytes': 'x'.repeat(255),
  '1,000 characters of three bytes': '标'.repeat(1000),
  'the directory itself': '.',
  'an encoded path': '%2e%2e%2f',
  blanks: '  ',
  'a list': '["a","b"]',
  'several parameters': 'a&run=b&tag=c#d',
};

let key: ApiKey;
let reader: ApiKey;
let other: ApiKey;

const ask = (method: string, path: string, { id, secret }: ApiKey, { headers = {}, ...options }: SendOptions = {}) =>
  send(method, `${system.url}${path}`, {
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, ...headers },
    ...options,
  });
const search = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
const pictureOf = (name: string) => Buffer.from(`\x89PNG\r\n\x1a\n${name}`, 'latin1');
const fileOf = (tag: string, picture = pictureOf(tag)) =>
  eventFile({ fileVersion: 'brain.Event:2' }, { step: 1, values: [{ tag, plugin: 'images', images: [picture] }] });

function push(run: string, bytes: Buffer, by = key, offset = 0, file = FILE): Promise<Answer> {
  const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
  return ask('PATCH', `${PUSHED}/file?${search({ run, file })}`, by, { headers, body: bytes });
}

/** Returns the query of the only picture of a tag. */
async function queryOf(run: string, tag: string): Promise<string> {
  const { status, bytes } = await ask('GET', `${IMAGES}/images?${search({ run, tag })}`, key);
  expect(status).toBe(200);
  const [{ query }, ...more] = JSON.parse(bytes.toString()) as [{ query: string }];
  expect(more).toEqual([]);
  return query;
}

/** Everything of an answer that a client could compare with another one. */
const comparable = ({ status, headers, bytes }: Answer, names: readonly string[]) => {
  const { date: _, 'x-request-id': __, 'content-length': ___, ...others } = headers;
  return [status, others, names.reduce((text, name) => text.replaceAll(name, '<name>'), bytes.toString())];
};

beforeAll(async () => {
  key = await createKey(system, {});
  reader = await createKey(system, { workspace: key.workspace, role: 'reader' });
  other = await createKey(system, {});
});

describe('names of runs, tags and files', () => {
  it.each(Object.entries(NAMES))('that are %s are served as they were written', async (_, name) => {
    const bytes = fileOf(name);
    const [file] = [name.slice(0, 255)];
    const pushed = await push(name, bytes, key, 0, file);
    expect([pushed.status, pushed.headers['upload-offset']]).toEqual([204, String(bytes.length)]);
    const asked = await ask('HEAD', `${PUSHED}/file?${search({ run: name, file })}`, reader);
    expect([asked.status, asked.headers['upload-offset']]).toEqual([200, String(bytes.length)]);
    const query = await queryOf(name, name);
    expect(query).toMatch(/^blob_key=[\w-]+(&\w+=[\w-]+)?$/);
    const picture = await ask('GET', `${IMAGES}/individualImage?${query}&ts=1`, reader);
    expect([picture.status, picture.bytes]).toEqual([200, pictureOf(name)]);
    expect(JSON.parse((await ask('GET', '/data/runs', reader)).bytes.toString())).toContain(name);
    const tags = JSON.parse((await ask('GET', `${IMAGES}/tags`, reader)).bytes.toString()) as object;
    const { value: run } = Object.getOwnPropertyDescriptor(tags, name) ?? {};
    const shown = { displayName: '', description: '', samples: 1 };
    expect(Object.getOwnPropertyDescriptor(run, name)?.value).toEqual(shown);
  });

  it('do not become parts of others', async () => {
    for (const run of ['a&run=b', 'toString', 'hasOwnProperty', '["a"', 'A.B.$C'])
      expect((await ask('GET', `${IMAGES}/images?${search({ run, tag: run })}`, reader)).status).toBe(404);
  });

  it.each([
    ['a run of no name', search({ run: '', file: FILE })],
    ['a run of 4,097 characters', search({ run: 'x'.repeat(4097), file: FILE })],
    ['a file of 256 characters', search({ run: 'a', file: 'x'.repeat(256) })],
    ['no file', 'run=a'],
    ['two runs', `run=a&run=b&file=${FILE}`],
    ['an object', `run[$ne]=a&file=${FILE}`],
  ])('%s cannot be pushed', async (_, query) => {
    const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    const answer = await ask('PATCH', `${PUSHED}/file?${query}`, key, { headers, body: fileOf('a') });
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
  });
});

describe('another workspace', () => {
  const [RUN, TAG, UNKNOWN] = ['secret run', 'secret tag', 'another run'];

  it('gets the same for pushed runs as for names that were never used', async () => {
    const bytes = fileOf(TAG);
    expect((await push(RUN, bytes)).status).toBe(204);
    const [query, own] = [await queryOf(RUN, TAG), other.workspace];
    const pairs = [
      [`GET ${IMAGES}/images?${search({ run: RUN, tag: TAG })}`, `GET ${IMAGES}/images?${search({ run: UNKNOWN, tag: TAG })}`], // prettier-ignore
      [`HEAD ${IMAGES}/individualImage?${query}`, `HEAD ${IMAGES}/individualImage?blob_key=AAAAAAAAAAAAAAAHAAA`],
      [`GET ${IMAGES}/individualImage?${query}`, `GET ${IMAGES}/individualImage?blob_key=AAAAAAAAAAAAAAAHAAA`],
      [`HEAD ${PUSHED}/file?${search({ run: RUN, file: FILE })}`, `HEAD ${PUSHED}/file?${search({ run: UNKNOWN, file: FILE })}`], // prettier-ignore
      [`DELETE ${PUSHED}?${search({ run: RUN })}`, `DELETE ${PUSHED}?${search({ run: UNKNOWN })}`],
      ...[
        'data/runs',
        `data/plugin/images/tags`,
        'data/environment',
        'data/plugins_listing',
        `${IMAGES.slice(1)}/individualImage?${query}`,
      ].map((path) => [`GET /experiment/${key.workspace}/${path}`, `GET /experiment/${own}/${path}`]),
    ] as [string, string][];
    for (const pair of pairs) {
      const answers = [];
      for (const line of pair) {
        const [, method = '', path = ''] = /^(\w+) (.*)$/s.exec(line) ?? [];
        answers.push(comparable(await ask(method, path, other), [RUN, UNKNOWN, TAG]));
      }
      expect({ pair, answer: answers[0] }).toEqual({ pair, answer: answers[1] });
      expect(JSON.stringify(answers[0])).not.toContain('secret');
    }
    expect((await ask('GET', `${IMAGES}/individualImage?${query}`, other)).status).toBe(404);
    expect((await ask('GET', `${IMAGES}/individualImage?${query}`, reader)).bytes).toEqual(pictureOf(TAG));
  });

  it('has runs of its own under the same names', async () => {
    const [theirs, ours] = [fileOf(TAG, pictureOf('theirs')), fileOf(TAG, pictureOf('ours'))];
    const run = 'shared name';
    expect((await push(run, ours)).status).toBe(204);
    // An offset that only the other workspace has.
    expect((await push(run, theirs, other, ours.length)).status).toBe(409);
    expect((await push(run, theirs, other)).status).toBe(204);
    expect((await ask('DELETE', `${PUSHED}?${search({ run })}`, other)).status).toBe(204);
    const query = await queryOf(run, TAG);
    expect((await ask('GET', `${IMAGES}/individualImage?${query}`, key)).bytes).toEqual(pictureOf('ours'));
  });
});

describe('odd requests', () => {
  const upload = { 'content-type': 'application/offset+octet-stream' };
  const file = `${PUSHED}/file?${search({ run: 'odd', file: FILE })}`;

  it.each<[method: string, path: string, headers: Record<string, string>, status: number]>([
    ['GET', `${IMAGES}/images?run=%ED%A0%80&tag=%FF`, {}, 404],
    ['GET', `${IMAGES}/images?run=a&tag=b&sample=-1`, {}, 400],
    ['GET', `${IMAGES}/images?run=a&tag=b&sample=1e3`, {}, 400],
    ['GET', `${IMAGES}/images?run=a&tag=b&sample=${'9'.repeat(40)}`, {}, 404],
    ['GET', `${IMAGES}/images?run=%00&tag=%0d%0a`, {}, 404],
    ['GET', `${IMAGES}/images?run[$where]=1&tag=b`, {}, 400],
    ['GET', `${IMAGES}/individualImage?blob_key=${'A'.repeat(40)}`, {}, 400],
    ['GET', `${IMAGES}/individualImage?blob_key=../../originals`, {}, 400],
    ['GET', '/tensorboard/problems?after=$where', {}, 400],
    ['GET', '/tensorboard/problems?after=000000000000000000000000', {}, 200],
    ['GET', `/experiment/${'x'.repeat(40)}/data/runs`, {}, 200],
    ['GET', '/experiment/%00%0a%2f..%2f$where/data/runs', {}, 200],
    ['GET', '/data/runs', { 'x-tensorboard-feature-flags': '[' }, 400],
    ['PATCH', file, { ...upload, 'upload-offset': '-1' }, 400],
    ['PATCH', file, { ...upload, 'upload-offset': '1e3' }, 400],
    ['PATCH', file, { ...upload, 'upload-offset': '999999999999999' }, 409],
    ['PATCH', file, { 'upload-offset': '0' }, 415],
    ['PATCH', file, { ...upload, 'upload-offset': '0', 'tus-resumable': '9' }, 412],
    ['POST', PUSHED, { 'upload-metadata': 'run $$$,file ===' }, 400],
    ['POST', PUSHED, {}, 400],
    ['DELETE', `${PUSHED}?run=__proto__%00`, {}, 404],
    ['PUT', file, {}, 405],
  ])('%s %s with %j is answered with %i', async (method, path, headers, status) => {
    const { status: answered, bytes } = await ask(method, path, key, { headers });
    expect({ answered, text: bytes.toString() }).toEqual({ answered: status, text: expect.any(String) });
  });

  it('that change something are refused to readers', async () => {
    expect((await push('by a reader', fileOf('a'), reader)).status).toBe(403);
    expect((await ask('DELETE', `${PUSHED}?run=a`, reader)).status).toBe(403);
    expect((await ask('HEAD', file, reader)).status).toBe(200);
  });
});
