import { describe, expect, it } from '@jest/globals';
import {
  imageContracts as images,
  snapshotContracts as snapshots,
  trainingImageContracts as training,
  type TagReference,
} from '@pentaprism/contracts';
import { Types } from 'mongoose';
import { RESERVATION_MS, TAG_STATE_MODEL, type TagStateDocument } from './tag-state.repository.js';
import type { StartedCatalog } from '../catalog.fixture.js';
import { idsOf, newTag, statusesOf, taggingsOf, times, type TrainingFixture } from '../training/training.fixture.js';
import { setUpTrainingOfTwo } from '../training/training-suite.fixture.js';

let catalog: StartedCatalog;
let second: StartedCatalog;
let fixture: TrainingFixture;
let projectId: string;

const REFUSED = { code: 'FAILED_PRECONDITION', details: { reason: 'negative-tag' } };
const negativeTag = (): TagReference => ({ ...newTag(), negative: true });
const give = (imageIds: readonly string[], tags: readonly TagReference[], of = catalog) =>
  of.call(training.addTags, { projectId, taggings: taggingsOf(imageIds, tags) }, fixture.workspace);
const reserve = ({ id: tagId, name }: TagReference, of = catalog) =>
  of.call(images.reserveNegativeTag, { tagId, projectId, name }, fixture.workspace);
const apply = ({ id: tagId, name }: TagReference, negative: boolean, revision: number, of = catalog) =>
  of.call(images.applyTag, { tagId, projectId, name, revision, negative }, fixture.workspace);
const carriedBy = async (id: string) => (await fixture.findImage(id))?.tags.map((tag) => tag.id.toHexString());
const codesOf = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'done' : (outcome.reason as { code: string }).code));

setUpTrainingOfTwo('negative-tags', (test) => ({ catalog, second, fixture, projectId } = test));

describe('a negative tag', () => {
  it('is reserved without a change of the images: nothing has to be read or trained again', async () => {
    await fixture.addNew(projectId, 1);
    const before = await fixture.call(snapshots.revision, { projectId });
    await reserve(newTag());
    expect(await fixture.call(snapshots.revision, { projectId })).toEqual(before);
  });

  it('is given to images without other tags, and no others to those', async () => {
    const [none, regular] = [negativeTag(), newTag()];
    const [bare, tagged] = idsOf(await fixture.addNew(projectId, 2)) as [string, string];
    await give([tagged], [regular]);
    // All or nothing, with the images that it is about.
    await expect(give([bare, tagged], [none])).rejects.toMatchObject({ ...REFUSED, details: { imageIds: [tagged] } });
    expect(await carriedBy(bare)).toEqual([]);
    expect((await give([bare], [none])).statuses).toEqual(['created']);
    expect((await give([bare], [none])).statuses).toEqual(['present']);
    await expect(give([bare], [regular])).rejects.toMatchObject(REFUSED);
    await expect(give([bare], [negativeTag()])).rejects.toMatchObject(REFUSED);
    expect(await carriedBy(bare)).toEqual([none.id]);
    await fixture.call(training.removeTags, { projectId, imageIds: [bare], tagIds: [none.id] });
    expect((await give([bare], [regular])).statuses).toEqual(['created']);
  });

  it('and others cannot be given in one call either', async () => {
    const [id] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    await expect(give([id], [newTag(), negativeTag()])).rejects.toMatchObject(REFUSED);
    expect(await carriedBy(id)).toEqual([]);
  });

  it('refuses the one image of a batch that would have it beside others', async () => {
    const [none, regular] = [negativeTag(), newTag()];
    const [known, both, alone] = await fixture.decoded(3);
    if (!known || !both || !alone) throw new Error('no content');
    await fixture.add(projectId, [known], [none]);
    const image = (content: typeof known, ...tags: TagReference[]) => ({ fileName: 'a', content, tags });
    const { outcomes } = await fixture.call(training.add, {
      projectId,
      images: [
        image(known, regular),
        image(known, none),
        image(both, regular, none),
        image(alone, none),
        image(alone, regular),
        image(both, regular),
      ],
    });
    expect(statusesOf(outcomes)).toEqual([
      'conflicting-tags',
      'duplicate',
      'conflicting-tags',
      'added',
      'conflicting-tags',
      'added',
    ]);
  });

  it('is known whichever way the image is tagged', async () => {
    const [none, regular] = [negativeTag(), newTag()];
    const draft = { projectId, fileName: 'a', announcedSize: 1, content: null };
    await expect(fixture.call(images.create, { ...draft, tags: [none, regular] })).rejects.toMatchObject(REFUSED);
    await fixture.call(images.create, { ...draft, tags: [none] });
    const [id] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    await expect(fixture.call(images.setTags, { id, tags: [regular, none] })).rejects.toMatchObject(REFUSED);
    await fixture.call(images.setTags, { id, tags: [none] });
    await expect(give([id], [regular])).rejects.toMatchObject(REFUSED);
    await fixture.call(images.setTags, { id, tags: [regular] });
    expect(await carriedBy(id)).toEqual([regular.id]);
  });

  it('and another one, given at once at two catalogs: one of them is refused', async () => {
    const ids = idsOf(await fixture.addNew(projectId, 12));
    const [none, regular] = [negativeTag(), newTag()];
    for (const [n, id] of ids.entries()) {
      const at = n % 2 ? [catalog, second] : [second, catalog];
      const outcomes = await Promise.allSettled([give([id], [none], at[0]), give([id], [regular], at[1])]);
      expect(codesOf(outcomes).sort()).toEqual(['FAILED_PRECONDITION', 'done']);
      expect(await carriedBy(id)).toHaveLength(1);
    }
  });
});

