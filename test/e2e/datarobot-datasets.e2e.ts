import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive, DatasetsClient, fieldPart, filePart, patterned, petArchive, type Json } from './support/datasets.js';
import { form } from './support/filters.js';
import { RawConnection } from './support/http.js';
import { createKey, sharedSystem, storedBlobs, leftFiles } from './support/stack.js';

/** Datasets of the DataRobot API against the started stack. */
const system = sharedSystem();
const ROUTES = [
  ...['', 'allFeaturesDetails/', 'file/', 'projects/', 'imagesDataQualityLog/', 'imagesDataQualityLog/file/'],
  'findings/',
];

const clientOf = async () => new DatasetsClient(system, await createKey(system, {}));

let client: DatasetsClient;
beforeAll(async () => {
  client = await clientOf();
});

describe('an archive of class folders', () => {
  let dataset: Json;
  let path = '';
  beforeAll(async () => {
    dataset = await client.create(await petArchive());
    path = `datasets/${dataset.datasetId}`;
  });

  it('becomes a dataset that is named after the file', async () => {
    expect(dataset).toMatchObject({ name: 'pets.zip', processingState: 'COMPLETED', rowCount: 9, columnCount: 2 });
    expect((await client.get(path)).body).toEqual(dataset);
    expect((await client.get(`${path}/projects/`)).body).toMatchObject({ count: 0, data: [], next: null });
  });

  it('has the features class and image', async () => {
    const { body } = await client.get(`${path}/allFeaturesDetails/`);
    const ids = { datasetId: dataset.datasetId, datasetVersionId: dataset.versionId };
    expect(body.data).toMatchObject([
      { ...ids, name: 'class', featureType: 'Categorical', uniqueCount: 2, naCount: 0 },
      { ...ids, name: 'image', featureType: 'Image' },
    ]);
    const { forwards, backwards } = await client.walk(`${path}/allFeaturesDetails/?orderBy=-name`);
    expect(forwards).toEqual([...body.data].reverse());
    expect(backwards).toEqual(body.data);
  });

  it('has a log whose pages, file and findings say the same', async () => {
    const { body } = await client.get(`${path}/imagesDataQualityLog/`);
    expect(body).toMatchObject({ next: null, previous: null, count: body.totalCount });
    const text = body.data.join('\n');
    for (const file of ['dögs/broken.jpg', 'dögs/text.png', 'cats/again.jpg']) expect(text).toContain(file);
    const { forwards, backwards } = await client.walk(`${path}/imagesDataQualityLog/`);
    expect(forwards).toEqual(body.data);
    expect(backwards).toEqual([...body.data].reverse());
    const file = await client.get(`${path}/imagesDataQualityLog/file/`);
    expect(file.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename=pets-quality-log.txt',
    });
    expect(file.bytes.toString()).toBe(body.data.map((line: string) => `${line}\n`).join(''));
    const findings = (await client.get(`${path}/findings/`)).body;
    expect(findings.totalCount).toBe(body.totalCount);
    const found = (file: string) => findings.data.filter((each: Json) => each.file?.endsWith(file));
    const place = { row: expect.any(Number), column: 'image', omitted: null };
    expect(found('broken.jpg')).toMatchObject([{ ...place, kind: 'cut-off' }]);
    expect(found('text.png')).toMatchObject([{ ...place, kind: 'not-an-image' }]);
    expect(found('again.jpg')).toMatchObject([{ ...place, kind: 'duplicate' }]);
    expect((await client.walk(`${path}/findings/`)).forwards).toEqual(findings.data);
  });

  it('has its rows as a file', async () => {
    const { status, headers, bytes } = await client.get(`${path}/file/`);
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(headers['content-disposition']).toBe('attachment; filename=pets.csv');
    const lines = bytes.toString().trimEnd().split(/\r?\n/);
    expect([lines.length, bytes.length]).toEqual([10, dataset.datasetSize]);
    expect(bytes.toString()).toContain('dögs');
    const part = await client.ask('GET', `${path}/file`, { headers: { range: 'bytes=0-4' } });
    expect([part.status, part.bytes.toString()]).toEqual([206, bytes.subarray(0, 5).toString()]);
  });

  it('is answered to HEAD without a body', async () => {
    for (const route of ROUTES) {
      const { status, bytes } = await client.ask('HEAD', `${path}/${route}`);
      expect([route, status, bytes.length]).toEqual([route, 200, 0]);
    }
  });

  it('changes its name and categories, and is deleted', async () => {
    const categories = ['TRAINING'];
    const changed = await client.ask('PATCH', `${path}/`, { json: { name: 'Pets é', categories } });
    expect([changed.status, changed.body.name, changed.body.categories]).toEqual([200, 'Pets é', categories]);
    expect((await client.ask('PATCH', `${path}/`, { json: { categories: [] } })).body.name).toBe('Pets é');
    expect((await client.ask('PATCH', `${path}/`)).status).toBe(200);
    for (const json of [{ name: '' }, { name: 1 }, { name: 'x'.repeat(256) }, { categories: 'x' }, []])
      expect((await client.ask('PATCH', `${path}/`, { json })).status).toBe(422);
    expect((await client.get(`${path}/`)).body).toMatchObject({ name: 'Pets é', categories: [] });
    expect((await client.ask('DELETE', `${path}/`)).status).toBe(204);
    for (const route of ROUTES) expect([route, (await client.get(`${path}/${route}`)).status]).toEqual([route, 404]);
    for (const method of ['PATCH', 'DELETE']) expect((await client.ask(method, path)).status).toBe(404);
  });
});

