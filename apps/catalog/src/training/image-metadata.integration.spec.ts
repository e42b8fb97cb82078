import { expect, it } from '@jest/globals';
import { snapshotContracts as snapshots, trainingImageContracts as training } from '@pentaprism/contracts';
import { idsOf, newId, times, type TrainingFixture } from './training.fixture.js';
import { setUpTraining } from './training-suite.fixture.js';

let fixture: TrainingFixture;
let projectId: string;

const add = (ids: string[], metadata: Record<string, string>) =>
  fixture.call(training.addMetadata, { projectId, ids, metadata });
const list = (more: { snapshotId?: string; known?: string } = {}) =>
  fixture.call(training.list, { projectId, limit: 256, order: 'oldest', ...more });

setUpTraining('image-metadata', (test) => ({ fixture, projectId } = test));

it('adds metadata to images, in place of values with the same keys, and shows it in kept pages', async () => {
  const [first, second] = idsOf(await fixture.addNew(projectId, 2)) as [string, string];
  const { revision } = await list();
  const odd = { 'a.b': '1', $c: '2', __proto: '3' };
  expect(await add([first, newId()], odd)).toEqual({
    outcomes: [{ status: 'added', metadata: odd }, { status: 'not-found' }],
  });
  expect(await add([first, second], { $c: '4', e: '' })).toEqual({
    outcomes: [
      { status: 'added', metadata: { ...odd, $c: '4', e: '' } },
      { status: 'added', metadata: { $c: '4', e: '' } },
    ],
  });
  const page = await list({ known: revision ?? '' });
  expect(page.images.map(({ metadata }) => metadata)).toEqual([
    { ...odd, $c: '4', e: '' },
    { $c: '4', e: '' },
  ]);
});

it('leaves an image as it is that would have more than ten pairs', async () => {
  const ids = idsOf(await fixture.addNew(projectId, 1));
  const ten = Object.fromEntries(times(10, (n) => [`k${n}`, 'v']));
  expect(await add(ids, ten)).toEqual({ outcomes: [{ status: 'added', metadata: ten }] });
  expect(await add(ids, { k0: 'w', other: 'v' })).toEqual({ outcomes: [{ status: 'too-many', metadata: ten }] });
  expect(await add(ids, { k0: 'w' })).toEqual({ outcomes: [{ status: 'added', metadata: { ...ten, k0: 'w' } }] });
});

it('does not change the metadata of a snapshot, nor of images of another project', async () => {
  const ids = idsOf(await fixture.addNew(projectId, 1));
  await add(ids, { a: '1' });
  const snapshotId = newId();
  await fixture.call(snapshots.create, { projectId, snapshotId });
  await add(ids, { a: '2' });
  expect((await list({ snapshotId })).images).toMatchObject([{ metadata: { a: '1' } }]);
  const other = await fixture.makeProject();
  const foreign = { projectId: other, ids, metadata: { a: '3' } };
  expect(await fixture.call(training.addMetadata, foreign)).toEqual({ outcomes: [{ status: 'not-found' }] });
  expect((await list()).images).toMatchObject([{ metadata: { a: '2' } }]);
});
