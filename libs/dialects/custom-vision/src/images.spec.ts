import { describe, expect, it } from '@jest/globals';
import { iterationContracts, tagContracts, taggingContracts, trainingImageContracts } from '@pentaprism/contracts';
import { DomainError, toUuid } from '@pentaprism/domain';
import {
  apiOfSuite,
  FOREIGN,
  guids,
  I,
  IMAGE,
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

describe('lists of images', () => {
  const list = (images = [trainingImage()]) => api.answer(trainingImageContracts.list, () => ({ images, end: true }));

  it('are kept for as long as the catalog says that nothing has changed', async () => {
    let revision = 'r1';
    let end = true;
    api.answer(trainingImageContracts.list, ({ known, offset }) =>
      known === revision
        ? { images: [], end: false, revision, unchanged: true }
        : { images: [trainingImage()], end: end || offset > 3, revision },
    );
    const ask = async () => (await api.json('GET', `${V3}/images/tagged?take=2&skip=3`)).body;
    const first = await ask();
    expect(await ask()).toEqual(first);
    const requests = () => api.requestsTo(trainingImageContracts.list) as { known?: string; offset: number }[];
    const knowns = () => requests().map(({ known, offset }) => [known, offset]);
    expect(knowns()).toEqual([
      [undefined, 3],
      ['r1', 3],
    ]);
    [revision, end] = ['r2', false];
    expect(await ask()).toHaveLength(2);
    expect(knowns().slice(2)).toEqual([
      ['r1', 3],
      [undefined, 4],
    ]);
    await ask();
    expect(knowns().at(-1)).toEqual(['r2', 3]);
  });

  it('in both generations', async () => {
    list();
    const v3 = await api.json('GET', `${V3}/images/tagged?tagIds=${T},${T}&take=5&skip=1`);
    const original = `http://files.example/w/${IMAGE}?a=1&b=2`;
    expect(v3.body).toEqual([
      {
        id: I,
        created: '2026-01-02T03:04:05.678Z',
        width: 96,
        height: 64,
        originalImageUri: original,
        resizedImageUri: original,
        thumbnailUri: 'http://files.example/w/thumbnails/22222222',
        tags: [{ tagId: T, tagName: 'hemlock & "é"', created: '2026-01-02T03:04:05.678Z' }],
      },
    ]);
    expect(api.requestsTo(trainingImageContracts.list)[0]).toMatchObject({
      anyOfTags: [TAG],
      offset: 1,
      limit: 5,
      tagging: 'tagged',
      order: 'newest',
    });
    const v1 = await api.json('GET', `${V1}/images/tagged`);
    expect(v1.body).toEqual([
      {
        Id: I,
        Created: '2026-01-02T03:04:05.678Z',
        Width: 96,
        Height: 64,
        ImageUri: original,
        ThumbnailUri: 'http://files.example/w/thumbnails/22222222',
        Tags: [{ TagId: T, Created: '2026-01-02T03:04:05.678Z' }],
      },
    ]);
  });

  it('in XML', async () => {
    list();
    const answer = await api.send('GET', `${V1}/images/untagged`, { headers: { accept: 'text/xml' } });
    expect(answer.type).toBe('text/xml; charset=utf-8');
    expect(answer.text).toBe(
      '<?xml version="1.0" encoding="utf-8"?><ArrayOfImage><Image>' +
        `<Id>${I}</Id><Created>2026-01-02T03:04:05.678Z</Created><Width>96</Width><Height>64</Height>` +
        `<ImageUri>http://files.example/w/${IMAGE}?a=1&amp;b=2</ImageUri>` +
        '<ThumbnailUri>http://files.example/w/thumbnails/22222222</ThumbnailUri>' +
        `<Tags><ImageTag><TagId>${T}</TagId><Created>2026-01-02T03:04:05.678Z</Created></ImageTag></Tags>` +
        '</Image></ArrayOfImage>',
    );
    list([]);
    const empty = await api.send('GET', `${V1}/images/untagged`, { headers: { accept: 'application/xml' } });
    expect(empty.text).toBe('<?xml version="1.0" encoding="utf-8"?><ArrayOfImage/>');
  });

  it('as they were for an iteration, and of the workspace by its own id', async () => {
    list();
    api.answer(iterationContracts.get, () => ITERATION_RECORD);
    api.answer(iterationContracts.imagePerformances, () => ({
      images: [{ ...trainingImage(), predictions: [{ tagId: TAG, name: 'x', type: 'regular', probability: 0.75 }] }],
      end: true,
      total: 1,
    }));
    const answer = await api.json('GET', `${V1}/images/tagged?iterationId=${ITER}`);
    expect(answer.body).toMatchObject([
      {
        ImageUri: 'http://files.example/w/originals/11111111',
        Predictions: [{ TagId: T, Tag: 'x', Probability: 0.75 }],
      },
    ]);
    await api.json('GET', `${V3}/images/tagged?iterationId=${toUuid(PROJECT, 1)}`);
    expect(api.requestsTo(trainingImageContracts.list)).toMatchObject([{ snapshotId: ITERATION }, {}]);
    expect(api.requestsTo(trainingImageContracts.list)[1]).not.toHaveProperty('snapshotId');
  });

  it('asks again for what did not fit into one answer', async () => {
    const pages = [[trainingImage('1'.repeat(24))], [trainingImage('2'.repeat(24))], []];
    api.answer(trainingImageContracts.list, () => ({ images: pages.shift() ?? [], end: false }));
    expect((await api.json('GET', `${V3}/images?take=3`)).body).toHaveLength(2);
    expect(api.requestsTo(trainingImageContracts.list)).toMatchObject([{ limit: 3 }, { offset: 1, limit: 2 }, {}]);
  });

  it.each([
    ['take=257', 400, 'BadRequestExceededBatchSize'],
    ['take=-1', 400, 'BadRequestExceededBatchSize'],
    ['skip=-1', 400, 'BadRequestExceededBatchSize'],
    ['take=1e2', 400, 'BadRequest'],
    ['take=1&take=2', 400, 'BadRequest'],
    ['tagIds=x', 400, 'BadRequestInvalidIds'],
    ['orderBy=Best', 400, 'BadRequest'],
    ['iterationId=x', 400, 'BadRequestInvalidIds'],
    [`iterationId=${FOREIGN}`, 404, 'NotFoundIteration'],
    [`iterationId=${ITER}`, 404, 'NotFoundIteration'],
  ])('refuses %s', (query, status, code) => refused(query, status, code));

  it('refuses 21 tags', () => refused(`tagIds=${guids(21).join(',')}`, 400, 'BadRequestExceededBatchSize'));

  async function refused(query: string, status: number, code: string): Promise<void> {
    for (const [base, name] of [
      [V1, 'Code'],
      [V3, 'code'],
    ] as const) {
      // prettier-ignore
      const answer = await api.json('GET', `${base}/images/tagged?${query}`);
      expect([answer.status, answer.body]).toMatchObject([status, { [name]: code }]);
    }
  }

  it('takes what clients write', async () => {
    list([]);
    for (const query of [
      'tagIds=',
      'TAKE=256',
      `tagIds=${T.toUpperCase()}%2C${T}`,
      `tagIds=${T}&tagIds=${FOREIGN}`,
      'orderBy=oldest',
      'skip=99999999999',
    ])
      expect((await api.json('GET', `${V3}/images/tagged?${query}`)).status).toBe(200);
    expect(api.requestsTo(trainingImageContracts.list)).toMatchObject([
      {},
      { limit: 256 },
      { anyOfTags: [TAG] },
      { anyOfTags: [TAG, '0'.repeat(24)] },
      { order: 'oldest' },
      { offset: 10_000_000 },
    ]);
  });

  it('counts with bare numbers', async () => {
    api.answer(trainingImageContracts.count, () => ({ count: 12 }));
    expect((await api.send('GET', `${V3}/images/tagged/count`)).text).toBe('12');
    const xml = await api.send('GET', `${V3}/images/count`, { headers: { accept: 'application/xml' } });
    expect(xml.text).toBe('<?xml version="1.0" encoding="utf-8"?><int>12</int>');
  });

  it('by ids, as many calls as it takes', async () => {
    const [a, b] = ['1'.repeat(24), '2'.repeat(24)];
    api.answer(trainingImageContracts.getMany, ({ ids }: { ids: string[] }) => ({
      images: [trainingImage(ids[0])],
      next: ids.length > 1 ? 1 : null,
    }));
    const answer = await api.json('GET', `${V3}/images/id?imageIds=${toUuid(a)},${FOREIGN},${toUuid(b)}`);
    expect((answer.body as unknown as { id: string }[]).map(({ id }) => id)).toEqual([toUuid(a), toUuid(b)]);
  });
});

describe('tags of images, and deletions', () => {
  it('refuses a negative tag beside another', async () => {
    const refused = new DomainError('FAILED_PRECONDITION', 'no', { reason: 'negative-tag' });
    api.fail(taggingContracts.tagImages, refused);
    api.fail(tagContracts.update, refused);
    const code = 'BadRequestNegativeAndRegularTagOnSameImage';
    const pairs = await api.json('POST', `${V3}/images/tags`, { tags: [{ imageId: I, tagId: T }] });
    expect([pairs.status, pairs.body]).toMatchObject([400, { code }]);
    const type = await api.json('PATCH', `${V3}/tags/${T}`, { name: 'a', description: '', type: 'Negative' });
    expect([type.status, type.body]).toMatchObject([400, { code }]);
  });

  it('tells what became of each pair', async () => {
    api.answer(taggingContracts.tagImages, () => ({ statuses: ['created', 'present', 'exceeded'] }));
    const tags = guids(3).map((imageId) => ({ imageId, tagId: T }));
    const body = JSON.stringify({ Tags: tags.map(({ imageId, tagId }) => ({ ImageId: imageId, TagId: tagId })) });
    const v1 = await api.send('POST', `${V1}/images/tags`, {
      headers: { 'content-type': 'application/json', accept: 'text/xml' },
      body,
    });
    const entry = (id = '') => `<ImageTagCreateEntry><ImageId>${id}</ImageId><TagId>${T}</TagId></ImageTagCreateEntry>`;
    const [a, b, c] = guids(3);
    expect(v1.text).toBe(
      `<?xml version="1.0" encoding="utf-8"?><ImageTagCreateSummary><Created>${entry(a)}</Created><Duplicated>${entry(b)}</Duplicated><Exceeded>${entry(c)}</Exceeded></ImageTagCreateSummary>`,
    );
    expect((await api.json('POST', `${V3}/images/tags`, { tags })).body).toEqual({
      created: [tags[0]],
      duplicated: [tags[1]],
      exceeded: [tags[2]],
    });
  });

  it.each([
    ['no pairs', {}, 'BadRequestImageBatch'],
    ['129 pairs', { tags: guids(129).map((imageId) => ({ imageId, tagId: T })) }, 'BadRequestExceededBatchSize'],
    ['half a pair', { tags: [{ imageId: I }] }, 'BadRequest'],
    ['an unknown image', { tags: [{ imageId: FOREIGN, tagId: T }] }, 'BadRequestInvalidIds'],
  ])('refuses %s', async (_what, batch, code) => {
    const answer = await api.json('POST', `${V3}/images/tags`, batch);
    expect([answer.status, answer.body]).toMatchObject([400, { code }]);
  });

  it('takes 256 ids in one query, and passes over what is none of ours', async () => {
    api.answer(trainingImageContracts.deleteMany, () => ({ deleted: 0 }));
    api.answer(trainingImageContracts.getMany, () => ({ images: [], next: null }));
    expect((await api.send('DELETE', `${V1}/images?imageIds=${guids(256).join(',')}`)).status).toBe(204);
    expect((await api.send('DELETE', `${V1}/images?imageIds=${FOREIGN}`)).status).toBe(204);
    expect(api.requestsTo(trainingImageContracts.deleteMany)).toHaveLength(1);
    for (const [query, code] of [
      [`?imageIds=${guids(257).join(',')}`, 'BadRequestExceededBatchSize'],
      ['', 'BadRequestRequiredParamIsNull'],
      ['?imageIds=', 'BadRequestRequiredParamIsNull'],
    ])
      expect((await api.json('DELETE', `${V1}/images${query}`)).body).toMatchObject({ Code: code });
  });

  it('deletes all in v3, and says so', async () => {
    const pages = [[trainingImage()], []];
    api.answer(trainingImageContracts.list, () => ({ images: pages.shift() ?? [], end: true }));
    api.answer(trainingImageContracts.deleteMany, () => ({ deleted: 1 }));
    expect((await api.send('DELETE', `${V3}/images?allImages=true&allIterations=false`)).status).toBe(202);
    expect(api.requestsTo(trainingImageContracts.deleteMany)).toEqual([{ projectId: PROJECT, ids: [IMAGE] }]);
    const refused = await api.json('DELETE', `${V3}/images?allImages=true&allIterations=true`);
    expect(refused.body).toMatchObject({ code: 'BadRequestOperationNotSupported' });
  });
});
