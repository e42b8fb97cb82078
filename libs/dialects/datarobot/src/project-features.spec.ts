import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_COLUMNS_PER_CALL, modelingContracts, type DatasetColumn } from '@pentaprism/contracts';
import { modeling, project, StandInSystem } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const PATH = `projects/${PROJECT}/`;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());

const statistics = { min: 1, max: 30, mean: 12.5, median: 12, standardDeviation: 0.5 };

function column(name: string, changes: Partial<DatasetColumn> = {}): Omit<DatasetColumn, 'index'> {
  const counts = { uniqueCount: 3, missingCount: 0, lowInformation: false };
  return { name, type: 'Categorical', ...counts, statistics: null, ...changes };
}

function has(...columns: readonly Omit<DatasetColumn, 'index'>[]): void {
  const indexed = columns.map((each, index) => ({ ...each, index }));
  system.answer(modelingContracts.columns, ({ offset, limit }: { offset: number; limit: number }) => ({
    columns: indexed.slice(offset, offset + limit),
    total: indexed.length,
  }));
}

beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
  has(
    column('class'),
    column('image', { type: 'Image' }),
    column('weight', { type: 'Numeric', uniqueCount: 25, missingCount: 2, statistics }),
    column('nothing', { uniqueCount: 1, lowInformation: true }),
  );
});
const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);

describe('GET projects/{id}/features/', () => {
  it('is a bare array of all columns in the order of the table', async () => {
    const { body } = await get('features/');
    expect(body.map(({ name }: { name: string }) => name)).toEqual(['class', 'image', 'weight', 'nothing']);
    expect(body[1]).toMatchObject({ id: 1, projectId: PROJECT, featureType: 'Image', lowInformation: false });
    expect(body[2]).toEqual({
      ...{ id: 2, projectId: PROJECT, name: 'weight', featureType: 'Numeric', lowInformation: false, uniqueCount: 25 },
      ...{ naCount: 2, min: 1, max: 30, mean: 12.5, median: 12, stdDev: 0.5, importance: null, dateFormat: null },
      ...{ timeSeriesEligible: false, timeSeriesEligibilityReason: 'notSupported', timeStep: null, timeUnit: null },
      targetLeakage: 'SKIPPED_DETECTION',
    });
  });

  it('reads more columns than fit into one message', async () => {
    has(...Array.from({ length: MAX_COLUMNS_PER_CALL + 1 }, (_, i) => column(`column ${i}`)));
    expect((await get('features/')).body).toHaveLength(MAX_COLUMNS_PER_CALL + 1);
    expect(system.calls).toHaveLength(2);
  });
});

