/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import {
  embeddingContracts,
  similarImageContracts as similarImages,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { createService } from '@pentaprism/service';
import { testScope, type TestScope } from '@pentaprism/testing';
import { Types } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { insightsConfig } from '../config/config.js';
import { insightsService } from '../insights.service.js';
import { Owners, type OwnedImage, type OwnedProject } from './owners.fixture.js';

const BACKBONE = 'test:000000000000';
const ZERO = '0000000000000000';
const newId = () => new Types.ObjectId().toHexString();
const newHash = () => randomBytes(32).toString('hex');
/** The unit vector at an angle. */
const vectorAt = (degrees: number) => {
  const radians = (degrees * Math.PI) / 180;
  return Buffer.from(Float32Array.of(Math.cos(radians), Math.sin(radians)).buffer).toString('base64');
};

let directory: string;
let scope: TestScope;
let app: INestMicroservice;
let connection: BusConnection;
let bus: Bus;
let owners: Owners;
let projectId: string;
let project: OwnedProject;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, workspace = 'w1') {
  return bus.call(rpc, request, { context: { workspace, traceId: 't', actor: 'a' } });
}

const record = (sha256: string, degrees: number, backbone = BACKBONE) =>
  call(embeddingContracts.record, { backbone, embeddings: [{ sha256, vector: vectorAt(degrees) }] });

/** Adds an image whose embedding lies at an angle. */
async function add(perceptualHash: string, degrees: number, more: Partial<OwnedImage> = {}): Promise<OwnedImage> {
  const image = { imageId: newId(), sha256: newHash(), ...more };
  owners.perceptualHashes.set(image.sha256, perceptualHash);
  await record(image.sha256, degrees);
  project.images.push(image);
  project.revision = newId();
  return image;
}

function remove({ imageId }: OwnedImage): void {
  project.images = project.images.filter((image) => image.imageId !== imageId);
  project.revision = newId();
}

const duplicates = (request: Partial<RequestOf<typeof similarImages.nearDuplicates>> = {}, workspace = 'w1') =>
  call(similarImages.nearDuplicates, { projectId, threshold: 8, limit: 100, ...request }, workspace);
const similarTo = ({ imageId }: OwnedImage, limit = 10) => call(similarImages.similar, { projectId, imageId, limit });
const idsOf = (images: readonly { imageId: string }[]) => images.map(({ imageId }) => imageId);

