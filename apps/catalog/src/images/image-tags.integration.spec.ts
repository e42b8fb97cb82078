import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FactPublisher } from '@pentaprism/bus';
import {
  imageContracts as images,
  projectContracts as projects,
  type Image,
  type RequestOf,
  type ResponseOf,
  type Rpc,
  type TagChange,
  type TagReference,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { eventually, testScope } from '@pentaprism/testing';
import { randomUUID } from 'node:crypto';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { APPLY_BATCH } from './apply-tag.usecase.js';

const fails = (code: string) => expect.objectContaining({ code });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));

let catalog: StartedCatalog;
/** A new one for each test. */
let workspace: string;
let library: string;
let lastTag = 0;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
  return catalog.call(rpc, request, workspace);
}

/** As tagging would give it. */
function tag(name: string): TagReference {
  const number = ++lastTag;
  return { id: number.toString(16).padStart(24, 'f'), number, name };
}

const create = (tags: TagReference[]) =>
  call(images.create, { fileName: 'a.png', announcedSize: 7, tags, content: null });
const apply = (tagId: string, name: string | null, revision: number) =>
  call(images.applyTag, { tagId, projectId: library, name, revision });
const namesOf = ({ tags }: Image) => tags.map(({ name }) => name);
const carrying = ({ id }: TagReference) => call(images.list, { tagGroups: [[id]] });

/** All images of the workspace, by pages. */
async function all(): Promise<Image[]> {
  const found: Image[] = [];
  for (;;) {
    const { images: page, total } = await call(images.list, { offset: found.length, limit: 1000 });
    found.push(...page);
    if (found.length >= total || page.length === 0) return found;
  }
}

