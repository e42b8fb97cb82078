import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { DatasetsClient, filePart, petArchive } from './support/datasets.js';
import { form } from './support/filters.js';
import { PictureServer } from './support/picture-server.js';
import { createKey, startPrivateSystem, storedBlobs, temporaryFiles, type PrivateSystem } from './support/stack.js';

const MAX_BYTES = 100_000;

/** A system of its own: small datasets, and addresses of this machine may be fetched. */
let system: PrivateSystem;
let client: DatasetsClient;
let files: PictureServer;
beforeAll(async () => {
  system = await startPrivateSystem({ MAX_DATASET_BYTES: String(MAX_BYTES), URL_IMPORT_ALLOW: '127.0.0.1' });
  client = new DatasetsClient(system, await createKey(system, {}));
  files = await PictureServer.start();
});
afterAll(async () => {
  await files?.close();
  await system?.stop();
}, 30_000);

const row = 'x'.repeat(99);
const table = (bytes: number) => `${`${row}\n`.repeat(Math.ceil(bytes / 100))}`.slice(0, bytes);
const blobs = () => storedBlobs(system, 'datasets', client.apiKey.workspace);

describe('MAX_DATASET_BYTES', () => {
  it.each([
    ['a declared length', (body: Buffer) => body],
    ['chunks', (body: Buffer) => [body.subarray(0, 60_000), body.subarray(60_000)]],
  ])('refuses one byte more with 422, in a form with %s, and keeps nothing', async (_what, sent) => {
    const { headers, body } = form([filePart(table(MAX_BYTES + 1), 'large.csv')]);
    const reply = await client.ask('POST', 'datasets/fromFile/', { headers, body: sent(body) });
    expect([reply.status, reply.headers['content-type']]).toEqual([422, 'application/json']);
    expect(reply.body.message).toContain(String(MAX_BYTES));
    expect([await blobs(), await temporaryFiles(system)]).toEqual([[], []]);
    expect((await client.get('datasets/')).body.totalCount).toBe(0);
  });

  it('refuses a form of many times its length, whatever the client still sends', async () => {
    const { headers, body } = form([filePart(Buffer.alloc(50_000_000), 'large.csv')]);
    const chunks = Array.from({ length: 500 }, (_, i) => body.subarray(i * 100_000, (i + 1) * 100_000));
    for (const each of [body, chunks])
      expect((await client.ask('POST', 'datasets/fromFile/', { headers, body: each })).status).toBe(422);
    expect(await blobs()).toEqual([]);
  });

  it('takes a file of exactly this size', async () => {
    expect(await client.create(table(MAX_BYTES), 'exact.csv')).toMatchObject({ name: 'exact.csv', rowCount: 999 });
  });
});

describe('datasets/fromURL/', () => {
  const create = async (url: string, json = {}) => {
    const { status, headers, body } = await client.ask('POST', 'datasets/fromURL/', { json: { url, ...json } });
    expect(status).toBe(202);
    return { ended: await client.wait(headers.location ?? ''), catalogId: body.catalogId };
  };

  it('fetches an archive, and names the dataset after it', async () => {
    const url = files.put('my%20pets.zip', await petArchive());
    const { ended, catalogId } = await create(url, { categories: ['TRAINING'], doSnapshot: true });
    expect([ended.status, ended.headers.location]).toEqual([303, `${client.base}/datasets/${catalogId}/`]);
    const { body } = await client.get(ended.headers.location ?? '');
    expect(body).toMatchObject({ name: 'my pets.zip', uri: 'my pets.zip', categories: ['TRAINING'], rowCount: 9 });
  });

  it('leaves no dataset of a file that is too large, or is not there, and says why', async () => {
    for (const url of [files.put('large.csv', Buffer.from(table(MAX_BYTES + 1))), `${files.url}/missing.csv`]) {
      const { ended, catalogId } = await create(url, { name: 'mine' });
      expect([ended.status, ended.body.status]).toEqual([200, 'ERROR']);
      expect(ended.body.message).toMatch(/^[A-Z].{10,}\.$/);
      await eventually(async () => expect((await client.get(`datasets/${catalogId}/`)).status).toBe(404));
    }
  });
});
