import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  datasetContracts,
  MAX_FINDINGS_PER_CALL,
  MAX_PROJECT_IMAGES_PER_PAGE,
  modelingContracts,
  type Rpc,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { modeling, ORIGIN, project, StandInSystem } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
});

interface Window {
  readonly offset: number;
  readonly limit: number;
}

const idOf = (i: number) => i.toString(16).padStart(24, '0');
const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const requests = () => system.calls.map(({ request }) => request);

/** Answers with pages of as many items as there are. */
function has<Item>(rpc: Rpc, count: number, item: (i: number) => Item): void {
  system.answer(rpc, ({ offset, limit }: Window) => {
    const length = Math.max(0, Math.min(limit, count - offset));
    return { images: Array.from({ length }, (_, i) => item(offset + i)), total: count };
  });
}
const hasImages = (count: number) =>
  has(modelingContracts.images, count, (i) => ({ imageId: idOf(i), width: 4, height: 3 }));
const hasDuplicates = (count: number) =>
  has(modelingContracts.duplicates, count, (i) => ({ imageId: idOf(i), rowCount: 2 + i }));
const refuseColumn = (rpc: Rpc) =>
  system.answer(rpc, () => {
    throw new DomainError('INVALID_ARGUMENT', 'The project has no image column "x".', { field: 'column' });
  });

describe('GET projects/{id}/imageSamples/', () => {
  it('lists the images of a column, 100 of them without a limit', async () => {
    hasImages(250);
    const { body } = await get('imageSamples/?featureName=a+photo&useCaseIds=x');
    expect([body.count, body.totalCount, body.previous]).toEqual([100, 250, null]);
    expect(body.data[7]).toEqual({ imageId: idOf(7), width: 4, height: 3 });
    expect(requests()).toEqual([{ projectId: PROJECT, column: 'a photo', offset: 0, limit: 100 }]);
    expect(body.next).toBe(`${LINK}imageSamples/?featureName=a+photo&offset=100&limit=100`);
  });

  it('lists those of every image column where none is named', async () => {
    hasImages(2);
    const { body } = await get('imageSamples/');
    expect([body.count, body.next, body.previous]).toEqual([2, null, null]);
    expect(requests()).toEqual([{ projectId: PROJECT, offset: 0, limit: 100 }]);
  });

  it('has links to both neighbours, which keep the column', async () => {
    hasImages(5);
    const { body } = await get('imageSamples/?featureName=%C3%A9%26x&offset=2&limit=1');
    const link = `${LINK}imageSamples/?featureName=%C3%A9%26x`;
    expect([body.previous, body.next]).toEqual([`${link}&offset=1&limit=1`, `${link}&offset=3&limit=1`]);
    const ids: string[] = [];
    for (let next: string | null = `${link}&limit=1`; next !== null;) {
      const page: { data: { imageId: string }[]; next: string | null } = (
        await system.ask('GET', next.slice(`${ORIGIN}/api/v2/`.length))
      ).body;
      ids.push(...page.data.map(({ imageId }) => imageId));
      next = page.next;
    }
    expect(ids).toEqual([0, 1, 2, 3, 4].map(idOf));
  });

  it('reads all images in portions that fit into a message, and none beyond the end', async () => {
    hasImages(2 * MAX_PROJECT_IMAGES_PER_PAGE + 1);
    const { body } = await get('imageSamples/?featureName=image&limit=0');
    expect([body.count, body.data.at(-1).imageId, body.next]).toEqual([1001, idOf(1000), null]);
    expect(system.calls).toHaveLength(3);
    const beyond = await get('imageSamples/?offset=5000');
    expect([beyond.status, beyond.body.data, beyond.body.totalCount]).toEqual([200, [], 1001]);
    const head = await system.ask('HEAD', `${PATH}imageSamples/`);
    expect([head.status, head.body]).toEqual([200, '']);
  });

  it('refuses a column that is not one of images with 422', async () => {
    refuseColumn(modelingContracts.images);
    const { status, body } = await get('imageSamples/?featureName=x');
    expect([status, body.message]).toEqual([422, 'The project has no image column "x".']);
    expect(Object.keys(body.errors)).toEqual(['featureName']);
  });

  const long = 'x'.repeat(256);
  it.each(['featureName=', `featureName=${long}`, 'featureName=a&featureName=b', 'limit=-1', 'limit=1001', 'offset=x'])(
    'refuses ?%s with 422',
    async (query) => {
      expect((await get(`imageSamples/?${query}`)).status).toBe(422);
      expect(system.calls).toEqual([]);
    },
  );
});

