import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import {
  contentContracts,
  imageContracts as images,
  projectContracts as projects,
  type RequestOf,
} from '@pentaprism/contracts';
import { testScope } from '@pentaprism/testing';
import { trusted, Types, type Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { IMAGE_MODEL, type ImageDocument } from './image.schema.js';

const newContent = () => ({ sha256: randomBytes(32).toString('hex'), size: 3, mediaType: 'image/png' });
const PERCEPTUAL_HASH = '00ff00ff00ff00ff';

let catalog: StartedCatalog;
/** A new one for each test. */
let workspace: string;
let projectId: string;

const model = <T>(name: string) => catalog.app.get<Model<T>>(getModelToken(name), { strict: false });
const create = (content: ReturnType<typeof newContent> | null) =>
  catalog.call(images.create, { projectId, fileName: 'a', announcedSize: 1, tags: [], content }, workspace);
const list = (request: Partial<RequestOf<typeof images.listDecoded>> = {}, of = workspace) =>
  catalog.call(images.listDecoded, { projectId, limit: 100, ...request }, of);

/** Writes what is known after an analysis. */
async function decode(...hashes: string[]): Promise<void> {
  const filter = { workspace, sha256: trusted({ $in: hashes }) };
  await model<ContentDocument>(CONTENT_MODEL).updateMany(filter, { state: 'decoded', perceptualHash: PERCEPTUAL_HASH });
  await model<ImageDocument>(IMAGE_MODEL).updateMany(filter, { state: 'decoded' });
}

/** Creates images that have been decoded. */
async function createDecoded(count: number): Promise<{ id: string; sha256: string }[]> {
  const made = [];
  for (let i = 0; i < count; i++) {
    const content = newContent();
    made.push({ id: (await create(content)).id, sha256: content.sha256 });
  }
  await decode(...made.map(({ sha256 }) => sha256));
  return made;
}

beforeAll(async () => {
  catalog = await startCatalog(testScope('decoded-images'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  projectId = (await catalog.call(projects.resolve, {}, workspace)).project;
});

describe('decoded images', () => {
  it('are listed oldest first, page by page, each once', async () => {
    const made = await createDecoded(7);
    const found = [];
    let after: RequestOf<typeof images.listDecoded>['after'];
    for (let pages = 0; pages < 5; pages++) {
      const page = await list({ limit: 3, ...(after ? { after } : {}) });
      found.push(...page.images);
      if (!page.next) break;
      after = page.next;
    }
    expect(found).toEqual(made);
  });

  it('do not include images without a file, undecoded and expired ones, and those of other projects', async () => {
    const [image, expired] = await createDecoded(2);
    const expiresAt = new Date(Date.now() - 1000);
    await model<ImageDocument>(IMAGE_MODEL).updateOne({ _id: new Types.ObjectId(expired?.id) }, { expiresAt });
    await create(null);
    await create(newContent());
    const found = await list();
    expect(found).toMatchObject({ images: [image], next: null, pending: 1, unchanged: false });
    const other = await catalog.makeWorkspace();
    await expect(list({}, other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('say when they expire', async () => {
    const [image] = await createDecoded(1);
    const expiresAt = new Date(Date.now() + 60_000);
    await model<ImageDocument>(IMAGE_MODEL).updateOne({ _id: new Types.ObjectId(image?.id) }, { expiresAt });
    expect((await list()).images).toEqual([{ ...image, expiresAt: expiresAt.getTime() }]);
  });

  it('are not listed again under the revision that a caller has, until one is added or deleted', async () => {
    const [image] = await createDecoded(2);
    const { revision } = await list();
    expect(await list({ known: revision })).toMatchObject({ images: [], unchanged: true, revision });
    await catalog.call(images.delete, { id: image?.id ?? '' }, workspace);
    const changed = await list({ known: revision });
    expect(changed).toMatchObject({ unchanged: false });
    expect(changed.images).toHaveLength(1);
    expect(changed.revision).not.toBe(revision);
  });
});

describe('hashes of contents', () => {
  it('are those of decoded contents of the workspace', async () => {
    const [image] = await createDecoded(1);
    const undecoded = newContent();
    await create(undecoded);
    const hashes = [image?.sha256 ?? '', undecoded.sha256, newContent().sha256];
    const ask = (of: string) => catalog.call(contentContracts.perceptualHashes, { hashes }, of);
    expect(await ask(workspace)).toEqual({
      contents: [{ sha256: image?.sha256, perceptualHash: PERCEPTUAL_HASH }],
    });
    expect(await ask(await catalog.makeWorkspace())).toEqual({ contents: [] });
    const pixelDigest = 'ab'.repeat(32);
    await model<ContentDocument>(CONTENT_MODEL).updateOne({ workspace, sha256: image?.sha256 }, { pixelDigest });
    expect((await ask(workspace)).contents).toEqual([
      { sha256: image?.sha256, perceptualHash: PERCEPTUAL_HASH, pixelDigest },
    ]);
  });
});