describe('GET projects/{id}/features/{name}/', () => {
  it.each([
    ['class', 'class'],
    ['a%20b', 'a b'],
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a//b', 'a//b'],
    ['a%252Fb', 'a%2Fb'],
    ['100%25', '100%'],
    ['what%3F', 'what?'],
    ['n%23', 'n#'],
    ['gr%C3%B6%C3%9Fe', 'größe'],
    ['%F0%9F%98%80', '\u{1f600}'],
    ['metrics/a', 'metrics/a'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ['__proto__', '__proto__'],
  ])('finds the feature of %s by its name, decoded once', async (written, name) => {
    has(column('another'), column(name));
    for (const path of [`features/${written}/`, `features/${written}`]) {
      const { status, body } = await get(path);
      expect([status, body.name, body.id]).toEqual([200, name, 1]);
    }
  });

  it('finds a feature whose name ends in a slash, or is one', async () => {
    has(column('a/'), column('/'));
    expect((await get('features/a//')).body.name).toBe('a/');
    expect((await get('features/%2F/')).body.name).toBe('/');
  });

  it.each(['unknown', 'CLASS', 'a%2Fb', '%20', '/', 'x'.repeat(600)])('does not find %s', async (written) => {
    const { status, body } = await get(`features/${written}/`);
    expect([status, body.message]).toEqual([404, expect.stringMatching(/./)]);
  });

  it('finds a feature that is called metrics where the query names none', async () => {
    has(column('metrics'));
    const { status, body } = await get('features/metrics/');
    expect([status, body.name, body.uniqueCount]).toEqual([200, 'metrics', 3]);
  });
});

describe('GET projects/{id}/features/metrics/', () => {
  const metricsOf = async (changes: Partial<DatasetColumn>) => {
    has(column('it', changes));
    const { body } = await get('features/metrics/?featureName=it');
    return body.availableMetrics;
  };

  it('says which metrics there are for a target, and which values of them are better', async () => {
    const { status, body } = await get('features/metrics/?featureName=class');
    expect([status, body.featureName]).toEqual([200, 'class']);
    expect(body.availableMetrics).toEqual(['LogLoss', 'AUC', 'Accuracy']);
    const classes = { supportsBinary: true, supportsMulticlass: true, supportsRegression: false };
    expect(body.metricDetails).toEqual([
      { metricName: 'LogLoss', ascending: true, ...classes, supportsTimeseries: false },
      { metricName: 'AUC', ascending: false, ...classes, supportsTimeseries: false },
      { metricName: 'Accuracy', ascending: false, ...classes, supportsTimeseries: false },
    ]);
  });

  it('has those of regression for numbers, and those of classes too where there are few of them', async () => {
    const regression = ['RMSE', 'MAE', 'R Squared'];
    expect(await metricsOf({ type: 'Numeric', uniqueCount: 11 })).toEqual(regression);
    expect(await metricsOf({ type: 'Numeric', uniqueCount: 10 })).toEqual([
      ...['LogLoss', 'AUC', 'Accuracy'],
      ...regression,
    ]);
    const { body } = await get('features/metrics/?featureName=it');
    expect(body.metricDetails.at(-1)).toMatchObject({
      metricName: 'R Squared',
      ascending: false,
      supportsBinary: false,
    });
  });

  it('has those of lists of labels', async () => {
    expect(await metricsOf({ type: 'Multicategorical' })).toEqual(['LogLoss', 'AUC']);
  });

  it.each([
    [{ type: 'Image' }],
    [{ type: 'Text' }],
    [{ type: 'Date' }],
    [{ uniqueCount: 1 }],
    [{ uniqueCount: 1001 }],
  ] as const)('has none for what cannot be a target: %j', async (changes) => {
    expect(await metricsOf(changes)).toEqual([]);
  });

  it('reads the name of the feature from the query, whatever is in it', async () => {
    has(column('a/b & c?'), column('metrics'));
    const { body } = await get('features/metrics/?featureName=a%2Fb+%26+c%3F');
    expect(body.featureName).toBe('a/b & c?');
    expect((await get('features/metrics?featureName=metrics')).body.featureName).toBe('metrics');
  });

  it.each(['', '?featureName=', '?featureName=unknown', '?featureName=class&featureName=image'])(
    'refuses %j with 422',
    async (query) => {
      const { status, body } = await get(`features/metrics/${query}`);
      expect([status, Object.keys(body.errors)]).toEqual([422, ['featureName']]);
    },
  );
});

describe('GET projects/{id}/featurelists/', () => {
  it('is a bare array of the informative features and of all', async () => {
    const { body } = await get('featurelists/');
    const described = { projectId: PROJECT, created: '1970-01-01T00:00:00.000Z', isUserCreated: false, numModels: 0 };
    const ends = { ...described, id: expect.stringMatching(/^[0-9a-f]{24}$/), description: expect.stringMatching(/./) };
    expect(body).toEqual([
      { ...ends, name: 'Informative Features', features: ['class', 'image', 'weight'] },
      { ...ends, name: 'Raw Features', features: ['class', 'image', 'weight', 'nothing'] },
    ]);
  });

  it('has an id for each list of each project, which stays the same', async () => {
    const idsOf = async (id: string) => {
      system.answerProject({ ...project, id }, modeling);
      return (await system.ask('GET', `projects/${id}/featurelists/`)).body.map((list: { id: string }) => list.id);
    };
    const other = 'f'.repeat(24);
    const ids = [...(await idsOf(PROJECT)), ...(await idsOf(other))];
    expect(new Set(ids).size).toBe(4);
    expect([...(await idsOf(PROJECT)), ...(await idsOf(other))]).toEqual(ids);
  });
});
