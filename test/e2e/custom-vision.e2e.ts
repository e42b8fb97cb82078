import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { form, type Part } from './support/filters.js';
import { exchange, json, send, type Answer, type SendOptions } from './support/http.js';
import { tinyPng, unknownBytes } from './support/samples.js';
import { createKey, freshWorkspace, sharedSystem, storedBlobs, leftFiles, type ApiKey } from './support/stack.js';

/** The Custom Vision dialect against the started stack, with the bytes that its clients really send. */
const V1 = '/customvision/v1.2/Training';
const V3 = '/customvision/v3.4-preview/training';
const DOMAIN = 'ee85a74c-405e-4adc-bb47-ffa8ca0c9f31';
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Image {
  id: string;
  width: number;
  height: number;
  originalImageUri: string;
  resizedImageUri: string;
  thumbnailUri: string;
  tags: { tagId: string; tagName: string }[];
}
interface Summary {
  isBatchSuccessful: boolean;
  images: { sourceUrl: string | null; status: string; image: Image | null }[];
}

const system = sharedSystem();
const workspace = freshWorkspace();
let key: ApiKey;
let project: string;
let tag: string;
beforeAll(async () => {
  key = await createKey(system, { workspace });
  // npm's client says that every body is JSON, and where there is none, it is an empty one.
  const created = await call('POST', `${V3}/projects?name=${randomUUID()}&domainId=${DOMAIN}`, { headers: JSON_TYPE });
  project = json<{ id: string }>(created).id;
  tag = json<{ id: string }>(
    await call('POST', `${V3}/projects/${project}/tags?name=hemlock`, { headers: JSON_TYPE }),
  ).id;
});

const JSON_TYPE = { 'content-type': 'application/json' };

function call(method: string, url: string, { headers = {}, ...options }: SendOptions = {}): Promise<Answer> {
  return send(method, `${system.url}${url}`, { headers: { 'training-key': key.key, ...headers }, ...options });
}
const callJson = (method: string, url: string, body: unknown) =>
  call(method, url, { headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) });

const images = (rest = '') => `${V3}/projects/${project}/images${rest}`;
const imagesV1 = (rest = '') => `${V1}/projects/${project}/images${rest}`;
const upload = (parts: readonly Part[], url = images(`?tagIds=${tag}`)) => call('POST', url, form(parts));
const statuses = (answer: Answer) => json<Summary>(answer).images.map(({ status }) => status);

const picture = tinyPng;
/** As python writes bytes: neither a file name nor a type. */
const plain = (body: Buffer): Part => ({ headers: ['Content-Disposition: form-data; name="imageData"'], body });

describe('keys', () => {
  it.each(['training-key', 'Training-Key', 'Prediction-Key', 'Ocp-Apim-Subscription-Key'])('in %s', async (name) => {
    expect((await send('GET', `${system.url}${V3}/projects`, { headers: { [name]: key.key } })).status).toBe(200);
  });

  it('beside an Authorization that is meant for a proxy', async () => {
    for (const authorization of ['Bearer eyJ0eXAi.something.else', 'Basic dXNlcjpwYXNz', 'Negotiate x']) {
      const headers = { 'training-key': key.key, authorization };
      expect((await send('GET', `${system.url}${V3}/projects`, { headers })).status).toBe(200);
    }
  });

  it('that are wrong or missing', async () => {
    const [wrong, none] = [
      await send('GET', `${system.url}${V1}/projects`, { headers: { 'training-key': 'x' } }),
      await send('GET', `${system.url}${V3}/projects`),
    ];
    expect([wrong.status, json(wrong)]).toEqual([401, { Code: 'Unauthorized', Message: expect.any(String) }]);
    expect([none.status, json(none)]).toEqual([401, { code: 'Unauthorized', message: expect.any(String) }]);
  });
});

describe('addresses', () => {
  it.each(['v1.0', 'v2.0', 'v2.1', 'v2.2', 'v3.0', 'v3.4-preview'])('of %s are served', async (version) => {
    expect((await call('GET', `/customvision/${version}/Training/projects`)).status).toBe(200);
  });

  it('of other versions are told what is served', async () => {
    const answer = await call('GET', '/customvision/v4.0/training/projects');
    expect([answer.status, json(answer)]).toMatchObject([
      404,
      { code: 'NotFound', message: expect.stringContaining('v3.0 to v3.4-preview') },
    ]);
  });
});

