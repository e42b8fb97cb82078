import { beforeEach, describe, expect, it } from '@jest/globals';
import { contentContracts, projectContracts, trainingIngestContracts } from '@pentaprism/contracts';
import { DomainError, toUuid } from '@pentaprism/domain';
import {
  apiOfSuite,
  FOREIGN,
  form,
  guids,
  I,
  PREDICTION,
  T,
  TAG,
  trainingImage,
  V1,
  V3,
} from './custom-vision.fixture.js';

const api = apiOfSuite();

interface Summary {
  isBatchSuccessful: boolean;
  images: { sourceUrl: string | null; status: string; image: { id: string } | null }[];
}
interface AddRequest {
  tagIds: string[];
  images: {
    fileName: string;
    source: { kind: string; status?: string; content?: { size: number } };
    tagIds: string[];
  }[];
}

/** Adds whatever comes; what was refused before keeps its status. */
function takeImages(): void {
  api.answer(trainingIngestContracts.addImages, ({ images }: AddRequest) => ({
    results: images.map(({ source }) =>
      source.kind === 'refused' ? { status: source.status, image: null } : { status: 'added', image: trainingImage() },
    ),
  }));
}
const added = () => api.requestsTo(trainingIngestContracts.addImages) as AddRequest[];

describe('uploads', () => {
  beforeEach(takeImages);

  it('takes a part with neither a file name nor a type as bytes', async () => {
    const bytes = Buffer.from([0x89, 0x50, 0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x2d, 0x2d]);
    const answer = await api.send('POST', `${V3}/images?tagIds=${T}`, form([{ body: bytes }]));
    expect(answer.status).toBe(200);
    expect(api.stored[0]?.size).toBe(bytes.length);
    const body = JSON.parse(answer.text) as Summary;
    expect(body.isBatchSuccessful).toBe(true);
    expect(body.images[0]).toMatchObject({ sourceUrl: null, status: 'OK', image: { id: I } });
    expect(added()[0]?.tagIds).toEqual([TAG]);
  });

  it('names files as they were sent, and keeps them by their names without directories', async () => {
    const headers =
      'Content-Disposition: form-data; name="imageData"; filename="dir/é.png"\r\nContent-Type: application/octet-stream';
    const answer = await api.send('POST', `${V1}/images`, form([{ headers, body: 'x' }, { body: 'y' }]));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({
      IsBatchSuccessful: true,
      Images: [{ SourceUrl: 'dir/é.png', Status: 'OK', Image: { Id: I } }, { SourceUrl: null }],
    });
    expect(added()[0]?.images.map(({ fileName }) => fileName)).toEqual(['é.png', '']);
  });

  it('keeps the names of .NET, whose backslashes stand for themselves', async () => {
    const name = 'C:\\Users\\someone\\leaf.png';
    const headers = `Content-Disposition: form-data; name=imageData; filename="${name}"`;
    const answer = await api.send('POST', `${V3}/images`, form([{ headers, body: 'x' }]));
    expect((JSON.parse(answer.text) as Summary).images.map(({ sourceUrl }) => sourceUrl)).toEqual([name]);
    expect(added()[0]?.images.map(({ fileName }) => fileName)).toEqual(['leaf.png']);
  });

  const PNG = Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1');
  const field = (name: string, more = '') => `Content-Disposition: form-data; name="${name}"${more}`;

  it.each([
    ['a field', field('application'), 'camera 7'],
    ['an empty field', field('key'), ''],
    ['ids of tags', field('tagIds'), T],
    ['declared text', field('note', '\r\nContent-Type: text/plain; charset=utf-8'), 'a'],
    ['declared JSON', field('info', '\r\nContent-Type: application/json'), '{}'],
    ['a long field', field('log'), 'x'.repeat(300_000)],
  ])('passes over %s beside the picture, before it or behind it', async (_what, headers, body) => {
    const picture = { body: PNG };
    for (const parts of [
      [{ headers, body }, picture],
      [picture, { headers, body }],
    ]) {
      const answer = await api.send('POST', `${V3}/images`, form(parts));
      expect([answer.status, (JSON.parse(answer.text) as Summary).images.length]).toEqual([200, 1]);
    }
    const alone = await api.send('POST', `${V3}/images`, form([{ headers, body }]));
    expect([alone.status, JSON.parse(alone.text)]).toMatchObject([400, { code: 'BadRequestImageBatch' }]);
  });

  it.each([
    ['a file of any name', field('x', '; filename="a.txt"'), 'text'],
    ['a part called imageData', field('imageData'), 'text'],
    ['a part called images[0]', field('image[0]'), 'text'],
    ['a part without a name', 'Content-Type: text/plain', 'text'],
    ['a declared picture', field('x', '\r\nContent-Type: image/png'), 'text'],
    ['declared bytes', field('x', '\r\nContent-Type: application/octet-stream'), 'text'],
    ['what begins as a picture', field('x'), PNG],
  ])('takes %s for a picture', async (_what, headers, body) => {
    const answer = await api.send('POST', `${V3}/images`, form([{ headers, body }]));
    expect([answer.status, (JSON.parse(answer.text) as Summary).images.length]).toEqual([200, 1]);
    expect(api.stored[0]?.size).toBe(Buffer.from(body).length);
  });

  it('names the two types of bodies where a form is called a file', async () => {
    const { body } = form([{ body: PNG }]);
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await api.send('POST', `${V3}/images`, { headers, body });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([415, { code: 'UnsupportedMediaType' }]);
    for (const type of ['multipart/form-data', 'application/octet-stream']) expect(answer.text).toContain(type);
    expect(api.stored).toEqual([]);
  });

  it('takes the body itself', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await api.send('POST', `${V1}/images`, { headers, body: 'abc' })).status).toBe(200);
    expect(api.stored).toHaveLength(1);
  });

  it('lets a picture that is too large or empty spoil only itself', async () => {
    const large = Buffer.alloc(6 * 1024 ** 2 + 1);
    const v3 = await api.send('POST', `${V3}/images`, form([{ body: large }, { body: '' }, { body: 'x' }]));
    expect(v3.status).toBe(207);
    expect((JSON.parse(v3.text) as Summary).images.map(({ status }) => status)).toEqual([
      'ErrorImageSize',
      'ErrorImageFormat',
      'OK',
    ]);
    const v1 = await api.send('POST', `${V1}/images`, form([{ body: large }]));
    expect([v1.status, JSON.parse(v1.text)]).toMatchObject([
      200,
      { Images: [{ Status: 'ErrorImageSize', Image: null }] },
    ]);
  });

  it('takes 64 files and refuses 65, of which it keeps none', async () => {
    const parts = Array.from({ length: 65 }, (_, i) => ({ body: `file ${i}` }));
    expect((await api.send('POST', `${V3}/images`, form(parts.slice(1)))).status).toBe(200);
    const answer = await api.send('POST', `${V3}/images`, form(parts));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code: 'BadRequestExceededBatchSize' }]);
    expect(added()).toHaveLength(1);
    const [{ contents }] = api.requestsTo(contentContracts.discard) as [{ contents: unknown[] }];
    expect(contents).toHaveLength(64);
  });

  it.each([
    ['a form without parts', form([]), 400, 'BadRequestImageBatch'],
    ['no bytes', { headers: { 'content-type': 'application/octet-stream' }, body: '' }, 400, 'BadRequestImageBatch'],
    ['JSON', { headers: { 'content-type': 'application/json' }, body: '{}' }, 415, 'UnsupportedMediaType'],
    ['a picture by its type', { headers: { 'content-type': 'image/png' }, body: 'x' }, 415, 'UnsupportedMediaType'],
    [
      'a form without a boundary',
      { ...form([{ body: 'x' }]), headers: { 'content-type': 'multipart/form-data' } },
      400,
      'BadRequest',
    ],
  ])('refuses %s', async (_what, request, status, code) => {
    const answer = await api.send('POST', `${V1}/images`, request);
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { Code: code }]);
    expect(added()).toEqual([]);
  });

  it('looks at the query before a byte of the body', async () => {
    for (const [query, code] of [
      [`tagIds=${guids(21).join(',')}`, 'BadRequestExceededBatchSize'],
      ['tagIds=x', 'BadRequestInvalidIds'],
    ]) {
      const answer = await api.send('POST', `${V3}/images?${query}`, form([{ body: 'x' }]));
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code }]);
    }
    expect(api.stored).toEqual([]);
  });

  it('keeps nothing of a project that does not exist', async () => {
    api.fail(projectContracts.resolve, new DomainError('NOT_FOUND', 'no'));
    const answer = await api.send('POST', `${V3}/images`, form([{ body: 'x' }]));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([404, { code: 'NotFoundProject' }]);
    expect(api.stored).toEqual([]);
  });

  it('says that it is busy rather than that it failed', async () => {
    api.fail(trainingIngestContracts.addImages, new DomainError('DEADLINE_EXCEEDED', 'busy'));
    const answer = await api.send('POST', `${V3}/images`, form([{ body: 'x' }]));
    expect(answer.status).toBe(429);
    expect(api.requestsTo(contentContracts.discard)).toHaveLength(1);
  });
});