beforeAll(async () => {
  catalog = await startCatalog(testScope('image-tags'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
  library = (await call(projects.resolve, {})).project;
});

describe('the tags of an image', () => {
  it('are replaced as a whole, and lists know', async () => {
    const [a, b, c] = [tag('a'), tag('b'), tag('c')];
    const image = await create([a, b]);
    const { revision } = await call(images.list, {});
    const changed = await call(images.setTags, { id: image.id, tags: [b, c] });
    expect(changed).toEqual({ ...image, tags: [b, c] });
    expect(await call(images.get, { id: image.id })).toEqual(changed);
    const answer = await call(images.list, { known: revision });
    expect(answer.unchanged).toBe(false);
    expect(answer.images).toEqual([changed]);
    expect([(await carrying(a)).total, (await carrying(b)).total, (await carrying(c)).total]).toEqual([0, 1, 1]);
    expect((await call(images.setTags, { id: image.id, tags: [] })).tags).toEqual([]);
  });

  it('are those of one request, when many come at once', async () => {
    const { id } = await create([tag('first')]);
    const sets = times(12, (n) => [tag(`left ${n}`), tag(`right ${n}`)]);
    await Promise.all(sets.map((tags) => call(images.setTags, { id, tags })));
    expect(sets).toContainEqual((await call(images.get, { id })).tags);
  });

  it('cannot be set in another workspace, or where there is no image', async () => {
    const { id } = await create([]);
    const other = await catalog.makeWorkspace();
    await expect(catalog.call(images.setTags, { id, tags: [tag('x')] }, other)).rejects.toEqual(fails('NOT_FOUND'));
    await expect(call(images.setTags, { id: 'e'.repeat(24), tags: [] })).rejects.toEqual(fails('NOT_FOUND'));
    expect((await call(images.get, { id })).tags).toEqual([]);
  });
});

describe('the news of a tag', () => {
  it('reaches every image that carries it, in more than one batch, and no other', async () => {
    const [changing, staying] = [tag('before'), tag('stays')];
    const count = APPLY_BATCH * 2 + 10;
    // A few at a time: a thousand at once take longer than a call may.
    for (let at = 0; at < count; at += 100)
      await Promise.all(times(Math.min(100, count - at), (n) => create(n % 2 ? [changing] : [staying, changing])));
    await Promise.all(times(5, () => create([staying])));
    const { revision } = await call(images.list, {});
    await apply(changing.id, 'after', 1);
    expect((await call(images.list, { known: revision, limit: 1 })).unchanged).toBe(false);
    const renamed = await all();
    expect(renamed.filter((image) => namesOf(image).includes('after'))).toHaveLength(count);
    expect(renamed.filter((image) => namesOf(image).includes('before'))).toEqual([]);
    expect((await carrying(changing)).total).toBe(count);

    await apply(changing.id, null, 2);
    const left = await all();
    expect(left).toHaveLength(count + 5);
    expect(new Set(left.flatMap(namesOf))).toEqual(new Set(['stays']));
    expect((await carrying(changing)).total).toBe(0);
    expect((await carrying(staying)).total).toBe(count / 2 + 5);
  });

  it('is no news when a later one is known', async () => {
    const changing = tag('first');
    const { id } = await create([changing]);
    await apply(changing.id, 'third', 30);
    for (const [name, revision] of [
      ['second', 20],
      [null, 29],
    ] as const) {
      await apply(changing.id, name, revision);
      expect(namesOf(await call(images.get, { id }))).toEqual(['third']);
    }
    await apply(changing.id, null, 31);
    await apply(changing.id, 'third', 30);
    expect(namesOf(await call(images.get, { id }))).toEqual([]);
  });

  it('stays in its workspace', async () => {
    const changing = tag('mine');
    const { id } = await create([changing]);
    const other = await catalog.makeWorkspace();
    const change: TagChange = { tagId: changing.id, projectId: library, name: 'theirs', revision: 1 };
    await catalog.call(images.applyTag, change, other);
    expect(namesOf(await call(images.get, { id }))).toEqual(['mine']);
  });

  it('comes with the fact too, if the call never came', async () => {
    const [renamed, deleted] = [tag('before'), tag('gone')];
    const { id } = await create([renamed, deleted]);
    const publisher = catalog.app.get(FactPublisher, { strict: false });
    const publish = (tagId: string, name: string | null) =>
      publisher.publish({
        id: randomUUID(),
        name: 'tag.changed',
        data: { tagId, projectId: library, name, revision: 5 },
        context: { workspace, traceId: 't', actor: 'ann' },
      });
    await publish(renamed.id, 'after');
    await publish(deleted.id, null);
    await eventually(async () => expect(namesOf(await call(images.get, { id }))).toEqual(['after']));
  });

  it('is heard by images that come later with what was looked up before', async () => {
    const [renamed, deleted] = [tag('before'), tag('gone')];
    await apply(renamed.id, 'after', 1);
    await apply(deleted.id, null, 2);
    const current = { ...renamed, name: 'after' };
    for (const tags of [[renamed], [deleted], [current, deleted]]) {
      await expect(create(tags)).rejects.toEqual(fails('CONFLICT'));
    }
    const { id } = await create([current]);
    for (const tags of [[renamed], [deleted], [current, deleted]]) {
      await expect(call(images.setTags, { id, tags })).rejects.toEqual(fails('CONFLICT'));
    }
    expect(namesOf(await call(images.setTags, { id, tags: [current] }))).toEqual(['after']);
    expect((await all()).map(namesOf)).toEqual([['after']]);
  });

  it('fails one image, not those that are written with it', async () => {
    const [alive, dead] = [tag('alive'), tag('dead')];
    await apply(dead.id, null, 1);
    const outcomes = await Promise.allSettled(times(40, (n) => create(n % 4 ? [alive] : [alive, dead])));
    expect(outcomes.map(({ status }) => status)).toEqual(times(40, (n) => (n % 4 ? 'fulfilled' : 'rejected')));
    expect((await carrying(alive)).total).toBe(30);
  });
});

describe('images that come while their tags change', () => {
  /** Gives images tags as they were when the round began, however long ago that is. */
  async function giveTags(ready: readonly Image[], tags: readonly TagReference[], n: number): Promise<void> {
    const chosen = tags.filter((_, i) => (n + i) % 3 > 0);
    const target = ready[n % ready.length];
    try {
      if (n % 4 === 0 && target) await call(images.setTags, { id: target.id, tags: chosen });
      else await create(chosen);
    } catch (error) {
      // Refused, since one of them is gone: what the caller is told to do is tested elsewhere.
      if (!DomainError.is(error, 'CONFLICT')) throw error;
    }
  }

  it('carry no tag that is gone and no name of before, and totals are what is listed', async () => {
    for (let round = 0; round < 8; round++) {
      const tags = times(6, (n) => tag(`round ${round} tag ${n}`));
      const ready = await Promise.all(times(4, () => create([])));
      const [first, second, third, fourth] = tags.map(({ id }) => id) as [string, string, string, string];
      const changes: (() => Promise<unknown>)[] = [
        () => apply(first, 'renamed once', 10),
        () => apply(second, 'renamed last', 12),
        () => apply(second, 'renamed first', 11),
        () => apply(third, null, 13),
        () => apply(fourth, null, 15),
        () => apply(fourth, 'renamed before its end', 14),
      ];
      await Promise.all([
        ...times(60, (n) => giveTags(ready, tags, n)),
        ...changes.map(async (change, i) => {
          for (let n = 0; n < (i * 7 + round) % 20; n++) await new Promise(setImmediate);
          await change();
        }),
        ...times(30, (n) => giveTags(ready, tags, n)),
      ]);
      // Now, not eventually: every call about a tag has been answered.
      const after = await all();
      const found = new Map(
        after.flatMap((image) => image.tags.map(({ id, name }) => [`${id} ${name}`, { id, name }])),
      );
      const expected = [
        { id: first, name: 'renamed once' },
        { id: second, name: 'renamed last' },
        ...tags.slice(4).map(({ id, name }) => ({ id, name })),
      ];
      for (const known of found.values())
        if (tags.some(({ id }) => id === known.id)) expect(expected).toContainEqual(known);
      for (const known of tags) {
        const { total } = await carrying(known);
        expect(total).toBe(after.filter((image) => image.tags.some(({ id }) => id === known.id)).length);
      }
    }
  });
});