describe('a long log', () => {
  const LINES = 600;

  it('is read whole, page by page and as a file, also by a client that reads slowly', async () => {
    // Names that take much room in a message.
    const name = (i: number) => `c/${'字'.repeat(400)}${i}.png`;
    const texts = Object.fromEntries(Array.from({ length: LINES }, (_, i) => [name(i), `text ${i}`]));
    const { datasetId } = await client.create(archive({ 'c/good.jpg': await patterned(1), ...texts }));
    const path = `datasets/${datasetId}/imagesDataQualityLog`;
    const { count, data, totalCount } = (await client.get(`${path}/`)).body;
    expect([count, data.length, totalCount >= LINES]).toEqual([totalCount, totalCount, true]);
    const pages: string[] = [];
    for (let offset = 0; offset < totalCount; offset += 250)
      pages.push(...(await client.get(`${path}/?offset=${offset}&limit=250`)).body.data);
    expect(pages).toEqual(data);
    const headers = { authorization: `Bearer ${client.apiKey.key}` };
    const { body } = await fetch(`${client.base}/${path}/file/`, { headers });
    const chunks: Uint8Array[] = [];
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      await sleep(20);
    }
    expect(Buffer.concat(chunks).toString()).toBe(data.map((line: string) => `${line}\n`).join(''));
    const large = (await client.get(`datasets/${datasetId}/findings/?limit=1000`)).body;
    expect(large.data[LINES - 1].file).toContain('字');
  });
});

describe('tables', () => {
  it('with a column of base64 have an image feature, whatever the file is called', async () => {
    const rows = await Promise.all([1, 2, 3].map(async (n) => `"${(await patterned(n)).toString('base64')}","${n}"`));
    const { datasetId, rowCount } = await client.create(['"picture","size"', ...rows].join('\n'), '/tmp/archive.zip');
    expect(rowCount).toBe(3);
    const { data } = (await client.get(`datasets/${datasetId}/allFeaturesDetails/`)).body;
    expect(data).toMatchObject([
      { name: 'picture', featureType: 'Image', min: null },
      { name: 'size', featureType: 'Numeric', min: 1, max: 3, mean: 2, median: 2 },
    ]);
  });

  it('without images are datasets with an empty log', async () => {
    const { datasetId } = await client.create('name,age\nada,36\nalan,41\ngrace,85\n', 'C:\\data\\people.csv');
    const { body } = await client.get(`datasets/${datasetId}/imagesDataQualityLog/?limit=5`);
    expect(body.previous).toBeNull();
    expect((await client.get(`datasets/${datasetId}/`)).body.name).toBe('people.csv');
  });
});