beforeAll(async () => {
  scope = testScope('similar');
  const options = { url: scope.natsUrl, prefix: scope.subjectPrefix, name: 'test', logger: scope.logger };
  connection = await connectBus(options);
  bus = new Bus(connection);
  owners = new Owners(connection);
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-similar-'));
  const environment = { ...scope.environment, BLOB_URL: pathToFileURL(directory).href };
  app = await createService(insightsService, readConfig(insightsConfig, environment), scope.logger);
  await app.listen();
});
afterAll(async () => {
  await app.close();
  await connection.nats.close();
  await scope.cleanUp();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => {
  projectId = newId();
  project = { images: [], revision: newId(), undecoded: 0 };
  owners.projects.set(`w1/${projectId}`, project);
  owners.uploaded = undefined;
  owners.lists = 0;
});

describe('near duplicates', () => {
  it('are grouped by their hashes where embeddings confirm it, the closest first', async () => {
    const first = await add(ZERO, 0);
    const farther = await add('00000000000000ff', 5);
    const closer = await add('0000000000000001', 10);
    // The same hash, and another thing.
    await add(ZERO, 90);
    await add('ffffffffffffffff', 0);
    expect(await duplicates()).toEqual({
      groups: [
        {
          imageCount: 3,
          images: [
            { imageId: first.imageId, distance: 0, samePixelsAs: null, rowCount: 1 },
            { imageId: closer.imageId, distance: 1, samePixelsAs: null, rowCount: 1 },
            { imageId: farther.imageId, distance: 8, samePixelsAs: null, rowCount: 1 },
          ],
        },
      ],
      total: 1,
      pending: 0,
    });
    const narrow = await duplicates({ threshold: 1 });
    expect(narrow.groups.map(({ images }) => idsOf(images))).toEqual([[first.imageId, closer.imageId]]);
  });

  it('of equal pixels are at the distance 0, also without embeddings, and name the first of them', async () => {
    const pixels = newHash();
    const first = await add(ZERO, 0);
    const near = await add('0000000000000007', 1);
    const [second, third] = [newHash(), newHash()].map((sha256) => ({ imageId: newId(), sha256 }));
    for (const twin of [second, third] as OwnedImage[]) {
      owners.perceptualHashes.set(twin.sha256, 'ffffffffffffffff');
      project.images.push(twin);
    }
    for (const each of [first, second] as OwnedImage[]) owners.pixelDigests.set(each.sha256, pixels);
    owners.pixelDigests.set(third?.sha256 ?? '', null);
    const { groups } = await duplicates({ threshold: 3 });
    expect(groups).toEqual([
      {
        imageCount: 3,
        images: [
          { imageId: first.imageId, distance: 0, samePixelsAs: null, rowCount: 1 },
          { imageId: second?.imageId, distance: 0, samePixelsAs: first.imageId, rowCount: 1 },
          { imageId: near.imageId, distance: 3, samePixelsAs: null, rowCount: 1 },
        ],
      },
    ]);
  });

  it('are paged, and the images are transferred once for all pages', async () => {
    for (const hash of [ZERO, 'ffffffffffffffff', '00000000ffffffff']) for (let i = 0; i < 2; i++) await add(hash, i);
    const all = await duplicates();
    expect(all.groups).toHaveLength(3);
    const lists = owners.lists;
    const pages = [];
    for (let offset = 0; offset < 4; offset++) pages.push(await duplicates({ offset, limit: 1 }));
    expect(pages.map(({ total }) => total)).toEqual([3, 3, 3, 3]);
    expect(pages.flatMap(({ groups }) => groups)).toEqual(all.groups);
    expect(owners.lists).toBe(lists);
  });

  it('do not include an image that has been deleted since, and include one that has been added', async () => {
    const images = [await add(ZERO, 0), await add(ZERO, 1), await add(ZERO, 2)];
    expect(await duplicates()).toMatchObject({ groups: [{ imageCount: 3 }] });
    remove(images[0] as OwnedImage);
    const added = await add('0000000000000003', 3);
    const { groups } = await duplicates();
    expect(groups.map(({ images: members }) => idsOf(members))).toEqual([
      [images[1]?.imageId, images[2]?.imageId, added.imageId],
    ]);
    remove(added);
    remove(images[1] as OwnedImage);
    expect(await duplicates()).toMatchObject({ groups: [], total: 0 });
  });

  it('do not include an image that has expired, although no revision says so', async () => {
    await add(ZERO, 0);
    await add(ZERO, 1, { expiresAt: Date.now() + 700 });
    expect(await duplicates()).toMatchObject({ total: 1 });
    await new Promise((resolve) => setTimeout(resolve, 800));
    project.images = project.images.filter(({ expiresAt }) => expiresAt === undefined);
    expect(await duplicates()).toMatchObject({ total: 0 });
  });

  it('are those of a column of a project that was made of a dataset, with its rows', async () => {
    project.column = 'photo';
    const images = [await add(ZERO, 0, { rowCount: 3 }), await add(ZERO, 1), await add(ZERO, 2), await add(ZERO, 3)];
    const [group] = (await duplicates({ column: 'photo' })).groups;
    expect(idsOf(group?.images ?? [])).toEqual(idsOf(images));
    expect(group?.images.map(({ rowCount }) => rowCount)).toEqual([3, 1, 1, 1]);
    expect(await duplicates()).toMatchObject({ groups: [group] });
    await expect(duplicates({ column: 'image' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('count what has not been analysed yet', async () => {
    await add(ZERO, 0);
    const sha256 = newHash();
    project.undecoded = 2;
    project.images.push({ imageId: newId(), sha256 });
    owners.perceptualHashes.set(sha256, ZERO);
    // Its embedding is missing.
    expect(await duplicates()).toEqual({ groups: [], total: 0, pending: 3 });
  });

  it('are not compared across backbones', async () => {
    await add(ZERO, 0);
    const other = await add(ZERO, 0);
    await record(other.sha256, 0, 'another:000000000000');
    expect(await duplicates()).toMatchObject({ total: 0, pending: 0 });
  });

  it('of a project of another workspace are not found', async () => {
    await add(ZERO, 0);
    await duplicates();
    await expect(duplicates({}, 'w2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    owners.projects.delete(`w1/${projectId}`);
    await expect(duplicates()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('similar images', () => {
  it('of an image are the others, the most similar first', async () => {
    const [east, west, near, north] = [
      await add(ZERO, 0),
      await add(ZERO, 180),
      await add(ZERO, 10),
      await add(ZERO, 90),
    ];
    const found = await similarTo(east);
    expect(idsOf(found.images)).toEqual([near.imageId, north.imageId, west.imageId]);
    expect(found.images[0]?.similarity).toBeCloseTo(Math.cos(Math.PI / 18), 5);
    expect(found.images[2]?.similarity).toBeCloseTo(-1, 5);
    expect(idsOf((await similarTo(east, 1)).images)).toEqual([near.imageId]);
  });

  it('include images with the same bytes', async () => {
    const image = await add(ZERO, 0);
    const twin = { ...image, imageId: newId() };
    project.images.push(twin);
    project.revision = newId();
    const { images } = await similarTo(image);
    expect(images).toEqual([
      { imageId: twin.imageId, similarity: expect.closeTo(1, 5) as unknown as number, rowCount: 1 },
    ]);
  });

  it('never include a deleted image', async () => {
    const [image, near, far] = [await add(ZERO, 0), await add(ZERO, 1), await add(ZERO, 50)];
    expect(idsOf((await similarTo(image)).images)).toEqual([near.imageId, far.imageId]);
    remove(near);
    expect(idsOf((await similarTo(image)).images)).toEqual([far.imageId]);
    await expect(similarTo(near)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of an image without an embedding are not known yet', async () => {
    await add(ZERO, 0);
    const image = { imageId: newId(), sha256: newHash() };
    project.images.push(image);
    expect(await similarTo(image)).toEqual({ images: [], pending: 1 });
  });

  it('of an uploaded picture are those near to its embedding', async () => {
    const [first, second] = [await add(ZERO, 0), await add(ZERO, 60)];
    const content = { sha256: newHash(), size: 3, mediaType: 'image/png' };
    const upload = () => call(similarImages.similarToUpload, { projectId, content, limit: 5 });
    owners.uploaded = { backbone: BACKBONE, vector: vectorAt(50) };
    expect(idsOf((await upload()).images)).toEqual([second.imageId, first.imageId]);
    owners.uploaded = { backbone: 'another:000000000000', vector: vectorAt(50) };
    expect(await upload()).toEqual({ images: [], pending: 2 });
    owners.uploaded = undefined;
    await expect(upload()).rejects.toMatchObject({ code: 'UNDECODABLE_IMAGE' });
  });

  it('are right for many calls at once while images come and go', async () => {
    const image = await add(ZERO, 0);
    const others = [];
    for (let i = 1; i <= 8; i++) others.push(await add(ZERO, i));
    const wrong: string[] = [];
    for (const other of others) {
      const before = Array.from({ length: 5 }, () => similarTo(image));
      await Promise.all(before);
      remove(other);
      const after = await Promise.all(Array.from({ length: 5 }, () => similarTo(image)));
      wrong.push(...after.flatMap(({ images }) => idsOf(images)).filter((id) => id === other.imageId));
    }
    expect(wrong).toEqual([]);
    expect(await similarTo(image)).toEqual({ images: [], pending: 0 });
  });
});
