import { beforeEach, describe, expect, it } from '@jest/globals';
import { iterationContracts, predictionContracts, tagContracts, trainingImageContracts } from '@pentaprism/contracts';
import { DomainError, toUuid } from '@pentaprism/domain';
import {
  apiOfSuite,
  ITER,
  ITERATION,
  ITERATION_RECORD,
  PROJECT,
  T,
  TAG,
  trainingImage,
  V1,
  V3,
} from './custom-vision.fixture.js';

const api = apiOfSuite();

describe('tags of an iteration', () => {
  const [LEFT_OUT, DELETED] = ['1'.repeat(24), '2'.repeat(24)];
  const today = { id: TAG, number: 1, name: 'today', description: 'of today', type: 'regular' };
  const then = (id: string, name: string) => ({ ...trainingImage(), tags: [{ id, number: 9, name, taggedAt: 0 }] });

  /** It was trained on one tag; its images carry another, and one that was deleted since. */
  beforeEach(() => {
    const names = new Map([
      [LEFT_OUT, 'then left out'],
      [DELETED, 'Deleted'],
    ]);
    api.answer(iterationContracts.get, () => ITERATION_RECORD);
    api.answer(iterationContracts.tags, () => ({ tags: [{ id: TAG, name: 'then', type: 'negative' }] }));
    api.answer(trainingImageContracts.countByTag, () => ({
      tagged: 9,
      untagged: 1,
      tags: [LEFT_OUT, TAG, DELETED].map((tagId, i) => ({ tagId, count: i + 2 })),
    }));
    api.answer(trainingImageContracts.count, () => ({ count: 3 }));
    api.answer(trainingImageContracts.list, ({ anyOfTags: [id = ''] }: { anyOfTags: string[] }) => ({
      images: names.has(id) ? [then(id, names.get(id) ?? '')] : [],
      end: true,
    }));
    api.answer(tagContracts.getMany, ({ ids }: { ids: string[] }) => ({
      tags: [today, { ...today, id: LEFT_OUT, name: 'today left out', type: 'general-product' }].filter(({ id }) =>
        ids.includes(id),
      ),
    }));
  });

  it('are called as they were then, by name, with the counts of its images', async () => {
    const answer = await api.json('GET', `${V3}/tags?iterationId=${ITER}`);
    expect(answer.body).toEqual([
      { id: toUuid(DELETED), name: 'Deleted', description: null, type: 'Regular', imageCount: 4 },
      { id: T, name: 'then', description: 'of today', type: 'Negative', imageCount: 3 },
      {
        id: toUuid(LEFT_OUT),
        name: 'then left out',
        description: 'of today',
        type: 'GeneralProduct',
        imageCount: 2,
      },
    ]);
    const key = { projectId: PROJECT, iterationId: ITERATION };
    expect(api.requestsTo(iterationContracts.tags)).toEqual([key]);
    const v1 = await api.json('GET', `${V1}/tags?iterationId=${ITER}`);
    expect(v1.body).toMatchObject({ TotalTaggedImages: 9, TotalUntaggedImages: 1 });
    expect((v1.body as unknown as { Tags: { Name: string }[] }).Tags.map(({ Name }) => Name)).toEqual([
      'Deleted',
      'then',
      'then left out',
    ]);
  });

  it('one by one, too', async () => {
    const one = await api.json('GET', `${V3}/tags/${T}?iterationId=${ITER}`);
    expect(one.body).toMatchObject({ name: 'then', type: 'Negative', imageCount: 3 });
    const deleted = await api.json('GET', `${V3}/tags/${toUuid(DELETED)}?iterationId=${ITER}`);
    expect(deleted.body).toMatchObject({ name: 'Deleted' });
    const unknown = await api.json('GET', `${V3}/tags/${toUuid('3'.repeat(24))}?iterationId=${ITER}`);
    expect([unknown.status, unknown.body]).toMatchObject([404, { code: 'NotFoundTag' }]);
  });
});

it('bounds of a query that nothing is within are refused', async () => {
  api.fail(predictionContracts.query, new DomainError('INVALID_ARGUMENT', 'bounds'));
  for (const [base, name] of [
    [V1, 'Code'],
    [V3, 'code'],
  ]) {
    const tags = [{ id: T, minThreshold: 0.9, maxThreshold: 0.1 }];
    const answer = await api.json('POST', `${base}/predictions/query`, { tags });
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { [name as string]: 'BadRequestPredictionInvalidQueryParameters' },
    ]);
  }
  expect(api.requestsTo(predictionContracts.query)).toMatchObject(
    Array(2).fill({ tags: [{ tagId: TAG, min: 0.9, max: 0.1 }] }),
  );
});