describe('an upload', () => {
  let lonely: DatasetsClient;
  beforeAll(async () => {
    lonely = await clientOf();
  });
  const kept = async () => ({
    datasets: (await lonely.get('datasets/')).body.totalCount,
    blobs: await storedBlobs(system, 'datasets', lonely.apiKey.workspace),
  });
  const nothing = { datasets: 0, blobs: [] };
  const csv = 'a,b\n1,2\n';

  it.each([
    ['no parts', []],
    ['no part "file"', [fieldPart('data', csv)]],
    ['two parts "file"', [filePart(csv), filePart(csv)]],
    ['an empty file', [filePart('')]],
    ['wrong categories', [filePart(csv), fieldPart('categories', '[{}]')]],
  ])('with %s is refused with 422, and nothing of it is kept', async (_what, parts) => {
    const { status, headers, body } = await lonely.upload(...parts);
    expect([status, headers['content-type']]).toEqual([422, 'application/json']);
    expect(body.message).toMatch(/./);
    expect(await kept()).toEqual(nothing);
  });

  it.each([
    ['a form without a boundary', 'multipart/form-data', form([filePart(csv)]).body, 422],
    ['a form with another boundary', 'multipart/form-data; boundary=other', form([filePart(csv)]).body, 422],
    ['JSON', 'application/json', '{"file": "bytes"}', 422],
    ['the file alone', 'text/csv', csv, 415],
    ['no body', undefined, undefined, 422],
  ])('that is %s is refused', async (_what, type, body, expected) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const reply = await lonely.ask('POST', 'datasets/fromFile/', { headers, ...(body === undefined ? {} : { body }) });
    expect([reply.status, reply.headers['content-type']]).toEqual([expected, 'application/json']);
    expect(await kept()).toEqual(nothing);
  });

  it('that is too large by its own length is refused before it is sent', async () => {
    const connection = await RawConnection.open(system.url);
    const lines = [
      'POST /api/v2/datasets/fromFile/ HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${lonely.apiKey.key}`,
      'Content-Type: multipart/form-data; boundary=x',
      `Content-Length: ${5 * 1024 ** 3 + 2 * 1024 ** 2}`,
    ];
    await connection.write(`${lines.join('\r\n')}\r\n\r\n--x\r\n`);
    // The connection is kept for a while, for a client that looks for an answer only after it has sent everything.
    const { text } = await connection.untilClosed(3000);
    expect(text).toMatch(/^HTTP\/1\.1 422 /);
    expect(text).toMatch(/\r\ncontent-type: application\/json\r\n/i);
    expect(await kept()).toEqual(nothing);
  });

  it.each([0.1, 0.5, 0.9])('that breaks off after %d of its bytes leaves nothing', async (share) => {
    const { headers, body } = form([filePart(randomBytes(4_000_000))]);
    const connection = await RawConnection.open(system.url);
    const lines = [
      'POST /api/v2/datasets/fromFile/ HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${lonely.apiKey.key}`,
      `Content-Type: ${String(headers['content-type'])}`,
      `Content-Length: ${body.length}`,
    ];
    await connection.write(`${lines.join('\r\n')}\r\n\r\n`);
    await connection.write(body.subarray(0, Math.floor(body.length * share)));
    await sleep(200);
    connection.destroy();
    expect(await leftFiles(system)).toEqual([]);
    expect(await kept()).toEqual(nothing);
  });

  it('of a URL that may not be fetched is refused with 422', async () => {
    const inner = ['http://169.254.169.254/latest', 'http://10.0.0.1/a.zip', 'http://[::1]/a.zip'];
    for (const url of [...inner, 'file:///etc/passwd', 'ftp://example.org/a.zip', 'data:text/csv,a', 'x', ''])
      expect([url, (await lonely.ask('POST', 'datasets/fromURL/', { json: { url } })).status]).toEqual([url, 422]);
    for (const json of [undefined, {}, [], { url: 1 }, { url: ['http://example.org'] }])
      expect((await lonely.ask('POST', 'datasets/fromURL/', { json })).status).toBe(422);
    expect(await kept()).toEqual(nothing);
  });

  it('that turns out to be no dataset leaves none, and its status says why', async () => {
    for (const file of [archive({ 'a.txt': 'x' }), archive({}), (await petArchive()).subarray(0, 3000)]) {
      const uploaded = await lonely.upload(filePart(file));
      expect(uploaded.status).toBe(202);
      const { status, body } = await lonely.wait(uploaded.headers.location ?? '');
      expect([status, body.status, body.code]).toEqual([200, 'ERROR', 1]);
      expect(body.message).toMatch(/^[A-Z].{10,}\.$/);
      expect((await lonely.get(`datasets/${uploaded.body.catalogId}/`)).status).toBe(404);
    }
    // The sweep removes files that no dataset has, an hour after they were stored.
    expect((await kept()).datasets).toBe(0);
  });

  it('is taken with its parts in any order, with a content type, and from another client', async () => {
    const typed = filePart(
      csv,
      'data.csv',
      'Content-Type: text/csv; charset=utf-8',
      'Content-Transfer-Encoding: binary',
    );
    const { status, body, headers } = await lonely.upload(
      fieldPart('categories', 'TRAINING'),
      typed,
      fieldPart('x', 'y'),
    );
    expect([status, Object.keys(body)]).toEqual([202, ['catalogId', 'catalogVersionId', 'statusId']]);
    expect(headers.location).toBe(`${lonely.base}/status/${body.statusId}/`);
    const ended = await lonely.wait(headers.location ?? '');
    expect([ended.status, ended.headers.location]).toEqual([303, `${lonely.base}/datasets/${body.catalogId}/`]);
    expect((await lonely.get(`status/${body.statusId}`)).status).toBe(303);
    const { datasetId, versionId, categories } = (await lonely.get(ended.headers.location ?? '')).body;
    expect([datasetId, versionId, categories]).toEqual([body.catalogId, body.catalogVersionId, ['TRAINING']]);
  });

  it('is not taken from a reader', async () => {
    const { workspace } = lonely.apiKey;
    const reader = new DatasetsClient(system, await createKey(system, { role: 'reader', workspace }));
    expect((await reader.upload(filePart(csv))).status).toBe(403);
    expect((await reader.ask('POST', 'datasets/fromURL/', { json: { url: 'http://example.org' } })).status).toBe(403);
    expect((await reader.get('datasets/')).body.totalCount).toBe(1);
  });
});