describe('an upload, as clients send it', () => {
  it.each(['image/png', 'text/plain', 'application/json', undefined])(
    'is told the right types instead of %s',
    async (type) => {
      const headers = type === undefined ? {} : { 'content-type': type };
      const answer = await call('POST', images(), { headers, body: picture() });
      expect([answer.status, json(answer)]).toMatchObject([415, { code: 'UnsupportedMediaType' }]);
      for (const named of ['multipart/form-data', 'application/octet-stream'])
        expect(answer.bytes.toString()).toContain(named);
    },
  );

  it('has fields beside the picture', async () => {
    const fieldOf = (name: string, text: string): Part => ({
      headers: [`Content-Disposition: form-data; name="${name}"`],
      body: Buffer.from(text),
    });
    const answer = await upload([fieldOf('key', ''), plain(picture()), fieldOf('application', 'camera 7')]);
    expect([answer.status, statuses(answer)]).toEqual([200, ['OK']]);
  });

  it('of the Python SDK: a part without a file name and without a type', async () => {
    const bytes = picture();
    const answer = await upload([plain(bytes)]);
    expect([answer.status, statuses(answer)]).toEqual([200, ['OK']]);
    const [result] = json<Summary>(answer).images;
    expect(result?.image).toMatchObject({ width: 1, height: 1, tags: [{ tagId: tag, tagName: 'hemlock' }] });
    expect(result?.image?.id).toMatch(GUID);
    const original = await send('GET', result?.image?.originalImageUri ?? '');
    expect(original.bytes.equals(bytes)).toBe(true);
  });

  it('of the npm SDK: no file name, application/octet-stream, in chunks', async () => {
    const headers = ['Content-Disposition: form-data; name="imageData"', 'Content-Type: application/octet-stream'];
    const { headers: type, body } = form([{ headers, body: picture() }]);
    const pieces = [body.subarray(0, 50), body.subarray(50)];
    const answer = await call('POST', images(), { headers: { ...type, 'transfer-encoding': 'chunked' }, body: pieces });
    expect([answer.status, statuses(answer)]).toEqual([200, ['OK']]);
  });

  it('of an open file: its name is the source', async () => {
    const headers = ['Content-Disposition: form-data; name="imageData"; filename="a b.png"', 'Content-Type: image/png'];
    expect(json<Summary>(await upload([{ headers, body: picture() }])).images[0]?.sourceUrl).toBe('a b.png');
  });

  it('as bytes', async () => {
    const answer = await call('POST', images(), {
      headers: { 'content-type': 'application/octet-stream' },
      body: picture(),
    });
    expect(statuses(answer)).toEqual(['OK']);
  });

  it('again is a duplicate', async () => {
    const bytes = picture();
    const answer = await upload([plain(bytes), plain(bytes)], images());
    expect([answer.status, statuses(answer)]).toEqual([200, ['OK', 'OKDuplicate']]);
    const again = json<Summary>(await upload([plain(bytes)]));
    expect(again).toMatchObject({ isBatchSuccessful: false, images: [{ image: { tags: [{ tagId: tag }] } }] });
  });

  it('with files that are none among others', async () => {
    const large = Buffer.alloc(6 * 1024 ** 2 + 1);
    const answer = await upload([
      plain(picture()),
      plain(unknownBytes()),
      plain(large),
      plain(Buffer.alloc(0)),
      plain(picture()),
    ]);
    expect([answer.status, statuses(answer)]).toEqual([
      207,
      ['OK', 'ErrorImageFormat', 'ErrorImageSize', 'ErrorImageFormat', 'OK'],
    ]);
  });

  it('of 65 files is refused', async () => {
    const answer = await upload(Array.from({ length: 65 }, () => plain(picture())));
    expect([answer.status, json(answer)]).toMatchObject([400, { code: 'BadRequestExceededBatchSize' }]);
    expect(await leftFiles(system)).toEqual([]);
  });

  it('to a project that nobody has keeps nothing', async () => {
    const before = await storedBlobs(system, 'originals', workspace);
    const answer = await upload([plain(picture())], `${V3}/projects/${randomUUID()}/images`);
    expect([answer.status, json(answer)]).toMatchObject([404, { code: 'NotFoundProject' }]);
    expect(await storedBlobs(system, 'originals', workspace)).toEqual(before);
  });
});

describe('bodies without a body', () => {
  it.each(['GET', 'DELETE'])('of %s, called JSON', async (method) => {
    const url = method === 'GET' ? images('/tagged') : images(`?imageIds=${randomUUID()}`);
    expect((await call(method, url, { headers: JSON_TYPE })).status).toBe(method === 'GET' ? 200 : 204);
  });

  it('of a GET that has one', async () => {
    const request = [
      `GET ${images('/untagged')} HTTP/1.1`,
      'Host: x',
      `Training-Key: ${key.key}`,
      'Content-Type: application/json',
      'Content-Length: 5',
      'Connection: close',
    ];
    const { status, body } = await exchange(system.url, `${request.join('\r\n')}\r\n\r\n{"a":`);
    expect([status, Array.isArray(JSON.parse(body))]).toEqual([200, true]);
  });

  it('of a training', async () => {
    const empty = await call('POST', `${V3}/projects?name=${randomUUID()}`, { headers: { 'content-length': '0' } });
    const { id } = json<{ id: string }>(empty);
    const answer = await call('POST', `${V3}/projects/${id}/train?forceTrain=false`, { headers: JSON_TYPE });
    expect([answer.status, json(answer)]).toEqual([
      400,
      { code: 'BadRequestTrainingValidationFailed', message: 'Not enough images for training' },
    ]);
    expect((await call('DELETE', `${V3}/projects/${id}`, { headers: JSON_TYPE })).status).toBe(204);
  });
});

