import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { type BlobKey, type BlobStore, type StoredBlob } from '@pentaprism/blob-store';
import {
  imageContracts as images,
  snapshotContracts as snapshots,
  trainingImageContracts as training,
} from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { eventually, testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { SCRUB_MODEL, type ScrubDocument, ScrubRepository } from './scrub.repository.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { CATALOG_CONFIG } from '../config/config.js';
import { ContentRepository } from '../contents/content.repository.js';
import { LOGGER } from '@pentaprism/observability';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { TrainingFixture } from '../training/training.fixture.js';
import { RemakePictures } from './remake-pictures.usecase.js';
import { ScrubBlobs } from './scrub-blobs.usecase.js';

const LATER = 400 * 24 * 3_600_000;

const scope = testScope('scrub');
let catalog: StartedCatalog;
let blobs: BlobStore;
let workspace: string;

beforeAll(async () => {
  // Its own rounds would compete with the scrubs of the tests.
  catalog = await startCatalog({ ...scope, environment: { ...scope.environment, BLOB_SCRUB_RATE: '0' } });
  blobs = catalog.app.get<BlobStore>(BLOB_STORE, { strict: false });
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  await model().deleteMany({});
});

function model(): Model<ScrubDocument> {
  return catalog.app.get(getModelToken(SCRUB_MODEL), { strict: false });
}

/** Returns another scrub of this catalog's blobs. It competes for the lease as that of another process does. */
function scrubber(): ScrubBlobs {
  const get = <T>(token: unknown) => catalog.app.get<T>(token as string, { strict: false });
  return new ScrubBlobs(
    get<ScrubRepository>(ScrubRepository),
    get<ContentRepository>(ContentRepository),
    get<RemakePictures>(RemakePictures),
    blobs,
    { ...get<StartedCatalog['config']>(CATALOG_CONFIG), BLOB_SCRUB_RATE: 2 ** 40 },
    get(LOGGER),
  );
}

/** An image with bytes of its own. */
async function addImage(): Promise<BlobKey> {
  const stored: StoredBlob = await blobs.put('originals', workspace, randomBytes(100), { maxBytes: 100 });
  const content = { sha256: stored.sha256, size: stored.size, mediaType: 'application/octet-stream' };
  await catalog.call(images.create, { fileName: 'f', announcedSize: 100, tags: [], content }, workspace);
  return stored.key;
}

async function contentOf(fixture: TrainingFixture): Promise<ContentDocument> {
  const found = await fixture.model<ContentDocument>(CONTENT_MODEL).findOne({ workspace }).lean();
  if (!found) throw new Error('there is no content');
  return found;
}

/** An image with a thumbnail and a resized picture. */
async function addWithPictures(
  fixture: TrainingFixture,
): Promise<Record<'original' | 'thumbnail' | 'resized', BlobKey>> {
  const original = await fixture.putBytes();
  await fixture.know([original], true);
  await fixture.add(await fixture.makeProject(), [original]);
  const { thumbnail, resized } = await contentOf(fixture);
  const picture = { area: 'thumbnails', workspace };
  return {
    original: { area: 'originals', workspace, sha256: original.sha256 },
    thumbnail: { ...picture, sha256: thumbnail?.sha256 ?? '' },
    resized: { ...picture, sha256: resized?.sha256 ?? '' },
  };
}

const countJobs = (fixture: TrainingFixture) => fixture.model<JobDocument>(JOB_MODEL).countDocuments({ workspace });

const pathOf = (key: BlobKey) => blobs.localPath?.(key) ?? '';

describe('the scrub', () => {
  it('finds damaged and missing bytes, and nothing after they were stored again', async () => {
    const [damaged, removed] = [await addImage(), await addImage()];
    await addImage();
    const bytes = await blobs.read(removed);
    const right = await blobs.read(damaged);
    await writeFile(pathOf(damaged), randomBytes(100));
    await rm(pathOf(removed));
    const mine = scrubber();
    expect(await mine.scrub()).toMatchObject({ damaged: 1, missing: 1 });
    // The next pass comes a day later.
    expect(await mine.scrub()).toBeNull();
    for (const each of [bytes, right]) await blobs.put('originals', workspace, each, { maxBytes: 100 });
    expect(await mine.scrub(new Date(Date.now() + LATER))).toMatchObject({ damaged: 0, missing: 0 });
  });

  it.each(['samples', 'models', 'modality', 'predictions', 'insights', 'datasets', 'eventimages'])(
    'finds damaged bytes in the area %s',
    async (area) => {
      const { key } = await blobs.put(area, workspace, randomBytes(100), { maxBytes: 100 });
      await writeFile(pathOf(key), randomBytes(100));
      expect((await scrubber().scrub())?.findings).toEqual([{ ...key, fault: 'damaged' }]);
      await rm(pathOf(key));
    },
  );

  it.each(['damaged', 'missing'] as const)('has %s pictures made again from their originals', async (fault) => {
    const fixture = new TrainingFixture(catalog, workspace);
    const [image] = await fixture.addNew(await fixture.makeProject(), 1);
    const { sha256, thumbnail } = await contentOf(fixture);
    const key = { area: 'thumbnails', workspace, sha256: thumbnail?.sha256 ?? '' };
    if (fault === 'damaged') await writeFile(pathOf(key), randomBytes(40));
    else await rm(pathOf(key));
    expect((await scrubber().scrub())?.findings).toContainEqual({ ...key, fault });
    expect((await model().findOne().lean())?.findings).toContainEqual({ ...key, fault });
    // The worker makes other bytes here, where it would make the same.
    await fixture.report(sha256);
    expect((await fixture.findContent(sha256))?.thumbnail?.sha256).not.toBe(key.sha256);
    expect(await fixture.findImage(image?.id ?? '')).toMatchObject({ state: 'decoded' });
    const next = await scrubber().scrub(new Date(Date.now() + LATER));
    expect(next?.findings).not.toContainEqual({ ...key, fault: 'missing' });
  });

  it('begins one analysis in a pass for a content that has lost several pictures', async () => {
    const fixture = new TrainingFixture(catalog, workspace);
    const { thumbnail, resized } = await addWithPictures(fixture);
    for (const key of [thumbnail, resized]) await rm(pathOf(key));
    const { findings } = (await scrubber().scrub()) ?? {};
    for (const key of [thumbnail, resized]) expect(findings).toContainEqual({ ...key, fault: 'missing' });
    expect(await countJobs(fixture)).toBe(1);
    // As if the process had died before it noted its position.
    await model().updateOne({}, { $set: { finishedAt: null, step: 8, after: null, heldUntil: new Date(0) } });
    await scrubber().scrub();
    expect(await countJobs(fixture)).toBe(1);
  });

  it('has a content analysed again that an earlier version has analysed, once in a pass', async () => {
    const fixture = new TrainingFixture(catalog, workspace);
    await addWithPictures(fixture);
    await fixture.model<ContentDocument>(CONTENT_MODEL).updateOne({ workspace }, { $unset: { pixelDigest: 1 } });
    const mine = scrubber();
    await mine.scrub();
    expect(await countJobs(fixture)).toBe(1);
    await fixture.report((await contentOf(fixture)).sha256);
    expect(await contentOf(fixture)).toMatchObject({ pixelDigest: null });
    await mine.scrub(new Date(Date.now() + LATER));
    expect(await countJobs(fixture)).toBe(1);
  });

  it('begins no analysis of a missing original', async () => {
    const fixture = new TrainingFixture(catalog, workspace);
    const { original, thumbnail } = await addWithPictures(fixture);
    for (const key of [original, thumbnail]) await rm(pathOf(key));
    const { findings } = (await scrubber().scrub()) ?? {};
    for (const key of [original, thumbnail]) expect(findings).toContainEqual({ ...key, fault: 'missing' });
    expect(await countJobs(fixture)).toBe(0);
  });

  it('has lists show the pictures that were made again, also those that were read before, and leaves trainings as they are', async () => {
    const fixture = new TrainingFixture(catalog, workspace);
    const projectId = await fixture.makeProject();
    await fixture.addNew(projectId, 1);
    const list = (known = '') => fixture.call(training.list, { projectId, limit: 1, known });
    const before = await list();
    const revision = await fixture.call(snapshots.revision, { projectId });
    const { sha256, thumbnail } = await contentOf(fixture);
    expect(before.images[0]?.thumbnail.sha256).toBe(thumbnail?.sha256);
    await rm(pathOf({ area: 'thumbnails', workspace, sha256: thumbnail?.sha256 ?? '' }));
    await scrubber().scrub();
    await fixture.report(sha256);
    const remade = (await contentOf(fixture)).thumbnail?.sha256;
    expect(remade).not.toBe(thumbnail?.sha256);
    await eventually(async () => {
      const { images: shown } = await list(before.revision ?? '');
      expect(shown[0]?.thumbnail.sha256).toBe(remade);
    });
    // Nothing to train for: the images are the same.
    expect(await fixture.call(snapshots.revision, { projectId })).toEqual(revision);
  });

  it('leaves an image as it is whose pictures cannot be made again', async () => {
    const fixture = new TrainingFixture(catalog, workspace);
    const [image] = await fixture.addNew(await fixture.makeProject(), 1);
    const { sha256, thumbnail } = await contentOf(fixture);
    await rm(pathOf({ area: 'thumbnails', workspace, sha256: thumbnail?.sha256 ?? '' }));
    await scrubber().scrub();
    await fixture.report(sha256, { state: 'undecodable', reason: 'A decoder says so.' });
    expect(await fixture.findContent(sha256)).toMatchObject({ state: 'decoded', thumbnail });
    expect(await fixture.findImage(image?.id ?? '')).toMatchObject({ state: 'decoded' });
  });

  it('is done by one process at a time, and goes on where another one has stopped', async () => {
    for (let each = 0; each < 3; each += 1) await addImage();
    const [mine, other] = [scrubber(), scrubber()];
    const whole = await mine.scrub();
    expect(await other.scrub()).toBeNull();
    // As if `mine` had died in the middle: behind the last area, before the records.
    await model().updateOne(
      {},
      { $set: { finishedAt: null, step: 8, after: null, checked: 7, heldUntil: new Date(0) } },
    );
    const rest = await other.scrub();
    expect(rest?.checked).toBeLessThan(7 + (whole?.checked ?? 0));
    expect(rest?.checked).toBeGreaterThanOrEqual(7 + 3);
    expect(await mine.scrub()).toBeNull();
  });
});
