import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MAX_PROJECTS_PER_PAGE, projectContracts as projects, type RequestOf } from '@pentaprism/contracts';
import {
  DEFAULT_TRAINING_SETTINGS,
  MAX_DESCRIPTION_LENGTH,
  MAX_PROJECT_NAME_LENGTH,
  MAX_PROJECTS_PER_WORKSPACE,
} from '@pentaprism/domain';
import { testScope } from '@pentaprism/testing';
import { Types } from 'mongoose';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { newId, times, TrainingFixture } from '../training/training.fixture.js';
import { PROJECT_MODEL, type ProjectDocument } from './project.schema.js';

let catalog: StartedCatalog;
let workspace: string;
let fixture: TrainingFixture;

type Changes = Partial<RequestOf<typeof projects.create>>;
const training = { ...DEFAULT_TRAINING_SETTINGS, exportPlatforms: [] };
const create = (name: string, changes: Changes = {}) =>
  fixture.call(projects.create, { name, description: '', training, ...changes });
const createNumbered = (name: string, changes: Changes = {}) => create(name, { sameName: 'number', ...changes });
const rename = (id: string, name: string, changes: { sameName?: 'number'; description?: string } = {}) =>
  fixture.call(projects.update, { id, name, ...changes });
const namesOf = ({ name, uniqueName }: { name: string; uniqueName: string }) => [name, uniqueName];
const outcomeOf = (pending: Promise<unknown>) => fixture.outcomeOf(pending);
const listed = async () => (await fixture.call(projects.list, {})).projects;

/** Stores projects of these unique names. */
const store = (uniqueNames: readonly string[]) =>
  fixture.model<ProjectDocument>(PROJECT_MODEL).collection.insertMany(
    uniqueNames.map((name) => ({
      _id: new Types.ObjectId(),
      workspace,
      name,
      uniqueName: name,
      createdAt: new Date(),
    })),
  );

