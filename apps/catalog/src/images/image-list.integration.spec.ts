import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import {
  imageContracts as images,
  projectContracts as projects,
  type Image,
  type RequestOf,
} from '@pentaprism/contracts';
import { testScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { CounterRepository } from '../directory/counter.repository.js';
import { BLOCK_NUMBERS, ImageCountRepository, type CountChange } from '../projects/image-count.repository.js';
import { IMAGE_MODEL, type ImageDocument } from './image.schema.js';
import { PROJECT_MODEL, type ProjectDocument } from '../projects/project.schema.js';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';

const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));
const below = (limit: number) => Math.floor(Math.random() * limit);
const someBytes = () => ({ sha256: randomBytes(32).toString('hex'), size: 3, mediaType: 'image/png' });

/** What a list is expected to show of an image. */
interface Expected {
  readonly id: string;
  readonly number: number;
  readonly projectId: string;
  uploaded: boolean;
}

let catalog: StartedCatalog;
/** A new one for each test. */
let workspace: string;

const model = <T>(name: string) => catalog.app.get<Model<T>>(getModelToken(name), { strict: false });
const list = (request: RequestOf<typeof images.list>) => catalog.call(images.list, request, workspace);
const create = (request: { projectId?: string; content?: ReturnType<typeof someBytes> | null } = {}) =>
  catalog.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: null, ...request }, workspace);