describe('the list of datasets', () => {
  let other: DatasetsClient;
  let first: Json;
  beforeAll(async () => {
    other = await clientOf();
    first = await other.create('a\n1\n2\n', 'b.csv');
    await other.create('a\n3\n4\n', 'c.csv');
    await other.create('a\n5\n6\n', 'a.csv');
    await other.ask('PATCH', `datasets/${first.datasetId}`, { json: { categories: ['PREDICTION'] } });
  });
  const names = async (query: string) => (await other.get(`datasets/${query}`)).body.data.map(({ name }: Json) => name);

  it('is ordered as the client says, and newest first if it does not', async () => {
    expect(await names('')).toEqual(['a.csv', 'c.csv', 'b.csv']);
    expect(await names('?orderBy=created')).toEqual(['b.csv', 'c.csv', 'a.csv']);
    expect(await names('?orderBy=name&filterFailed=true')).toEqual(['a.csv', 'b.csv', 'c.csv']);
    expect(await names('?orderBy=-name&useCaseIds=x')).toEqual(['c.csv', 'b.csv', 'a.csv']);
    expect(await names('?category=PREDICTION')).toEqual(['b.csv']);
  });

  it('is read page by page in both directions', async () => {
    const { forwards, backwards } = await other.walk('datasets/?orderBy=name');
    expect(forwards.map(({ name }) => name)).toEqual(['a.csv', 'b.csv', 'c.csv']);
    expect(backwards).toEqual([...forwards].reverse());
    expect((await other.get('datasets/?offset=5')).body).toMatchObject({ count: 0, totalCount: 3, next: null });
    for (const query of ['limit=-1', 'limit=x', 'limit=1&limit=2', 'offset=-1', 'orderBy=size', 'filterFailed=maybe'])
      expect([query, (await other.get(`datasets/?${query}`)).status]).toEqual([query, 422]);
    for (const [method, path] of [
      ['POST', 'datasets/'],
      ...['GET', 'PATCH', 'DELETE'].map((each) => [each, 'datasets/fromFile/']),
    ])
      expect([method, path, (await other.ask(method ?? '', path ?? '')).status]).toEqual([method, path, 405]);
  });

  it('shows nothing to another workspace: 404', async () => {
    const stranger = (await clientOf()).apiKey;
    expect((await other.ask('GET', 'datasets/', { key: stranger })).body.totalCount).toBe(0);
    for (const route of ROUTES) {
      const url = `datasets/${first.datasetId}/${route}`;
      expect([url, (await other.get(url)).status]).toEqual([url, 200]);
      expect([url, (await other.ask('GET', url, { key: stranger })).status]).toEqual([url, 404]);
    }
    for (const method of ['PATCH', 'DELETE'])
      expect((await other.ask(method, `datasets/${first.datasetId}/`, { key: stranger })).status).toBe(404);
    for (const id of ['x', 'f'.repeat(24), '%00', 'null'])
      for (const route of ROUTES) expect((await other.get(`datasets/${id}/${route}`)).status).toBe(404);
  });
});