describe('v1.2', () => {
  it.each([
    [
      'XML',
      'application/xml',
      (contents: string) =>
        `<ImageFileCreateBatch xmlns="u"><Images><ImageFileCreateEntry><Name>a</Name><Contents>${contents}</Contents><TagIds><guid>${tag}</guid></TagIds></ImageFileCreateEntry></Images></ImageFileCreateBatch>`,
    ],
    [
      'a form',
      'application/x-www-form-urlencoded',
      (contents: string) => `Images[0].Name=a&Images[0].Contents=${encodeURIComponent(contents)}&TagIds[]=${tag}`,
    ],
    [
      'JSON',
      'text/json',
      (contents: string) =>
        JSON.stringify({ Images: [{ Name: 'a', Contents: contents, TagIds: [tag] }], TagIds: null }),
    ],
  ])('a batch in %s', async (_what, type, write) => {
    const body = write(picture().toString('base64'));
    const answer = await call('POST', imagesV1('/files'), { headers: { 'content-type': type }, body });
    expect([answer.status, json(answer)]).toMatchObject([
      200,
      { IsBatchSuccessful: true, Images: [{ SourceUrl: 'a', Status: 'OK', Image: { Tags: [{ TagId: tag }] } }] },
    ]);
  });
});

describe('limits', () => {
  it('a query of 256 ids', async () => {
    const ids = Array.from({ length: 256 }, () => randomUUID()).join(',');
    expect((await call('DELETE', imagesV1(`?imageIds=${ids}`))).status).toBe(204);
    expect((await call('DELETE', imagesV1(`?imageIds=${ids},${randomUUID()}`))).status).toBe(400);
  });

  it('129 pairs', async () => {
    const tags = Array.from({ length: 129 }, () => ({ imageId: randomUUID(), tagId: tag }));
    expect(json(await callJson('POST', images('/tags'), { tags }))).toMatchObject({
      code: 'BadRequestExceededBatchSize',
    });
  });

  it('a body of 128 MiB and more', async () => {
    const body = Buffer.concat([Buffer.from('{"images":[{"contents":"'), Buffer.alloc(129 * 1024 ** 2, 'A')]);
    const answer = await call('POST', images('/files'), { headers: JSON_TYPE, body });
    expect([answer.status, json(answer)]).toMatchObject([413, { code: 'PayloadTooLarge' }]);
  });
});

describe('signed URIs', () => {
  it('open without a key, with conditions and ranges, and end with their image', async () => {
    const [result] = json<Summary>(await upload([plain(picture())])).images;
    const { id, originalImageUri, thumbnailUri, resizedImageUri } = result?.image as Image;
    for (const uri of [originalImageUri, thumbnailUri, resizedImageUri]) {
      const whole = await send('GET', uri);
      expect([whole.status, whole.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
      const headers = { 'if-none-match': whole.headers.etag ?? '' };
      expect((await send('GET', uri, { headers })).status).toBe(304);
      const part = await send('GET', uri, { headers: { range: 'bytes=0-3' } });
      expect([part.status, part.bytes]).toEqual([206, whole.bytes.subarray(0, 4)]);
    }
    await call('DELETE', images(`?imageIds=${id}`));
    expect((await send('GET', originalImageUri)).status).toBe(404);
  });
});

describe('addresses', () => {
  it.each([
    '/customvision/v3.0/training/projects',
    '/CustomVision/V3.3/Training/Projects/',
    '//customvision//v3.4-preview/training//projects',
    '/customvision/v1.2/training/projects',
  ])('%s', async (url) => {
    expect((await call('GET', url)).status).toBe(200);
  });

  it('that are none, or take other methods', async () => {
    const [unknown, method] = [await call('GET', `${V1}/nothing`), await call('PUT', `${V3}/projects`)];
    expect([unknown.status, json(unknown)]).toMatchObject([404, { Code: 'NotFound' }]);
    expect([method.status, method.headers.allow, json(method)]).toMatchObject([
      405,
      'GET, HEAD, POST',
      { code: 'MethodNotAllowed' },
    ]);
  });
});
