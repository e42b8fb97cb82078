import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { datasetContracts as datasets, type Dataset } from '@pentaprism/contracts';
import { eventually } from '@pentaprism/testing';
import { strToU8, zipSync } from 'fflate';
import mongoose, { type Connection } from 'mongoose';
import sharp from 'sharp';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { importBytes, importedDataset, picture } from './dataset-imports.js';
import { RunningServices, WORKSPACE } from './running-services.js';

let services: RunningServices;
let database: Connection;

const ready = (bytes: Uint8Array) => importedDataset(services, bytes);
const columnsOf = async ({ id }: Dataset) => (await services.call(datasets.columns, { datasetId: id })).columns;
const findingsOf = async ({ id }: Dataset) => (await services.call(datasets.findings, { datasetId: id })).findings;
const tableOf = async ({ table }: Dataset) =>
  (await services.blobs.read({ area: 'datasets', workspace: WORKSPACE, sha256: table?.sha256 ?? '' })).toString();

beforeAll(async () => {
  services = await RunningServices.start('datasets-contract', [catalogService, trainingIngestService, workerService]);
  database = await mongoose.createConnection(services.scope.environment['MONGODB_URI'] ?? '').asPromise();
});
afterAll(async () => {
  await database.close();
  await services.stop();
});

describe('an archive of class folders', () => {
  it('becomes a dataset whose damaged, empty and repeated images are found', async () => {
    const [first, second] = [await picture(1), await picture(2)];
    const dataset = await ready(
      zipSync({
        'set/cats/a.jpg': first,
        'set/cats/b.jpg': second,
        'set/dogs/again.jpg': first,
        'set/dogs/broken.jpg': (await picture(3)).subarray(0, 500),
        'set/dogs/empty.jpg': new Uint8Array(),
        'set/dogs/text.jpg': strToU8('not a picture'),
        'set/__MACOSX/._a.jpg': strToU8('x'),
      }),
    );
    expect(dataset).toMatchObject({ state: 'ready', rowCount: 6, imageCount: 3, hasImages: true, importedRows: 6 });
    expect((await columnsOf(dataset)).map(({ name, type }) => [name, type])).toEqual([
      ['class', 'Categorical'],
      ['image', 'Image'],
    ]);
    const found = (await findingsOf(dataset)).map(({ kind, file }) => `${kind} ${file}`);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^cut-off .*broken\.jpg$/),
        expect.stringMatching(/^empty-file .*empty\.jpg$/),
        expect.stringMatching(/^not-an-image .*text\.jpg$/),
        expect.stringMatching(/^duplicate .*again\.jpg$/),
        expect.stringMatching(/^leakage .*again\.jpg$/),
      ]),
    );
    expect(await tableOf(dataset)).toMatch(/^class,image\r?\ncats,/);
  });

  it('has its images held by the catalog until the dataset is deleted', async () => {
    const bytes = await picture(11);
    const dataset = await ready(zipSync({ 'a/1.jpg': bytes, 'b/2.jpg': await picture(12) }));
    const { images } = await services.call(datasets.images, { datasetId: dataset.id, limit: 10 });
    const orphans = async () =>
      database.collection('contents').countDocuments({
        sha256: { $in: images.map(({ sha256 }) => sha256) },
        orphanedAt: { $type: 'date' },
      });
    expect([images.length, await orphans()]).toEqual([2, 0]);
    await services.call(datasets.delete, { datasetId: dataset.id });
    await eventually(async () => expect(await orphans()).toBe(2), { timeoutMs: 40_000 });
  });

  it.each([
    ['no entry', {}],
    ['no picture that can be decoded', { 'a/x.jpg': strToU8('nothing'), 'b/y.png': new Uint8Array() }],
    ['a name that climbs', { '../a/x.jpg': strToU8('nothing') }],
  ])('with %s becomes no dataset, and its job says why', async (_what, files) => {
    const { id, job } = await importBytes(services, zipSync(files));
    expect(job).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT', message: expect.any(String) } });
    await expect(services.call(datasets.get, { datasetId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('images of poor quality', () => {
  it('are imported, with a finding that says what is poor', async () => {
    const flat = sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } });
    const dataset = await ready(
      zipSync({
        'a/good.jpg': await picture(30),
        'a/flat.png': await flat.png().toBuffer(),
        'b/long.jpg': await sharp(await picture(31))
          .resize(400, 40, { fit: 'fill' })
          .toBuffer(),
        'b/tiny.jpg': await sharp(await picture(32))
          .resize(9, 12, { fit: 'fill' })
          .toBuffer(),
      }),
    );
    expect(dataset.imageCount).toBe(4);
    const found = (await findingsOf(dataset)).map(({ kind, file }) => `${kind} ${file}`);
    const expected = ['low-information a/flat.png', 'odd-proportions b/long.jpg', 'tiny b/tiny.jpg'];
    expect(found).toEqual(expect.arrayContaining(expected));
    expect(found.join()).not.toContain('good.jpg');
  });
});

describe('a table', () => {
  it('of base64 images and numbers becomes a dataset with statistics', async () => {
    const rows = await Promise.all(
      [1, 2, 3, 4].map(async (n) => `${(await picture(n)).toString('base64')},${n},${n % 2 ? 'odd' : 'even'}`),
    );
    const dataset = await ready(strToU8(['image,size,label', ...rows].join('\n')));
    expect(dataset).toMatchObject({ rowCount: 4, imageCount: 4, columnCount: 3 });
    const [image, size, label] = await columnsOf(dataset);
    expect([image?.type, size?.type, label?.type]).toEqual(['Image', 'Numeric', 'Categorical']);
    expect(size?.statistics).toMatchObject({ min: 1, max: 4, mean: 2.5 });
    expect(await tableOf(dataset)).not.toContain(rows[0]?.slice(0, 40));
  });

  it('without images is a dataset, too', async () => {
    const dataset = await ready(strToU8('a,b\n1,x\n2,y\n'));
    expect(dataset).toMatchObject({ rowCount: 2, imageCount: 0, hasImages: false, importedRows: 2 });
  });

  it('of addresses that may not be fetched has a finding for each', async () => {
    const dataset = await ready(strToU8('image,label\nhttp://127.0.0.1:1/a.jpg,x\nhttp://10.0.0.1/b.jpg,y\n'));
    expect((await findingsOf(dataset)).filter(({ kind }) => kind === 'unreachable-address')).toHaveLength(2);
  });
});

describe('an import', () => {
  it('of many images is recorded batch by batch, and decodes nothing twice', async () => {
    const files = Object.fromEntries(
      await Promise.all(
        Array.from({ length: 150 }, async (_, i) => [`c${i % 3}/${i}.jpg`, await picture(i + 20)] as const),
      ),
    );
    const dataset = await ready(zipSync(files, { level: 0 }));
    expect(dataset).toMatchObject({ rowCount: 150, imageCount: 150, importedRows: 150 });
    const again = await ready(zipSync(files, { level: 0 }));
    expect(again.imageCount).toBe(150);
    expect(again.id).not.toBe(dataset.id);
  });
});
