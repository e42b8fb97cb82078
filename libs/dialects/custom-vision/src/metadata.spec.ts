import { beforeEach, describe, expect, it } from '@jest/globals';
import { trainingImageContracts, trainingIngestContracts } from '@pentaprism/contracts';
import { toUuid } from '@pentaprism/domain';
import { FOREIGN, guids, I, IMAGE, P, PROJECT, apiOfSuite, trainingImage, V3 } from './custom-vision.fixture.js';

const api = apiOfSuite();

const metadata = { Camera: '7', 'a b': '' };
const OTHER = '9'.repeat(24);

beforeEach(() => {
  api.reset();
  api.answer(trainingImageContracts.addMetadata, ({ ids }: { ids: string[] }) => ({
    outcomes: ids.map((id) => (id === IMAGE ? { status: 'added', metadata } : { status: 'not-found' })),
  }));
});

describe('a batch with metadata', () => {
  beforeEach(() =>
    api.answer(trainingIngestContracts.addImages, () => ({
      results: [
        { status: 'added', image: trainingImage() },
        { status: 'undecodable', image: null },
        { status: 'duplicate', image: trainingImage() },
      ],
    })),
  );

  it.each(['urls', 'files', 'predictions'])(
    'of %s gives it to its images, those that were there before too',
    async (path) => {
      const images = Array.from({ length: 3 }, () => ({ url: 'x', contents: 'AAAA', id: I }));
      const answer = await api.json('POST', `${V3}/images/${path}`, { images, Metadata: metadata });
      expect((answer.body as unknown as { images: unknown[] }).images).toMatchObject([
        { status: 'OK', image: { metadata } },
        { status: 'ErrorImageFormat', image: null },
        { status: 'OKDuplicate', image: { metadata } },
      ]);
      expect(api.requestsTo(trainingImageContracts.addMetadata)).toEqual([
        { projectId: PROJECT, ids: [IMAGE], metadata },
      ]);
    },
  );

  it('has it in versions that know it', async () => {
    for (const [version, isShown] of [
      ['v3.2', false],
      ['v3.3', true],
    ] as const) {
      // prettier-ignore
      const url = `/customvision/${version}/training/projects/${P}/images/urls`;
      const answer = await api.json('POST', url, { images: [{ url: 'x' }], metadata });
      const [first] = (answer.body as unknown as { images: { image: object }[] }).images;
      expect('metadata' in (first?.image ?? {})).toBe(isShown);
    }
  });

  it.each([
    ['a key that is too long', { ['k'.repeat(129)]: '' }, 'BadRequestImageMetadataKey'],
    ['an empty key', { '': 'v' }, 'BadRequestImageMetadataKey'],
    ['a value that is too long', { k: 'v'.repeat(257) }, 'BadRequestImageMetadataValue'],
    ['eleven pairs', Object.fromEntries([...'abcdefghijk'].map((key) => [key, ''])), 'BadRequestImageMetadataKey'],
    ['a control character in a key', { 'k\u0001': '' }, 'BadRequestImageMetadataKey'],
    ['a control character in a value', { k: 'v\u0085' }, 'BadRequestImageMetadataValue'],
    ['a number', { k: 5 }, 'BadRequest'],
  ])('is refused for %s', async (_what, wrong, code) => {
    const answer = await api.json('POST', `${V3}/images/urls`, { images: [{ url: 'x' }], metadata: wrong });
    expect([answer.status, answer.body]).toMatchObject([400, { code }]);
    expect(api.requestsTo(trainingIngestContracts.addImages)).toEqual([]);
  });
});

describe('the update of metadata', () => {
  it('answers as the original', async () => {
    const answer = await api.json('POST', `${V3}/images/metadata?imageIds=${I}`, metadata);
    expect([answer.status, answer.body]).toEqual([
      200,
      { isBatchSuccessful: true, images: [{ imageId: I, status: 'OK', metadata }] },
    ]);
  });

  it('answers 200 in versions whose clients raise on 207', async () => {
    const path = `${V3.replace('v3.4-preview', 'v3.2')}/images/metadata?imageIds=${toUuid(OTHER)}`;
    const answer = await api.json('POST', path, metadata);
    expect([answer.status, answer.body]).toMatchObject([200, { isBatchSuccessful: false }]);
  });

  it('says of which images there are none', async () => {
    const answer = await api.json('POST', `${V3}/images/metadata?imageIds=${I},${toUuid(OTHER)},${FOREIGN}`, metadata);
    expect([answer.status, answer.body]).toMatchObject([
      207,
      {
        isBatchSuccessful: false,
        images: [{ status: 'OK' }, { status: 'ErrorImageNotFound', metadata: null }, { status: 'ErrorImageNotFound' }],
      },
    ]);
  });

  it.each([
    ['?imageIds=', 'BadRequestRequiredParamIsNull'],
    [`?imageIds=${guids(65).join(',')}`, 'BadRequestExceededBatchSize'],
  ])('is refused with %.30s', async (query, code) => {
    const answer = await api.json('POST', `${V3}/images/metadata${query}`, metadata);
    expect([answer.status, answer.body]).toMatchObject([400, { code }]);
  });
});
