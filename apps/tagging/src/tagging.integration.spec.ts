import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { MAX_TAG_NAME_LENGTH, MAX_TAGS_PER_IMAGE } from '@pentaprism/domain';
import { testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { TAG_MODEL, type TagDocument } from './adapters/mongo/tag.repository.js';
import { LIBRARY, OTHER_PROJECT, startTagging, type StartedTagging } from './tagging.fixture.js';

let tagging: StartedTagging;
const ensure: StartedTagging['ensure'] = (...request) => tagging.ensure(...request);

const count = (name: string) =>
  tagging.app.get<Model<TagDocument>>(getModelToken(TAG_MODEL), { strict: false }).countDocuments({
    workspace: 'w1',
    name,
  });

beforeAll(async () => {
  tagging = await startTagging(testScope('tagging'));
});

afterAll(() => tagging.stop());

describe('tags', () => {
  it('are made where they are missing, once, in the order of the names', async () => {
    const first = await ensure(['zebra', 'ant', 'zebra']);
    expect(first.map(({ name }) => name)).toEqual(['zebra', 'ant']);
    expect(await ensure(['zebra', 'ant'])).toEqual(first);
    const [bee, ant] = await ensure(['bee', 'ant']);
    expect(ant).toEqual(first[1]);
    expect(first.map(({ number }) => number)).not.toContain(bee?.number);
    expect(await ensure([])).toEqual([]);
  });

  it('are one, when many make the same one at once', async () => {
    for (let round = 0; round < 5; round++) {
      const [shared, also] = [`shared ${round}`, `also ${round}`];
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => ensure(n % 2 ? [shared, also] : [also, `own ${round} ${n}`, shared])),
      );
      const ids = answers.map((tags) => tags.find(({ name }) => name === shared)?.id);
      expect(new Set(ids).size).toBe(1);
      expect(ids[0]).toBeDefined();
      for (const [n, tags] of answers.entries()) expect(tags).toHaveLength(n % 2 ? 2 : 3);
      expect([await count(shared), await count(also)]).toEqual([1, 1]);
    }
  });

  it('are data: told apart by every character, and never taken for anything else', async () => {
    const names = [
      'Cat',
      'cat',
      ' cat',
      'cat ',
      'GRÖSSE',
      'größe',
      '%',
      '.*',
      '$where',
      '__proto__',
      'constructor',
      '🦊',
    ];
    const made = await ensure(names);
    expect(made.map(({ name }) => name)).toEqual(names);
    expect(new Set(made.map(({ id }) => id)).size).toBe(names.length);
    expect(await ensure(names)).toEqual(made);
  });

  it('belong to one project of one workspace', async () => {
    const tagIn = async (where: { workspace?: string; projectId?: string }) => (await ensure(['mine'], where))[0]?.id;
    const here = await tagIn({});
    expect(await tagIn({ projectId: LIBRARY })).toBe(here);
    expect(await tagIn({ projectId: OTHER_PROJECT })).not.toBe(here);
    expect(await tagIn({ workspace: 'w2' })).not.toBe(here);
    await expect(ensure(['lost'], { projectId: 'c'.repeat(24) })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await count('lost')).toBe(0);
  });

  it.each([
    ['a blank name', [' ']],
    ['the separator of searches', ['a|b']],
    ['NUL', ['a\0b']],
    ['a name that is too long', ['x'.repeat(MAX_TAG_NAME_LENGTH + 1)]],
    ['too many', Array.from({ length: MAX_TAGS_PER_IMAGE + 1 }, (_, n) => `tag ${n}`)],
  ])('refuse %s, and make none of the others', async (_what, names) => {
    await expect(ensure(['innocent', ...names])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await count('innocent')).toBe(0);
  });
});
