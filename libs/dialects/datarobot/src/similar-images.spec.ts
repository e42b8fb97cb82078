import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { projectContracts, similarImageContracts as similarImages } from '@pentaprism/contracts';
import { DomainError, MAX_QUERY_PICTURE_BYTES } from '@pentaprism/domain';
import { modeling, ORIGIN, project, StandInSystem } from './datarobot.fixture.js';
import { END, file, FORM_TYPE, part } from './form.fixture.js';

const { id: PROJECT } = project;
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}nearDuplicates/`;
const IMAGE = 'd'.repeat(24);

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
  system.answer(projectContracts.resolve, () => ({ project: PROJECT }));
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const FOUND = { images: [{ imageId: IMAGE, similarity: 0.75, rowCount: 2 }], pending: 3 };
const BODY = { count: 1, data: [{ imageId: IMAGE, similarity: 0.75, rowCount: 2 }], pendingCount: 3 };

/** Answers with pages of as many groups as there are. */
function hasGroups(count: number): void {
  system.answer(similarImages.nearDuplicates, ({ offset, limit }: { offset: number; limit: number }) => ({
    groups: Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, i) => ({
      imageCount: 2,
      images: [
        { imageId: IMAGE, distance: 0, samePixelsAs: null, rowCount: 1 },
        { imageId: 'c'.repeat(24), distance: (offset + i) % 12, samePixelsAs: IMAGE, rowCount: 1 },
      ],
    })),
    total: count,
    pending: 4,
  }));
}

describe('GET projects/{id}/nearDuplicates/', () => {
  it('lists groups with distances and exact duplicates, and says how many images are not compared yet', async () => {
    hasGroups(1);
    const { status, body } = await get('nearDuplicates/');
    const images = [
      { imageId: IMAGE, distance: 0, samePixelsAs: null, rowCount: 1 },
      { imageId: 'c'.repeat(24), distance: 0, samePixelsAs: IMAGE, rowCount: 1 },
    ];
    const page = { count: 1, next: null, previous: null, totalCount: 1, pendingCount: 4 };
    expect([status, body]).toEqual([200, { ...page, data: [{ imageCount: 2, images }] }]);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, threshold: 10, offset: 0, limit: 100 });
  });

  it('has links to both neighbours, which keep the column and the threshold', async () => {
    hasGroups(5);
    const { body } = await get('nearDuplicates/?column=a%26b&threshold=4&offset=2&limit=1');
    expect(body.next).toBe(`${LINK}?column=a%26b&threshold=4&offset=3&limit=1`);
    expect(body.previous).toBe(`${LINK}?column=a%26b&threshold=4&offset=1&limit=1`);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, column: 'a&b', threshold: 4, offset: 2, limit: 1 });
  });

  it('lists all groups for a limit of 0, in several calls', async () => {
    hasGroups(250);
    const { body } = await get('nearDuplicates/?limit=0');
    expect([body.count, body.totalCount, body.next]).toEqual([250, 250, null]);
    expect(system.calls).toHaveLength(3);
  });

  it.each(['threshold=13', 'threshold=-1', 'threshold=x', 'threshold=1&threshold=2', 'limit=1001', 'column='])(
    'refuses ?%s with 422',
    async (query) => {
      const { status, body } = await get(`nearDuplicates/?${query}`);
      expect([status, body.message]).toEqual([422, expect.stringMatching(/./)]);
      expect(system.calls).toEqual([]);
    },
  );

  it('answers 422 for an unknown column and for too many images, and 404 for an unknown project', async () => {
    for (const code of ['INVALID_ARGUMENT', 'FAILED_PRECONDITION'] as const) {
      system.answer(similarImages.nearDuplicates, () => {
        throw new DomainError(code, 'Why.');
      });
      expect(await get('nearDuplicates/')).toMatchObject({ status: 422, body: { message: 'Why.' } });
    }
    system.reset();
    expect((await get('nearDuplicates/')).status).toBe(404);
    expect((await system.ask('GET', 'projects/x/nearDuplicates/')).status).toBe(404);
  });
});

describe('GET projects/{id}/images/{imageId}/similar/', () => {
  it('lists similar images, ten of them without a limit', async () => {
    system.answer(similarImages.similar, () => FOUND);
    expect(await get(`images/${IMAGE}/similar/`)).toMatchObject({ status: 200, body: BODY });
    expect(system.lastCall()).toEqual({ projectId: PROJECT, imageId: IMAGE, limit: 10 });
    await get(`images/${IMAGE}/similar?limit=100&column=a`);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, imageId: IMAGE, column: 'a', limit: 100 });
  });

  it.each(['limit=0', 'limit=101', 'limit=1.5'])('refuses ?%s with 422', async (query) => {
    expect((await get(`images/${IMAGE}/similar/?${query}`)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('answers 404 for an unknown image and for a malformed id', async () => {
    expect((await get(`images/${IMAGE}/similar/`)).status).toBe(404);
    expect((await get('images/x/similar/')).status).toBe(404);
  });
});

describe('POST projects/{id}/similarImages/', () => {
  const search = (parts: readonly Buffer[], query = '') =>
    system.ask('POST', `${PATH}similarImages/${query}`, {
      body: Buffer.concat(parts),
      headers: { 'content-type': FORM_TYPE },
    });

  it('searches by a picture that is stored where nothing is kept', async () => {
    system.answer(similarImages.similarToUpload, () => FOUND);
    const { status, body } = await search(
      [part('name="note"', 'x'), file('a.jpg', 'pixels'), END],
      '?limit=5&column=a',
    );
    expect([status, body]).toEqual([200, BODY]);
    expect(system.stored).toEqual([{ area: 'predictions', workspace: 'w1', bytes: Buffer.from('pixels') }]);
    const content = { sha256: '0'.repeat(64), size: 6, mediaType: 'application/octet-stream' };
    expect(system.lastCall()).toEqual({ projectId: PROJECT, column: 'a', content, limit: 5 });
  });

  it('takes a picture of exactly the largest size', async () => {
    system.answer(similarImages.similarToUpload, () => FOUND);
    expect((await search([file('a.jpg', 'x'.repeat(MAX_QUERY_PICTURE_BYTES)), END])).status).toBe(200);
  });

  it.each([
    ['a picture of one byte too many', [file('a.jpg', 'x'.repeat(MAX_QUERY_PICTURE_BYTES + 1)), END]],
    ['no part "file"', [part('name="data"', 'x'), END]],
    ['two parts "file"', [file(), file(), END]],
    ['an empty picture', [file('a.jpg', ''), END]],
    ['a body that is cut off', [file()]],
  ])('refuses %s with 422, and keeps nothing', async (_what, parts) => {
    expect((await search(parts)).status).toBe(422);
    expect(system.stored).toEqual([]);
  });

  it('answers 422 for bytes that are no picture, and never a status after which the client repeats the upload', async () => {
    for (const code of ['UNDECODABLE_IMAGE', 'RATE_LIMITED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const) {
      system.answer(similarImages.similarToUpload, () => {
        throw new DomainError(code, 'why');
      });
      expect((await search([file(), END])).status).toBe(422);
    }
  });

  it('stores nothing for a project that does not exist', async () => {
    system.reset();
    expect((await search([file(), END])).status).toBe(404);
    expect(system.stored).toEqual([]);
  });
});