const batchOf = (headers: Record<string, string>) => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ images: [{ url: 'x' }] }),
});

describe('batches', () => {
  beforeEach(takeImages);
  const picture = Buffer.alloc(20_000, 7);

  it.each([
    [
      'JSON',
      'application/json',
      JSON.stringify({ images: [{ name: 'a', contents: picture.toString('base64'), tagIds: [T] }] }),
    ],
    [
      'JSON with escaped slashes',
      'text/json',
      `{"Images":[{"NAME":"a","Contents":"${Buffer.alloc(9000, 255).toString('base64').replaceAll('/', '\\/')}","TagIds":["${T}"]}],"TagIds":null}`,
    ],
    [
      'XML',
      'application/xml',
      `<ImageFileCreateBatch><Images><ImageFileCreateEntry><Name>a</Name><Contents>${picture.toString('base64')}</Contents><TagIds><guid>${T}</guid></TagIds></ImageFileCreateEntry></Images></ImageFileCreateBatch>`,
    ],
    [
      'a form',
      'application/x-www-form-urlencoded',
      `Images[0].Name=a&Images[0].Contents=${encodeURIComponent(picture.toString('base64'))}&Images[0][TagIds][]=${T}`,
    ],
  ])('of files in %s', async (_what, type, body) => {
    const answer = await api.send('POST', `${V1}/images/files`, { headers: { 'content-type': type }, body });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      200,
      { Images: [{ SourceUrl: 'a', Status: 'OK' }] },
    ]);
    expect(added()).toMatchObject([
      { tagIds: [], images: [{ fileName: 'a', tagIds: [TAG], source: { kind: 'content' } }] },
    ]);
  });

  it('judges each file by itself', async () => {
    const batch = { images: [{ name: 'a', contents: '!' }, { contents: '' }, { name: 'c' }, { contents: 'AAAA' }] };
    const answer = await api.json('POST', `${V3}/images/files`, batch);
    expect(answer.status).toBe(207);
    expect((answer.body as unknown as Summary).images.map(({ status }) => status)).toEqual([
      'ErrorImageFormat',
      'ErrorImageFormat',
      'ErrorImageFormat',
      'OK',
    ]);
  });

  it.each([
    [V3, {}, '"status":"ErrorImageFormat","image":null,"message":"It is a HEIC file."'],
    [V1, {}, '"Status":"ErrorImageFormat","Image":null,"Message":"It is a HEIC file."'],
    [V1, { accept: 'application/xml' }, '<Status>ErrorImageFormat</Status><Message>It is a HEIC file.</Message>'],
  ])('says why a file is no picture beside its status, in %s with %j', async (url, headers, text) => {
    const reason = 'It is a HEIC file.';
    api.answer(trainingIngestContracts.addImages, () => ({
      results: [{ status: 'undecodable', image: null, reason }],
    }));
    expect((await api.send('POST', `${url}/images/urls`, batchOf(headers))).text).toContain(text);
  });

  it('says which of its files are no base64, or empty', async () => {
    await api.json('POST', `${V3}/images/files`, { images: [{ contents: '!' }, { contents: '' }] });
    expect(added().flatMap(({ images }) => images.map(({ source }) => source))).toMatchObject([
      { kind: 'refused', reason: 'Its contents are not base64.' },
      { kind: 'refused', reason: 'The file is empty.' },
    ]);
  });

  it('of URLs and predictions, with ids that are none of ours', async () => {
    await api.json('POST', `${V3}/images/urls`, { images: [{ url: 'http://a/b.png' }, {}], tagIds: [FOREIGN] });
    await api.json('POST', `${V3}/images/predictions`, { images: [{ id: toUuid(PREDICTION) }, { id: FOREIGN }] });
    expect(added().map(({ images, tagIds }) => [tagIds, images.map(({ source }) => source)])).toEqual([
      [
        ['0'.repeat(24)],
        [
          { kind: 'url', url: 'http://a/b.png' },
          { kind: 'refused', status: 'source-error', reason: 'A URL has 1 to 4096 characters.' },
        ],
      ],
      [
        [],
        [
          { kind: 'prediction', id: PREDICTION },
          { kind: 'refused', status: 'source-error', reason: 'There is no such prediction with a picture.' },
        ],
      ],
    ]);
  });

  it.each([
    ['nothing', {}, 'BadRequestImageBatch'],
    ['65 images', { images: Array.from({ length: 65 }, () => ({ url: 'http://a' })) }, 'BadRequestExceededBatchSize'],
    ['21 tags', { images: [{ url: 'x' }], tagIds: guids(21) }, 'BadRequestExceededBatchSize'],
    [
      '21 tags over entries',
      { images: guids(21).map((id) => ({ url: 'x', tagIds: [id] })) },
      'BadRequestExceededBatchSize',
    ],
    ['text for an id', { images: [{ url: 'x', tagIds: ['x'] }] }, 'BadRequestInvalidIds'],
    ['a number for a list', { images: 5 }, 'BadRequest'],
  ])('refuses %s', async (_what, batch, code) => {
    const answer = await api.json('POST', `${V3}/images/urls`, batch);
    expect([answer.status, answer.body]).toMatchObject([400, { code }]);
    expect(added()).toEqual([]);
  });

  it.each([['regions of an image', { images: [{ url: 'x', regions: [{ left: 0 }] }] }]])(
    'refuses %s, which would be lost',
    async (_what, batch) => {
      for (const path of ['urls', 'files', 'predictions']) {
        const images = batch.images.map((image) => ({ ...image, id: I }));
        const answer = await api.json('POST', `${V3}/images/${path}`, { ...batch, images });
        expect([answer.status, answer.body]).toMatchObject([400, { code: 'BadRequestOperationNotSupported' }]);
      }
      expect(added()).toEqual([]);
    },
  );

  it.each([
    ['application/xml', '<a><images><e><url>x</url></e></images><metadata><camera>7</camera></metadata></a>'],
    ['application/x-www-form-urlencoded', 'images[0].url=x&metadata[camera]=7'],
  ])('refuses metadata in %s', async (type, body) => {
    const answer = await api.send('POST', `${V3}/images/urls`, { headers: { 'content-type': type }, body });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { code: 'BadRequestOperationNotSupported' }]);
  });

  it('takes empty metadata and no regions', async () => {
    const images = [
      { url: 'x', regions: [] },
      { url: 'y', regions: null },
    ];
    for (const metadata of [{}, null])
      expect((await api.json('POST', `${V3}/images/urls`, { images, metadata })).status).toBe(200);
  });

  it('says that its answer to a duplicate is no success', async () => {
    api.answer(trainingIngestContracts.addImages, () => ({
      results: [{ status: 'duplicate', image: trainingImage() }],
    }));
    const answer = await api.json('POST', `${V3}/images/urls`, { images: [{ url: 'x' }] });
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { isBatchSuccessful: false, images: [{ status: 'OKDuplicate' }] },
    ]);
  });
});