beforeAll(async () => {
  catalog = await startCatalog(testScope('project-names'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  fixture = new TrainingFixture(catalog, workspace);
});

describe('a project that is created with a number where its name is taken', () => {
  it('keeps its name and gets the first free unique name', async () => {
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos']);
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos (2)']);
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos (3)']);
    expect((await listed()).map(namesOf)).toEqual([
      ['library', 'library'],
      ['photos', 'photos'],
      ['photos', 'photos (2)'],
      ['photos', 'photos (3)'],
    ]);
  });

  it.each(['library', 'filters'])('can have the reserved name %s, but not as its unique name', async (name) => {
    expect(namesOf(await createNumbered(name))).toEqual([name, `${name} (2)`]);
    expect(namesOf(await createNumbered(name))).toEqual([name, `${name} (3)`]);
  });

  it('gets a unique name of its own when twenty are created at once', async () => {
    const created = await Promise.all(times(20, () => createNumbered('photos')));
    expect(created.map(({ name }) => name)).toEqual(times(20, () => 'photos'));
    const expected = ['photos', ...times(19, (n) => `photos (${n + 2})`)];
    expect(created.map(({ uniqueName }) => uniqueName).sort()).toEqual(expected.sort());
  });

  it('gets a unique name of its own when others are renamed at once', async () => {
    const others = await Promise.all(times(6, (n) => create(`other ${n}`)));
    const outcomes = await Promise.all([
      ...times(6, () => createNumbered('photos')),
      ...others.map(({ id }) => rename(id, 'photos', { sameName: 'number' })),
    ]);
    expect(new Set(outcomes.map(({ uniqueName }) => uniqueName)).size).toBe(12);
  });

  it('counts names as taken that differ only in their normal form', async () => {
    expect(namesOf(await createNumbered('cafe\u0301'))).toEqual(['cafe\u0301', 'cafe\u0301']);
    expect(namesOf(await createNumbered('caf\u00e9'))).toEqual(['caf\u00e9', 'caf\u00e9 (2)']);
    expect(namesOf(await createNumbered('cafe\u0301'))).toEqual(['cafe\u0301', 'caf\u00e9 (3)']);
  });

  it('does not count other names that begin like its own', async () => {
    await store(['.*', 'photo', 'photos (02)', 'photos and more', 'photos!', 'Photos', 'photosynthesis']);
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos']);
    expect(namesOf(await createNumbered('p.*s'))).toEqual(['p.*s', 'p.*s']);
  });

  it('gets a name that was given explicitly to another project only with a further number', async () => {
    await create('photos (2)');
    await createNumbered('photos');
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos (3)']);
    expect(namesOf(await createNumbered('photos (2)'))).toEqual(['photos (2)', 'photos (2) (2)']);
  });

  it('uses a number again that became free', async () => {
    const [, second] = [await createNumbered('photos'), await createNumbered('photos'), await createNumbered('photos')];
    await fixture.call(projects.delete, { id: second.id });
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos (2)']);
  });

  it('can have a name of 255 characters twice, and no longer one', async () => {
    const longest = 'ü'.repeat(MAX_PROJECT_NAME_LENGTH);
    expect(namesOf(await createNumbered(longest))).toEqual([longest, longest]);
    expect(namesOf(await createNumbered(longest))).toEqual([longest, `${longest} (2)`]);
    expect(await outcomeOf(createNumbered(`${longest}ü`))).toBe('INVALID_ARGUMENT');
  });

  it('can have a name that no text in UTF-8 holds', async () => {
    await createNumbered('a\ud800');
    expect((await createNumbered('a\ud800')).uniqueName).toBe('a\ufffd (2)');
    expect((await createNumbered('a\ufffd')).uniqueName).toBe('a\ufffd (3)');
  });

  it('costs one query for its unique name, however many names are taken', async () => {
    await store(['photos', ...times(300, (n) => `photos (${n + 2})`), ...times(300, (n) => `photosynthesis ${n}`)]);
    const find = jest.spyOn(fixture.model(PROJECT_MODEL), 'find');
    expect((await createNumbered('photos')).uniqueName).toBe('photos (302)');
    expect(find).toHaveBeenCalledTimes(1);
    const filter = find.mock.calls[0]?.[0] as object;
    find.mockRestore();
    const explained = await fixture.model(PROJECT_MODEL).collection.find(filter).explain('executionStats');
    const { totalKeysExamined } = (explained as { executionStats: { totalKeysExamined: number } }).executionStats;
    expect(totalKeysExamined).toBeLessThanOrEqual(303);
  });
});

describe('a project that is created with an id', () => {
  it('is created once, however often and with whichever name the call is repeated', async () => {
    const id = newId();
    const first = await createNumbered('photos', { id });
    expect(first.id).toBe(id);
    const repeated = await Promise.all(times(5, () => createNumbered('photos', { id })));
    expect(repeated).toEqual(times(5, () => first));
    expect(await create('library', { id })).toEqual(first);
    expect((await listed()).map(namesOf)).toEqual([
      ['library', 'library'],
      ['photos', 'photos'],
    ]);
  });

  it('is created once when the first calls arrive at once', async () => {
    const id = newId();
    const created = await Promise.all(times(10, () => createNumbered('photos', { id })));
    expect(new Set(created.map(({ uniqueName }) => uniqueName))).toEqual(new Set(['photos']));
    expect((await listed()).map(({ id }) => id)).toContain(id);
    expect(await listed()).toHaveLength(2);
  });

  it('is returned as it is now, also where the workspace has as many projects as it may', async () => {
    const id = newId();
    await createNumbered('photos', { id });
    await rename(id, 'pictures');
    await store(times(MAX_PROJECTS_PER_WORKSPACE - 1, (n) => `p${n}`));
    expect(await outcomeOf(createNumbered('photos'))).toBe('FAILED_PRECONDITION');
    expect(await createNumbered('photos', { id })).toMatchObject({ id, name: 'pictures' });
  });

  it('is refused if a deleted project or one of another workspace has the id', async () => {
    const { id } = await createNumbered('photos');
    const elsewhere = new TrainingFixture(catalog, await catalog.makeWorkspace());
    const request = { id, name: 'x', sameName: 'number', description: '', training } as const;
    expect(await outcomeOf(elsewhere.call(projects.create, request))).toBe('CONFLICT');
    await fixture.call(projects.delete, { id });
    expect(await outcomeOf(fixture.call(projects.create, request))).toBe('CONFLICT');
  });
});

describe('a project that is renamed', () => {
  it('gets any name with a number, for which its own unique name is free', async () => {
    await create('photos');
    const { id } = await create('other');
    expect(namesOf(await rename(id, 'photos', { sameName: 'number' }))).toEqual(['photos', 'photos (2)']);
    expect(namesOf(await rename(id, 'photos', { sameName: 'number' }))).toEqual(['photos', 'photos (2)']);
    expect(namesOf(await rename(id, 'photos (2)', { sameName: 'number' }))).toEqual(['photos (2)', 'photos (2)']);
    expect(namesOf(await rename(id, 'library', { sameName: 'number' }))).toEqual(['library', 'library (2)']);
    expect(namesOf(await rename(id, 'other', { sameName: 'number' }))).toEqual(['other', 'other']);
    expect(namesOf(await createNumbered('photos'))).toEqual(['photos', 'photos (2)']);
  });

  it('is refused the unique name of another project without a number', async () => {
    await createNumbered('photos');
    await createNumbered('photos');
    const { id } = await create('other');
    for (const name of ['photos', 'photos (2)', 'library'])
      expect([name, await outcomeOf(rename(id, name))]).toEqual([name, 'CONFLICT']);
    expect(namesOf(await fixture.call(projects.get, { id }))).toEqual(['other', 'other']);
  });

  it('keeps its name when a client sends its unique name back with other changes', async () => {
    await createNumbered('photos');
    const { id } = await createNumbered('photos');
    const changed = await rename(id, 'photos (2)', { description: 'x' });
    expect(changed).toMatchObject({ name: 'photos', uniqueName: 'photos (2)', description: 'x' });
  });

  it('keeps its unique name when something else is changed', async () => {
    await createNumbered('photos');
    const { id } = await createNumbered('photos');
    const changed = await fixture.call(projects.update, { id, sameName: 'number', description: 'x' });
    expect(changed).toMatchObject({ name: 'photos', uniqueName: 'photos (2)', description: 'x' });
  });

  it('is refused any name if each workspace has it, also with a number', async () => {
    const [library] = await listed();
    expect(await outcomeOf(rename(library?.id ?? '', 'x', { sameName: 'number' }))).toBe('FAILED_PRECONDITION');
  });
});

it('lists a page of projects whose texts are all of full length', async () => {
  const text = (length: number) => '\u0001'.repeat(length);
  const exportPlatforms = times(20, () => text(100));
  const count = MAX_PROJECTS_PER_PAGE + 1;
  await Promise.all(
    times(count, () =>
      createNumbered(text(MAX_PROJECT_NAME_LENGTH), {
        description: text(MAX_DESCRIPTION_LENGTH),
        training: { ...training, exportPlatforms },
      }),
    ),
  );
  const page = await fixture.call(projects.list, { offset: 1, limit: MAX_PROJECTS_PER_PAGE });
  expect([page.projects.length, page.total]).toEqual([MAX_PROJECTS_PER_PAGE, count + 1]);
});

describe('projects by part of their name', () => {
  const search = async (nameContains: string, page: { offset?: number; limit?: number } = {}) => {
    const { projects: found, total } = await fixture.call(projects.list, { nameContains, ...page });
    return { names: found.map(({ name }) => name), total };
  };
  const found = async (nameContains: string) => (await search(nameContains)).names;

  it('are found without regard to case, also beyond ASCII', async () => {
    await store(['Cats', 'my CATS', 'Fotos vom Ärger', 'КОШКИ', 'ΟΔΟΣ']);
    expect(await found('cats')).toEqual(['Cats', 'my CATS']);
    expect(await found('LIBR')).toEqual(['library']);
    expect(await found('ä')).toEqual(['Fotos vom Ärger']);
    expect(await found('A\u0308RGER')).toEqual(['Fotos vom Ärger']);
    expect(await found('кошк')).toEqual(['КОШКИ']);
    expect(await found('οδος')).toEqual(['ΟΔΟΣ']);
    expect(await found('dogs')).toEqual([]);
  });

  it('are compared character by character', async () => {
    await store(['a.b', 'axb', '50 %', '$where', 'x\0y']);
    expect(await found('A.B')).toEqual(['a.b']);
    expect(await found('.*')).toEqual([]);
    expect(await found('%')).toEqual(['50 %']);
    expect(await found('$')).toEqual(['$where']);
    expect(await found('X\0')).toEqual(['x\0y']);
  });

  it('have the names that were given, and not the unique ones', async () => {
    await createNumbered('photos');
    await createNumbered('photos');
    expect(await found('PHOTOS')).toEqual(['photos', 'photos']);
    expect(await found('(2)')).toEqual([]);
  });

  it('are listed in pages, oldest first, with their total', async () => {
    const names = times(7, (n) => `Photos ${n}`);
    await store(['other', ...names]);
    expect(await search('photos', { limit: 3 })).toEqual({ names: names.slice(0, 3), total: 7 });
    expect(await search('photos', { offset: 3, limit: 3 })).toEqual({ names: names.slice(3, 6), total: 7 });
    expect(await search('photos', { offset: 6, limit: 3 })).toEqual({ names: names.slice(6), total: 7 });
    expect(await search('photos', { offset: 9 })).toEqual({ names: [], total: 7 });
  });

  it('do not include deleted ones, or those of another workspace', async () => {
    const { id } = await createNumbered('photos');
    await new TrainingFixture(catalog, await catalog.makeWorkspace()).makeProject('photos');
    expect(await search('photos')).toEqual({ names: ['photos'], total: 1 });
    await fixture.call(projects.delete, { id });
    expect(await search('photos')).toEqual({ names: [], total: 0 });
  });
});