describe('a tag that becomes a negative one', () => {
  it('is refused while an image carries it beside another, and is as it was', async () => {
    const [tag, other] = [newTag(), newTag()];
    const [id, bare] = idsOf(await fixture.addNew(projectId, 2)) as [string, string];
    await give([id], [tag, other]);
    await expect(reserve(tag)).rejects.toMatchObject(REFUSED);
    expect((await give([bare], [tag, other])).statuses).toEqual(['created', 'created']);
  });

  it('stands alone from the reservation on, for as long as it is reserved', async () => {
    const [tag, other] = [newTag(), newTag()];
    const [id, bare] = idsOf(await fixture.addNew(projectId, 2)) as [string, string];
    await give([id], [tag]);
    await reserve(tag);
    await expect(give([id], [other])).rejects.toMatchObject(REFUSED);
    await expect(give([bare], [other, tag])).rejects.toMatchObject(REFUSED);
    // News of what was changed before it was reserved do not end that.
    await apply(tag, false, 1);
    await expect(give([id], [other])).rejects.toMatchObject(REFUSED);
    // Alone it may be given meanwhile.
    expect((await give([bare], [tag])).statuses).toEqual(['created']);
    const states = fixture.model<TagStateDocument>(TAG_STATE_MODEL);
    const _id = new Types.ObjectId(tag.id);
    const reservedUntil = (await states.findById(_id).lean())?.reservedUntil?.getTime();
    expect(reservedUntil).toBeGreaterThan(Date.now());
    expect(reservedUntil).toBeLessThan(Date.now() + RESERVATION_MS + 10_000);
    // Tagging died: as if it had never been asked for.
    await states.updateOne({ _id }, { $set: { reservedUntil: new Date(Date.now() - 1) } });
    expect((await give([id], [other])).statuses).toEqual(['created']);
  });

  it('is looked up again by whoever knows it as it was, and so is one that is none any more', async () => {
    const [tag, other] = [newTag(), newTag()];
    const [id] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    await reserve(tag);
    await apply(tag, true, 1);
    await expect(give([id], [tag])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await give([id], [{ ...tag, negative: true }])).statuses).toEqual(['created']);
    await expect(give([id], [other])).rejects.toMatchObject(REFUSED);
    await apply(tag, false, 2);
    await apply(tag, true, 1);
    expect((await give([id], [other])).statuses).toEqual(['created']);
    const [late] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    await expect(give([late], [{ ...tag, negative: true }])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await give([late], [tag, other])).statuses).toEqual(['created', 'created']);
  });

  it('while others give it beside more, at two catalogs: no image has both in the end', async () => {
    for (let round = 0; round < 6; round++) {
      const [tag, other] = [newTag(), newTag()];
      const ids = idsOf(await fixture.addNew(projectId, 4, [tag]));
      const [reserved, ...given] = await Promise.allSettled([
        reserve(tag, round % 2 ? catalog : second),
        ...ids.map((id, n) => give([id], [other], n % 2 ? catalog : second)),
      ]);
      const beside = (await Promise.all(ids.map(carriedBy))).filter((tags) => tags?.length === 2);
      // Either it became one, and nobody got both; or some did, and it did not.
      expect([beside.length > 0, codesOf([reserved])]).toEqual(
        reserved.status === 'fulfilled' ? [false, ['done']] : [true, ['FAILED_PRECONDITION']],
      );
      expect(given.filter(({ status }) => status === 'fulfilled')).toHaveLength(beside.length);
    }
  });

  it('keeps what is known of its name, and of many tags at once', async () => {
    const tags = times(5, negativeTag);
    const ids = idsOf(await fixture.addNew(projectId, 5));
    await Promise.all(tags.map((tag, n) => give([ids[n] as string], [tag], n % 2 ? catalog : second)));
    const [tag] = tags as [TagReference];
    await fixture.call(images.applyTag, { tagId: tag.id, projectId, name: 'renamed', revision: 1 });
    const [bare] = idsOf(await fixture.addNew(projectId, 1)) as [string];
    await expect(give([bare], [tag])).rejects.toMatchObject({ code: 'CONFLICT' });
    await give([bare], [{ ...tag, name: 'renamed' }]);
    await expect(give([bare], [newTag()])).rejects.toMatchObject(REFUSED);
  });
});
