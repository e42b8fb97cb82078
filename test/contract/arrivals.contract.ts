import type { INestMicroservice } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openBlobStore, type BlobStore, type DirectTransfers } from '@pentaprism/blob-store';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { imageContracts, ingestContracts } from '@pentaprism/contracts';
import { createService, type ServiceDefinition } from '@pentaprism/service';
import { eventually, startS3Server, testScope, type S3Server } from '@pentaprism/testing';
import { createHash, randomBytes } from 'node:crypto';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';

const WORKSPACE = 'default';
const context = { workspace: WORKSPACE, actor: 'arrivals' };
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const put = async (url: string, body: Buffer<ArrayBuffer>) =>
  expect((await fetch(url, { method: 'PUT', body })).status).toBe(200);

const s3 = await startS3Server();

(s3 ? describe : describe.skip)('files that clients put into S3', () => {
  const server = s3 as S3Server;
  const scope = testScope('arrivals');
  const running: INestMicroservice[] = [];
  let connection: BusConnection;
  let bus: Bus;
  let bucket: string;
  let blobs: BlobStore;
  let direct: DirectTransfers;

  const start = async (definition: unknown) => {
    const service = definition as ServiceDefinition<never>;
    const environment = {
      ...{ ...scope.environment, ...server.environment, BLOB_URL: `s3://${bucket}`, MAX_UPLOAD_BYTES: '100000' },
      PENTAPRISM_OWNER_KEY: 'arrivals-test.0123456789abcdef0123456789abcdef',
      SIGNING_SECRETS: 'a secret of the tests of arrivals that is long enough',
    };
    const app = await createService(service, readConfig(service.config, environment) as never, scope.logger);
    await app.listen();
    running.push(app);
    return app;
  };

  beforeAll(async () => {
    server.useCredentials();
    bucket = await server.createBucket();
    blobs = await openBlobStore(`s3://${bucket}`, { s3: { endpoint: server.endpoint }, hotCacheBytes: 0 });
    direct = blobs.direct as DirectTransfers;
    await start(catalogService);
    const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
    connection = await connectBus({ url, prefix, name: 'arrivals', logger });
    bus = new Bus(connection);
  });
  afterAll(async () => {
    for (const app of running.reverse()) await app.close();
    await blobs.close?.();
    await connection.nats.close();
    await scope.cleanUp();
    await server.stop();
  });

  const announce = async () => {
    const { id } = await bus.call(
      ingestContracts.addImage,
      { fileName: 'a', tagNames: [], content: null },
      { context },
    );
    return { id, url: await direct.uploadUrl(WORKSPACE, id, { expiresIn: 600 }) };
  };
  const shaOf = async (id: string) => (await bus.call(imageContracts.get, { id }, { context })).sha256;
  const arrivals = async () => (await server.objects(bucket)).filter((name) => name.startsWith('incoming/'));
  const eventuallyNothing = () => eventually(async () => expect(await arrivals()).toEqual([]), { timeoutMs: 60_000 });

  it('are attached on condition that the image still has the file that it had', async () => {
    const stored = async (text: string) => {
      const { sha256, size } = await blobs.put('originals', WORKSPACE, Buffer.from(text), { maxBytes: 100 });
      return { sha256, size, mediaType: 'application/octet-stream' };
    };
    const attach = async (text: string, ifUploadedAt: number | null) =>
      bus.call(imageContracts.attach, { id, content: await stored(text), ifUploadedAt }, { context });
    const ingest = await start(trainingIngestService);
    const { id } = await announce();
    const first = await attach('first', null);
    expect(first).toMatchObject({ sha256: sha256(Buffer.from('first')), mediaType: 'application/octet-stream' });
    await expect(attach('late', null)).rejects.toMatchObject({ code: 'CONFLICT' });
    await attach('second', first.uploadedAt);
    await expect(attach('late', first.uploadedAt)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await shaOf(id)).toBe(sha256(Buffer.from('second')));
    await ingest.close();
    running.splice(running.indexOf(ingest), 1);
  });

  it('are received after a start what had arrived before it, by three instances at once', async () => {
    // Nobody is there to receive anything; the contract of announcing is theirs, so images come from the catalog.
    const images = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { id } = await bus.call(
          imageContracts.create,
          { fileName: 'a', announcedSize: 0, tags: [], content: null },
          { context },
        );
        return { id, url: await direct.uploadUrl(WORKSPACE, id, { expiresIn: 600 }), bytes: randomBytes(5000) };
      }),
    );
    for (const { url, bytes } of images) await put(url, bytes);
    const nobody = await direct.uploadUrl(WORKSPACE, 'f'.repeat(24), { expiresIn: 600 });
    await put(nobody, randomBytes(10));
    await put(await direct.uploadUrl(WORKSPACE, 'no-object-id', { expiresIn: 600 }), randomBytes(10));
    await put(await direct.uploadUrl('nowhere', images[0]?.id ?? '', { expiresIn: 600 }), randomBytes(10));
    expect(await arrivals()).toHaveLength(23);
    for (let instance = 0; instance < 3; instance += 1) await start(trainingIngestService);
    await eventuallyNothing();
    for (const { id, bytes } of images) {
      expect(await shaOf(id)).toBe(sha256(bytes));
      const key = { area: 'originals', workspace: WORKSPACE, sha256: sha256(bytes) };
      expect((await blobs.read(key)).equals(bytes)).toBe(true);
    }
  });

  it('replace each other in the order in which they came, whatever three instances do at once', async () => {
    const images = await Promise.all(Array.from({ length: 5 }, announce));
    let last: Buffer<ArrayBuffer> = randomBytes(1);
    for (let round = 0; round < 25; round += 1) {
      last = randomBytes(1000 + round);
      await Promise.all(images.map(({ url }) => put(url, last)));
      await new Promise((resolve) => setTimeout(resolve, 37 * (round % 5)));
    }
    await eventuallyNothing();
    // An instance that was slow could still come with an older one now.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const { id } of images) expect(await shaOf(id)).toBe(sha256(last));
  });
});
