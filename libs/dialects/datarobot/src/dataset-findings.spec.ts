import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { datasetContracts as datasets, MAX_FINDINGS_PER_CALL, type Finding } from '@pentaprism/contracts';
import { FINDING_KINDS } from '@pentaprism/domain';
import { dataset, ORIGIN, StandInSystem } from './datarobot.fixture.js';

const { id: DATASET } = dataset;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answer(datasets.get, () => dataset);
});

type Logged = Finding & { omitted?: number };
const message = 'the file is cut off (ends after 41 %)';
const cut: Logged = { kind: 'cut-off', row: 17, column: 'image', file: 'dogs/broken.jpg', message };
const LINE = `row 17, column image, dogs/broken.jpg: ${message}`;
const LINK = `${ORIGIN}/api/v2/datasets/${DATASET}/imagesDataQualityLog/`;

function log(findings: readonly Logged[]): void {
  system.answer(datasets.findings, ({ offset, limit }: { offset: number; limit: number }) => ({
    // Long findings come fewer at a time than asked for.
    findings: findings.slice(offset, offset + Math.min(limit, 100)),
    total: findings.length,
  }));
}
const lines = async (query = '') => (await system.ask('GET', `datasets/${DATASET}/imagesDataQualityLog/${query}`)).body;

describe('the quality log of a dataset', () => {
  it('has one line of text for each finding', async () => {
    log([
      cut,
      { ...cut, row: null, file: null, message: 'no values' },
      { ...cut, row: null, column: null, file: null, message: 'too few rows' },
      { ...cut, file: 'a\r\nb\u001b[2J.png' },
      { ...cut, row: null, column: null, file: null, message: 'unused', omitted: 12 },
    ]);
    expect(await lines()).toEqual({
      ...{ count: 5, totalCount: 5, next: null, previous: null },
      data: [
        LINE,
        'column image: no values',
        'too few rows',
        `row 17, column image, a  b [2J.png: ${message}`,
        '12 more findings of the kind cut-off are not listed',
      ],
    });
  });

  it('is empty for a dataset without findings', async () => {
    log([]);
    expect(await lines()).toEqual({ count: 0, data: [], next: null, previous: null, totalCount: 0 });
    expect((await system.ask('GET', `datasets/${DATASET}/imagesDataQualityLog/file/`)).body).toBe('');
  });

  it('is read in portions that fit into a message, however long it is', async () => {
    log(Array.from({ length: 250 }, (_, i) => ({ ...cut, row: i + 1 })));
    const { data, count, totalCount } = await lines();
    expect([data.length, data[249], count, totalCount]).toEqual([250, LINE.replace('17', '250'), 250, 250]);
    expect(system.calls.map(({ request }) => request)).toEqual(
      [0, 100, 200].map((offset) => ({ datasetId: DATASET, offset, limit: MAX_FINDINGS_PER_CALL })),
    );
  });

  it('is paged, with links to both neighbours', async () => {
    log(Array.from({ length: 250 }, (_, i) => ({ ...cut, row: i + 1 })));
    const page = await lines('?offset=120&limit=120');
    expect([page.count, page.data[0].slice(0, 7)]).toEqual([120, 'row 121']);
    expect([page.previous, page.next]).toEqual([`${LINK}?offset=0&limit=120`, `${LINK}?offset=240&limit=120`]);
    expect((await lines('?offset=999')).data).toEqual([]);
    expect((await system.ask('GET', `datasets/${DATASET}/imagesDataQualityLog/?limit=x`)).status).toBe(422);
  });

  it('is a file with the same lines, under a name that is safe', async () => {
    log([cut, cut]);
    system.answer(datasets.get, () => ({ ...dataset, name: 'a"\u202e/é.zip' }));
    const { headers, body } = await system.ask('GET', `datasets/${DATASET}/imagesDataQualityLog/file/`);
    expect([headers['content-type'], body]).toEqual(['text/plain; charset=utf-8', `${LINE}\n${LINE}\n`]);
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="[\x20-\x7e]*\.txt"; filename\*=UTF-8''%C3%A9-quality-log\.txt$/,
    );
    const head = await system.ask('HEAD', `datasets/${DATASET}/imagesDataQualityLog/file/`);
    expect([head.status, head.body]).toEqual([200, '']);
  });

  it('has a twin for programs', async () => {
    log([cut, { kind: FINDING_KINDS[0], row: null, column: null, file: null, message: 'x', omitted: 3 }]);
    const { body } = await system.ask('GET', `datasets/${DATASET}/findings/?limit=2`);
    expect(body.data).toEqual([
      { ...cut, omitted: null },
      {
        ...{ kind: FINDING_KINDS[0], row: null, column: null, file: null, omitted: 3 },
        message: `3 more findings of the kind ${FINDING_KINDS[0]} are not listed`,
      },
    ]);
  });

  it('is not found where there is no dataset', async () => {
    system.reset();
    for (const path of ['imagesDataQualityLog/', 'imagesDataQualityLog/file/', 'findings/'])
      expect((await system.ask('GET', `datasets/${DATASET}/${path}`)).status).toBe(404);
  });
});
