import type { INestMicroservice } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { datasetContracts as datasets, jobDirectoryContracts, type Dataset } from '@pentaprism/contracts';
import { createService, type ServiceDefinition } from '@pentaprism/service';
import { eventually, testScope } from '@pentaprism/testing';
import { strToU8, zipSync } from 'fflate';
import mongoose, { type Connection } from 'mongoose';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { OWNER_KEY } from './requests.js';

const scope = testScope('datasets-contract');
const context = { workspace: 'default', actor: 'datasets' };
const running: INestMicroservice[] = [];
let connection: BusConnection;
let bus: Bus;
let directory: string;
let blobs: FileBlobStore;
let database: Connection;

const call: Bus['call'] = (rpc, request) => bus.call(rpc, request, { context });

async function start(definition: unknown): Promise<INestMicroservice> {
  const service = definition as ServiceDefinition<never>;
  const environment = {
    ...scope.environment,
    BLOB_URL: pathToFileURL(directory).href,
    PENTAPRISM_OWNER_KEY: OWNER_KEY,
    SIGNING_SECRETS: 'a secret of the contract tests that is long enough',
  };
  const app = await createService(service, readConfig(service.config, environment) as never, scope.logger);
  await app.listen();
  running.push(app);
  return app;
}

/** A picture of one color with some noise. Each number is another picture. */
const picture = (number: number): Promise<Buffer> =>
  sharp({
    create: {
      width: 40 + number,
      height: 40,
      channels: 3,
      background: { r: (number * 37) % 256, g: 90, b: 160 },
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .jpeg()
    .toBuffer();

/** Uploads bytes, and waits for the end of the import. */
async function importBytes(bytes: Uint8Array, fileName = 'data.csv') {
  const { sha256, size } = await blobs.put('datasets', context.workspace, bytes, { maxBytes: bytes.length });
  const content = { sha256, size, mediaType: 'application/octet-stream' };
  const { id, jobId } = await call(datasets.create, { name: fileName, fileName, source: { kind: 'content', content } });
  const job = await eventually(
    async () => {
      const found = await call(jobDirectoryContracts.get, { id: jobId });
      expect(['completed', 'failed']).toContain(found.state);
      return found;
    },
    { timeoutMs: 60_000 },
  );
  return { id, job };
}

async function ready(bytes: Uint8Array): Promise<Dataset> {
  const { id, job } = await importBytes(bytes);
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return call(datasets.get, { datasetId: id });
}

const columnsOf = async ({ id }: Dataset) => (await call(datasets.columns, { datasetId: id })).columns;
const findingsOf = async ({ id }: Dataset) => (await call(datasets.findings, { datasetId: id })).findings;
const tableOf = async ({ table }: Dataset) =>
  (await blobs.read({ area: 'datasets', workspace: context.workspace, sha256: table?.sha256 ?? '' })).toString();

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-datasets-'));
  blobs = await FileBlobStore.open(directory);
  database = await mongoose.createConnection(scope.environment['MONGODB_URI'] ?? '').asPromise();
  for (const definition of [catalogService, trainingIngestService, workerService]) await start(definition);
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'datasets', logger });
  bus = new Bus(connection);
});
afterAll(async () => {
  for (const app of running.reverse()) await app.close();
  await connection.nats.close();
  await database.close();
  await scope.cleanUp();
  await rm(directory, { recursive: true });
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
    const { images } = await call(datasets.images, { datasetId: dataset.id, limit: 10 });
    const orphans = async () =>
      database.collection('contents').countDocuments({
        sha256: { $in: images.map(({ sha256 }) => sha256) },
        orphanedAt: { $type: 'date' },
      });
    expect([images.length, await orphans()]).toEqual([2, 0]);
    await call(datasets.delete, { datasetId: dataset.id });
    await eventually(async () => expect(await orphans()).toBe(2), { timeoutMs: 40_000 });
  });

  it.each([
    ['no entry', {}],
    ['no picture that can be decoded', { 'a/x.jpg': strToU8('nothing'), 'b/y.png': new Uint8Array() }],
    ['a name that climbs', { '../a/x.jpg': strToU8('nothing') }],
  ])('with %s becomes no dataset, and its job says why', async (_what, files) => {
    const { id, job } = await importBytes(zipSync(files));
    expect(job).toMatchObject({ state: 'failed', error: { code: 'INVALID_ARGUMENT', message: expect.any(String) } });
    await expect(call(datasets.get, { datasetId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
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
