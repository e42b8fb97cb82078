import { afterEach, expect, it, jest } from '@jest/globals';
import {
  imageContracts as images,
  predictedImageContracts as predicted,
  projectContracts as projects,
  trainingImageContracts as training,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { eventually } from '@pentaprism/testing';
import { PROJECT_MODEL, type ProjectDocument } from '../projects/project.schema.js';
import { setClock, type StartedCatalog } from '../catalog.fixture.js';
import { idsOf, newId, newTag, times, type TrainingFixture } from './training.fixture.js';
import { setUpTraining } from './training-suite.fixture.js';
import { ExpireImages } from '../housekeeping/expire-images.usecase.js';
import { RemoveProjects } from '../housekeeping/remove-projects.usecase.js';

const notFound = expect.objectContaining({ code: 'NOT_FOUND' });

let catalog: StartedCatalog;
let fixture: TrainingFixture;
let projectId: string;

const create = (
  changes: Partial<RequestOf<typeof predicted.create>> & Pick<RequestOf<typeof predicted.create>, 'content'>,
) => fixture.call(predicted.create, { projectId, id: newId(), timeToLive: 3600, ...changes });
const getMany = async (ids: string[], of = projectId) =>
  (await fixture.call(predicted.getMany, { projectId: of, ids })).images;
const hiddenProject = async () =>
  (await fixture.model<ProjectDocument>(PROJECT_MODEL).findById(projectId).lean())?.predictionsId?.toHexString() ?? '';

setUpTraining('predicted-images', (test) => ({ catalog, fixture, projectId } = test));
afterEach(() => {
  jest.useRealTimers();
});

it('are found under their ids, once they are analysed', async () => {
  const [first] = await fixture.decoded();
  const second = await fixture.putBytes();
  if (!first) throw new Error('no content');
  const ids = [newId(), newId()] as const;
  await create({ id: ids[0], content: first });
  await create({ id: ids[1], content: second });
  expect(idsOf(await getMany([ids[1], ids[0]]))).toEqual([ids[0]]);
  await fixture.report(second.sha256);
  const found = await getMany([ids[1], newId(), ids[0]]);
  expect(found).toMatchObject([
    { id: ids[1], projectId, original: second, tags: [], width: 40, height: 30 },
    { id: ids[0], projectId, original: first },
  ]);
  expect(found[0]?.expiresAt).toBe((found[0]?.createdAt ?? 0) + 3600 * 1000);
  expect(await getMany([...ids], await fixture.makeProject())).toEqual([]);
  // Where their bytes are can be asked by those who know an id.
  const { contents } = await fixture.call(images.getContents, { ids: [...ids] });
  expect(contents).toHaveLength(2);
});

it('are made once, also when twenty come at once with the first', async () => {
  const contents = await fixture.decoded(20);
  const id = newId();
  await Promise.all(contents.map((content) => create({ content })));
  const [content] = contents;
  if (!content) throw new Error('no content');
  await Promise.all(times(5, () => create({ id, content })));
  expect(await getMany([id, id])).toHaveLength(2);
  expect(
    await fixture.model<ProjectDocument>(PROJECT_MODEL).countDocuments({ workspace: fixture.workspace, hidden: true }),
  ).toBe(1);
  const [image] = await fixture.addNew(projectId, 1);
  expect(await fixture.outcomeOf(create({ id: image?.id ?? '', content }))).toBe('FAILED_PRECONDITION');
});

it('show nowhere else', async () => {
  const [content] = await fixture.decoded();
  if (!content) throw new Error('no content');
  const id = newId();
  await create({ id, content });
  const number = (await fixture.findImage(id))?.number ?? 0;
  const hidden = await hiddenProject();
  expect(hidden).toMatch(/^[0-9a-f]{24}$/);
  for (const [rpc, request] of [
    [images.get, { id }],
    [images.get, { number }],
    [images.delete, { id }],
    [images.setTags, { id, tags: [] }],
    [images.attach, { id, content }],
    [images.getPicture, { projectId, id }],
    [images.getPicture, { projectId: hidden, id }],
    [images.list, { projectId: hidden }],
    [images.choosePictures, { projectId: hidden, count: 1, seed: '' }],
    [projects.get, { id: hidden }],
    [projects.resolve, { id: hidden }],
    [projects.update, { id: hidden, description: 'x' }],
    [projects.delete, { id: hidden }],
    [training.list, { projectId: hidden, limit: 1 }],
    [training.addTags, { projectId, taggings: [{ imageId: id, tag: newTag() }] }],
    [predicted.getMany, { projectId: hidden, ids: [id] }],
  ] as const)
    await expect(fixture.call(rpc as Rpc, request)).rejects.toEqual(notFound);
  expect((await fixture.call(projects.list, {})).projects.map(({ name }) => name)).toHaveLength(2);
  expect((await fixture.call(projects.get, { id: projectId })).imageCount).toBe(0);
  expect(await fixture.call(training.count, { projectId })).toEqual({ count: 0 });
  expect((await fixture.call(training.getMany, { projectId, ids: [id] })).images).toEqual([]);
  expect(await fixture.call(training.deleteMany, { projectId, ids: [id] })).toEqual({ deleted: 0 });
  expect((await fixture.call(images.list, { projectId })).total).toBe(0);
});

it('become training images without becoming fewer', async () => {
  const [content] = await fixture.decoded();
  if (!content) throw new Error('no content');
  const id = newId();
  await create({ id, content });
  expect(await fixture.add(projectId, [content])).toMatchObject([{ status: 'added' }]);
  expect(await getMany([id])).toHaveLength(1);
});

it('end at their very millisecond, with their bytes, or when they are deleted', async () => {
  const contents = await fixture.decoded(3);
  const ids = times(3, newId);
  for (const [i, content] of contents.entries()) await create({ id: ids[i] as string, content });
  const [first] = await getMany([ids[0] as string]);
  const expiresAt = first?.expiresAt ?? 0;
  setClock(expiresAt - 1);
  expect(await getMany([ids[0] as string])).toHaveLength(1);
  setClock(expiresAt);
  expect(await getMany([ids[0] as string])).toEqual([]);
  jest.useRealTimers();
  await fixture.call(predicted.deleteMany, { projectId, ids: [ids[1] as string, newId()] });
  expect(idsOf(await getMany(ids))).toEqual([ids[0], ids[2]]);
  await catalog.app.get(ExpireImages, { strict: false }).removeExpired(new Date(expiresAt));
  expect(await fixture.findImage(ids[0] as string)).toBeNull();
  await fixture.collect();
  expect(await fixture.isStored(contents[0]?.sha256 ?? '')).toBe(false);
  expect(await fixture.isStored(contents[1]?.sha256 ?? '')).toBe(false);
});

it('of bytes that are no picture are refused', async () => {
  const content = await fixture.putBytes();
  await fixture.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content });
  await fixture.report(content.sha256, { state: 'undecodable', reason: 'x' });
  expect(await fixture.outcomeOf(create({ content }))).toBe('FAILED_PRECONDITION');
  expect(await fixture.outcomeOf(create({ projectId: newId(), content }))).toBe('NOT_FOUND');
});

it('go with their project, also those that come at that moment', async () => {
  const contents = await fixture.decoded(30);
  const ids = contents.map(newId);
  await create({ id: ids[0] as string, content: contents[0] as (typeof contents)[number] });
  await Promise.all([
    ...contents.slice(1).map((content, i) => create({ id: ids[i + 1] as string, content }).catch(() => undefined)),
    fixture.call(projects.delete, { id: projectId }),
  ]);
  await expect(getMany(ids)).rejects.toEqual(notFound);
  await catalog.app.get(RemoveProjects, { strict: false }).removeAll();
  await eventually(async () => {
    for (const id of ids) expect(await fixture.findImage(id)).toBeNull();
  });
});