beforeAll(async () => {
  catalog = await startCatalog(testScope('image-list'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
});

async function makeProjects(count: number): Promise<string[]> {
  const library = (await catalog.call(projects.resolve, {}, workspace)).project;
  const others = times(count - 1, (n) => ({ workspace, name: `p${n}`, createdAt: new Date() }));
  const made = await model<ProjectDocument>(PROJECT_MODEL).insertMany(others);
  return [library, ...made.map(({ _id }) => _id.toHexString())];
}

/** As many records as uploads would need minutes for, with all that their transactions would have written. */
async function seed(count: number, projectIds: readonly string[]): Promise<Expected[]> {
  const { first, second } = await catalog.app
    .get(CounterRepository, { strict: false })
    .nextInTime(workspace, 'image', count);
  // Some seconds have one image, some have hundreds, and none is later than that of the counter.
  const starts = times(40, () => below(count)).sort((a, b) => a - b);
  const documents = times(count, (n): ImageDocument => {
    const createdSecond = second - starts.filter((start) => start > n).length;
    const uploaded = Math.random() < 0.5;
    return {
      _id: new Types.ObjectId(),
      workspace,
      project: new Types.ObjectId(projectIds[below(projectIds.length)]),
      number: first + n,
      fileName: '',
      createdBy: 'ann',
      createdAt: new Date(createdSecond * 1000),
      createdSecond,
      uploadedAt: uploaded ? new Date() : null,
      size: 1,
      sha256: uploaded ? randomBytes(32).toString('hex') : null,
      state: 'awaiting-file',
      draw: 0,
      tags: [],
    };
  });
  await model<ImageDocument>(IMAGE_MODEL).collection.insertMany(documents);
  const seeded = documents.map(({ _id, number, project, sha256 }) => ({
    id: _id.toHexString(),
    number,
    projectId: project.toHexString(),
    uploaded: sha256 !== null,
  }));
  await note(seeded, 1);
  return seeded;
}

/** Removes records as `seed` makes them. */
async function unseed(gone: readonly Expected[]): Promise<void> {
  const numbers = gone.map(({ number }) => number);
  await model<ImageDocument>(IMAGE_MODEL).collection.deleteMany({ workspace, number: { $in: numbers } });
  await note(gone, -1);
}

async function note(changed: readonly Expected[], total: 1 | -1): Promise<void> {
  const counts = catalog.app.get(ImageCountRepository, { strict: false });
  for (const projectId of new Set(changed.map((image) => image.projectId))) {
    const mine = changed.filter((image) => image.projectId === projectId);
    const changes = mine.map(({ number, uploaded }): CountChange => ({
      number,
      total,
      uploaded: uploaded ? total : 0,
    }));
    await counts.note(workspace, new Types.ObjectId(projectId), changes);
  }
}

const numbersOf = (shown: readonly { number: number }[]) => shown.map(({ number }) => number);

/** Compares pages at random places, and at those where blocks of numbers meet, with the sorted list. */
async function comparePages(expected: ReadonlyMap<string, Expected>, projectIds: readonly string[], pages: number) {
  for (const projectId of projectIds)
    for (const uploadedOnly of [false, true]) {
      const whole = [...expected.values()]
        .filter((image) => image.projectId === projectId && (image.uploaded || !uploadedOnly))
        .sort((a, b) => b.number - a.number);
      const blockOf = (image?: Expected) => Math.floor((image?.number ?? 0) / BLOCK_NUMBERS);
      const borders = whole.flatMap((image, i) => (blockOf(image) === blockOf(whole[i - 1]) ? [] : [i]));
      const offsets = [
        ...borders.flatMap((border) => [border - 1 - below(30), border]),
        ...times(pages, () => below(whole.length + 30)),
        ...[BLOCK_NUMBERS - 1, BLOCK_NUMBERS, whole.length - 3, whole.length],
      ].filter((offset) => offset >= 0);
      await Promise.all(
        offsets.map(async (offset) => {
          const limit = 1 + below(40);
          const page = await list({ projectId, uploadedOnly, offset, limit });
          expect({ offset, total: page.total, numbers: numbersOf(page.images) }).toEqual({
            offset,
            total: whole.length,
            numbers: numbersOf(whole.slice(offset, offset + limit)),
          });
        }),
      );
    }
}

describe('deep pages', () => {
  it('are those of the sorted list, whatever comes, goes and changes', async () => {
    const projectIds = await makeProjects(2);
    const expected = new Map((await seed(5 * BLOCK_NUMBERS + 100, projectIds)).map((image) => [image.id, image]));
    const add = ({ id, number, projectId, sha256 }: Image) =>
      expected.set(id, { id, number, projectId, uploaded: sha256 !== null });
    const one = () => [...expected.values()][below(expected.size)] as Expected;
    await comparePages(expected, projectIds, 8);

    for (let round = 0; round < 3; round++) {
      const gone = new Set(times(20, one));
      const given = times(20, one).filter((image) => !gone.has(image));
      await Promise.all([
        ...times(20, async () => {
          const content = Math.random() < 0.5 ? someBytes() : null;
          add(await create({ projectId: projectIds[below(2)] as string, content }));
        }),
        ...[...gone].map(({ id }) => catalog.call(images.delete, { id }, workspace)),
        ...given.map(({ id }) => catalog.call(images.attach, { id, content: someBytes() }, workspace)),
      ]);
      for (const { id } of gone) expected.delete(id);
      for (const image of given) image.uploaded = true;
      await comparePages(expected, projectIds, 4);
    }
  });

  it('stay right when whole blocks are deleted, the newest of all among them', async () => {
    const projectIds = await makeProjects(2);
    const seeded = await seed(5 * BLOCK_NUMBERS + 100, projectIds);
    const expected = new Map(seeded.map((image) => [image.id, image]));
    const remove = async (gone: Expected[]) => {
      await unseed(gone);
      for (const { id } of gone) expected.delete(id);
      await comparePages(expected, projectIds, 4);
    };
    await comparePages(expected, projectIds, 2);
    await remove(seeded.filter(({ number }) => Math.floor(number / BLOCK_NUMBERS) === 3));
    // The newest block has no image of the first project left, and is not the first one any more that has.
    await remove(seeded.filter(({ number, id }) => number >= 4 * BLOCK_NUMBERS && expected.has(id)));
    await remove([...expected.values()].filter(({ projectId }) => projectId === projectIds[0]));
  });
});

describe('a revision', () => {
  it('moves with every change that a list shows, and with nothing else', async () => {
    const image = await create();
    const tag = { id: 'a'.repeat(24), number: 1, name: 'a' };
    const { projectId } = image;
    let { revision } = await list({});
    const moved = async () => {
      const answer = await list({ known: revision });
      ({ revision } = answer);
      return !answer.unchanged;
    };
    expect(await moved()).toBe(false);
    const { id } = image;
    const changes: (() => Promise<unknown>)[] = [
      () => create(),
      () => create({ content: someBytes() }),
      () => catalog.call(images.attach, { id, content: someBytes() }, workspace),
      () => catalog.call(images.attach, { id, content: someBytes() }, workspace),
      () => catalog.call(images.setTags, { id, tags: [tag] }, workspace),
      () => catalog.call(images.applyTag, { tagId: tag.id, projectId, name: 'b', revision: 1 }, workspace),
      () => catalog.call(images.applyTag, { tagId: tag.id, projectId, name: null, revision: 2 }, workspace),
      () => catalog.call(images.delete, { id }, workspace),
    ];
    for (const change of changes) {
      await change();
      expect(await moved()).toBe(true);
      expect(await moved()).toBe(false);
    }
    const refused = catalog.call(images.delete, { id }, workspace);
    await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await moved()).toBe(false);
  });

  it('does not come again for another history: what a server lost in a crash may have been read', async () => {
    const { project } = await catalog.call(projects.resolve, {}, workspace);
    const counts = catalog.app.get(ImageCountRepository, { strict: false });
    const steps = [];
    for (let n = 0; n < 10; n++) {
      const before = (await counts.get(workspace, new Types.ObjectId(project))).revision;
      await create();
      steps.push((await counts.get(workspace, new Types.ObjectId(project))).revision - before);
    }
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(new Set(steps).size).toBeGreaterThan(5);
  });

  it('is that of one project', async () => {
    const [library = '', other = ''] = await makeProjects(2);
    const { revision } = await list({ projectId: other });
    await create({ projectId: library });
    expect((await list({ projectId: other, known: revision })).unchanged).toBe(true);
    expect((await list({ projectId: library, known: revision })).unchanged).toBe(false);
  });

  it('is never behind a write that was answered, with readers all the time', async () => {
    let reading = true;
    const readers = times(4, async () => {
      let known: string | undefined;
      while (reading) ({ revision: known } = await list({ ...(known ? { known } : {}), uploadedOnly: true }));
    });
    let known: { revision: string; ids: Set<string>; total: number } | undefined;
    const seen: Expected['id'][] = [];
    for (let n = 0; n < 60; n++) {
      const { id } = await create();
      seen.push(id);
      const gone = n % 3 === 2 ? seen.splice(below(seen.length), 1)[0] : undefined;
      if (gone) await catalog.call(images.delete, { id: gone }, workspace);
      const answer = await list(known ? { known: known.revision } : {});
      expect(answer.unchanged).toBe(false);
      known = { ...answer, ids: new Set(answer.images.map((image) => image.id)) };
      expect(known.total).toBe(seen.length);
      expect(known.ids).toEqual(new Set(seen));
    }
    reading = false;
    await Promise.all(readers);
  });
});

it('seconds never go back while numbers grow, whatever the clock does', async () => {
  const now = Date.now();
  const clock = jest.spyOn(Date, 'now');
  try {
    for (const seconds of [0, 3, -5, 1, 4, -60, 5]) {
      clock.mockImplementation(() => now + seconds * 1000);
      await Promise.all(times(5, () => create()));
    }
  } finally {
    clock.mockRestore();
  }
  const documents = await model<ImageDocument>(IMAGE_MODEL).find({ workspace }).sort({ number: 1 }).lean();
  const numbers = numbersOf(documents);
  expect(new Set(numbers).size).toBe(35);
  const seconds = documents.map(({ createdSecond }) => createdSecond);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  for (const { createdAt, createdSecond } of documents)
    expect(Math.floor(createdAt.getTime() / 1000)).toBe(createdSecond);
  expect(numbersOf((await list({})).images)).toEqual(numbers.reverse());
});