describe('GET projects/{id}/duplicateImages/{column}/', () => {
  it.each([
    ['image', 'image'],
    ['a%20b', 'a b'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a%252Fb', 'a%2Fb'],
    ['bl%C3%A5', 'blå'],
    ['%F0%9F%98%80', '\u{1f600}'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('takes the rest of the path %s as the column, decoded once', async (written, column) => {
    hasDuplicates(1);
    for (const path of [`duplicateImages/${written}/`, `duplicateImages/${written}`]) {
      const { status, body } = await get(path);
      expect([status, body.data]).toEqual([200, [{ imageId: idOf(0), rowCount: 2 }]]);
      expect(system.lastCall()).toEqual({ projectId: PROJECT, column, offset: 0, limit: 100 });
    }
  });

  it('has links to both neighbours, which lead to the same column', async () => {
    hasDuplicates(3);
    const { body } = await get('duplicateImages/a/b/?offset=1&limit=1');
    const link = `${LINK}duplicateImages/a%2Fb/`;
    expect([body.previous, body.next]).toEqual([`${link}?offset=0&limit=1`, `${link}?offset=2&limit=1`]);
    await system.ask('GET', body.next.slice(`${ORIGIN}/api/v2/`.length));
    expect(system.lastCall()).toEqual({ projectId: PROJECT, column: 'a/b', offset: 2, limit: 1 });
  });

  it('lists all duplicates where the limit is 0', async () => {
    hasDuplicates(MAX_PROJECT_IMAGES_PER_PAGE + 1);
    const { body } = await get('duplicateImages/image/?limit=0');
    expect([body.count, body.totalCount, body.next]).toEqual([501, 501, null]);
  });

  it('refuses a column that is not one of images with 422', async () => {
    refuseColumn(modelingContracts.duplicates);
    expect((await get('duplicateImages/x/')).status).toBe(422);
  });

  it.each(['duplicateImages//', `duplicateImages/${'x'.repeat(256)}/`])('refuses %s with 422', async (path) => {
    const { status, body } = await get(path);
    expect([status, Object.keys(body.errors)]).toEqual([422, ['column']]);
    expect(system.calls).toEqual([]);
  });

  it('is not found without a column', async () => {
    expect((await get('duplicateImages/')).status).toBe(404);
  });
});

describe('the quality log of a project', () => {
  const finding = { kind: 'cut-off', row: 17, column: 'image', file: 'dogs/a.jpg', message: 'the file is cut off' };
  const LINE = 'row 17, column image, dogs/a.jpg: the file is cut off';
  const log = (count: number) =>
    system.answer(modelingContracts.findings, ({ offset, limit }: Window) => ({
      findings: Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, () => finding),
      total: count,
    }));

  it('has one line of text for each finding, all of them without a limit', async () => {
    log(MAX_FINDINGS_PER_CALL + 1);
    const { body } = await get('imagesDataQualityLog/');
    expect([body.count, body.data[0], body.next]).toEqual([MAX_FINDINGS_PER_CALL + 1, LINE, null]);
    const filter = { projectId: PROJECT, limit: MAX_FINDINGS_PER_CALL };
    expect(requests()).toEqual([0, MAX_FINDINGS_PER_CALL].map((offset) => ({ ...filter, offset })));
    expect(system.calls.map(({ subject }) => subject)).not.toContain(datasetContracts.findings.subject);
  });

  it('is paged, with links to both neighbours', async () => {
    log(3);
    const link = (tail: string) => [`${LINK}${tail}/?offset=0&limit=1`, `${LINK}${tail}/?offset=2&limit=1`];
    for (const tail of ['imagesDataQualityLog', 'findings']) {
      const { body } = await get(`${tail}/?offset=1&limit=1`);
      expect([body.previous, body.next]).toEqual(link(tail));
      expect((await get(`${tail}/?limit=x`)).status).toBe(422);
    }
  });

  it('has a twin for programs', async () => {
    log(1);
    expect((await get('findings/')).body.data).toEqual([{ ...finding, omitted: null }]);
  });

  it('is a file with the same lines, which is named after the project', async () => {
    log(2);
    system.answerProject({ ...project, name: 'My pets.zip' }, modeling);
    const { headers, body } = await get('imagesDataQualityLog/file/');
    expect([headers['content-type'], body]).toEqual(['text/plain; charset=utf-8', `${LINE}\n${LINE}\n`]);
    expect(headers['content-disposition']).toBe('attachment; filename="My pets-quality-log.txt"');
  });

  it.each(['imagesDataQualityLog/', 'imagesDataQualityLog/file/', 'findings/'])(
    'is refused at %s where the project has no image column, in the words of the original',
    async (path) => {
      system.answer(modelingContracts.findings, () => {
        throw new DomainError('FAILED_PRECONDITION', 'why');
      });
      const { status, headers, body } = await get(path);
      expect([status, body.message]).toEqual([422, 'Not a data quality enabled project: it has no image column.']);
      expect([headers['content-type'], headers['content-disposition']]).toEqual([
        expect.stringMatching(/^application\/json/),
        undefined,
      ]);
    },
  );
});
