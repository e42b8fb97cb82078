import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { connectBus, type BusConnection } from '@pentaprism/bus';
import { predictionContracts as predictions, type RequestOf } from '@pentaprism/contracts';
import { testScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { IterationRepository } from '../models/iteration.repository.js';
import { ITERATION_MODEL, type IterationDocument } from '../models/iteration.schema.js';
import { PredictionRepository, type PredictionFilter } from './prediction.repository.js';
import { PREDICTION_MODEL, type PredictionDocument } from './prediction.schema.js';
import { PROJECT, StandInsForModels, TAGS } from '../models/models.fixture.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';

const WORKSPACE = 'w1';
const ALL = 3_000;
/** Of them, those in which the dog is likely, and those of an application. */
const LIKELY = 6;
const [CAT, DOG] = TAGS.map(({ id }) => id) as [string, string];

let service: StartedTrainingIngest;
let connection: BusConnection;
let repository: PredictionRepository;

const modelOf = <T>(name: string) => service.app.get<Model<T>>(getModelToken(name), { strict: false });
const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));
const tag = (tagId: string, min: number, max = 1) => ({ tagId, min, max });

const RARE = new Types.ObjectId();

function predictionOf(n: number): PredictionDocument {
  const dog = n % (ALL / LIKELY) === 0 ? 0.9 : (n % 70) / 100;
  return {
    _id: new Types.ObjectId(),
    workspace: WORKSPACE,
    project: new Types.ObjectId(PROJECT),
    iteration: n % (ALL / LIKELY) === 2 ? RARE : new Types.ObjectId(),
    createdAt: new Date(1_700_000_000_000 + n * 1000),
    expiresAt: new Date(Date.now() + 3_600_000),
    application: n % (ALL / LIKELY) === 1 ? 'kiosk' : n % 2 ? 'web' : null,
    content: { sha256: 'ab'.repeat(32), size: 1, mediaType: 'image/png' },
    tags: [
      { tagId: CAT, name: 'cat', type: 'regular', probability: 1 - dog },
      { tagId: DOG, name: 'dog', type: 'regular', probability: dog },
    ],
  };
}

beforeAll(async () => {
  const scope = testScope('stored-predictions');
  service = await startTrainingIngest(scope);
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'stand-ins', logger });
  new StandInsForModels(connection);
  repository = service.app.get(PredictionRepository, { strict: false });
  const model = modelOf<PredictionDocument>(PREDICTION_MODEL);
  await model.init();
  await model.collection.insertMany(times(ALL, predictionOf) as never);
});
afterAll(async () => {
  await connection.nats.close();
  await service.stop();
});

describe('a query of stored predictions', () => {
  const page = { order: 'newest', after: null, limit: 50 } as const;
  const examined = async (filter: Partial<PredictionFilter>, more: object = {}) => {
    const options = { ...page, ...more };
    const explained = await repository.explainPage(WORKSPACE, PROJECT, { tags: [], ...filter }, options);
    const { totalKeysExamined, totalDocsExamined } = explained['executionStats'] as Record<string, number>;
    return { keys: totalKeysExamined ?? Infinity, documents: totalDocsExamined ?? Infinity };
  };
  const found = async (filter: Partial<PredictionFilter>, more: object = {}) =>
    repository.page(WORKSPACE, PROJECT, { tags: [], ...filter }, { ...page, ...more });

  it('by a tag within bounds looks at what it gives', async () => {
    const filter = { tags: [tag(DOG, 0.85, 0.95)] };
    expect((await found(filter)).map(({ tags }) => tags[1]?.probability)).toEqual(times(LIKELY, () => 0.9));
    const { keys, documents } = await examined(filter);
    expect(documents).toBeLessThanOrEqual(2 * LIKELY);
    expect(keys).toBeLessThan(ALL / 10);
  });

  it('by any of several tags, behind a page, and of a time, too', async () => {
    const filter = { tags: [tag(DOG, 0.85), tag(CAT, 0, 0.15)] };
    const [first, second, ...rest] = await found(filter);
    expect(rest).toHaveLength(LIKELY - 2);
    const after = second && { at: second.createdAt, id: second._id };
    expect((await found(filter, { after })).map(({ _id }) => _id)).toEqual(rest.map(({ _id }) => _id));
    expect((await examined(filter, { after })).documents).toBeLessThan(ALL / 10);
    const to = first && first.createdAt.getTime() - 1;
    expect(await found({ ...filter, to })).toHaveLength(LIKELY - 1);
    expect((await examined({ ...filter, to })).documents).toBeLessThan(ALL / 10);
  });

  it('by an application looks at one page of it, in both orders', async () => {
    for (const order of ['newest', 'oldest'] as const) {
      const kiosk = await found({ application: 'kiosk' }, { order });
      expect(kiosk).toHaveLength(LIKELY);
      const seconds = kiosk.map(({ createdAt }) => createdAt.getTime());
      expect(seconds).toEqual([...seconds].sort((a, b) => (order === 'oldest' ? a - b : b - a)));
      expect((await examined({ application: 'kiosk' }, { order })).documents).toBe(LIKELY);
      expect((await examined({ application: 'web' }, { order })).documents).toBeLessThanOrEqual(page.limit);
    }
  });

  it('by an iteration looks at its own alone', async () => {
    const filter = { iterationId: RARE.toHexString() };
    for (const order of ['newest', 'oldest'] as const) {
      expect(await found(filter, { order })).toHaveLength(LIKELY);
      expect((await examined(filter, { order })).documents).toBe(LIKELY);
    }
  });

  it.each([
    ['the lower bound above the upper one', 0.6, 0.5],
    ['less than nothing', -0.1, 0.5],
    ['more than certain', 0.5, 1.1],
  ])('is refused with %s', async (_what, min, max) => {
    const request: RequestOf<typeof predictions.query> = {
      projectId: PROJECT,
      order: 'newest',
      limit: 5,
      tags: [tag(CAT, 0, 1), tag(DOG, min, max)],
    };
    await expect(service.call(predictions.query, request)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('a continuation', () => {
  /** Predictions of this workspace are the test's own: nothing else is in the way. */
  let workspace: string;
  let added = 0;
  const collection = () => modelOf<PredictionDocument>(PREDICTION_MODEL).collection;
  const add = async (...at: number[]) => {
    const records = at.map((time) => ({ ...predictionOf(added++), workspace, createdAt: new Date(time) }));
    await collection().insertMany(records as never);
    return records.map(({ _id }) => _id.toHexString());
  };
  const ask = (limit: number, order: 'newest' | 'oldest', continuation?: string | null) =>
    service.call(
      predictions.query,
      { projectId: PROJECT, order, limit, ...(continuation ? { continuation } : {}) },
      workspace,
    );
  const readAll = async (
    limit: number,
    order: 'newest' | 'oldest',
    between: () => Promise<unknown> = async () => 0,
  ) => {
    const seen: string[] = [];
    for (let [at, pages] = [null as string | null, 0]; pages < 200; pages++) {
      const page = await ask(limit, order, at);
      seen.push(...page.predictions.map(({ id }) => id));
      if (page.continuation === null) return seen;
      at = page.continuation;
      await between();
    }
    throw new Error('the pages have no end');
  };
  beforeEach(() => {
    workspace = `continued-${new Types.ObjectId().toHexString()}`;
  });

  it.each(['newest', 'oldest'] as const)('skips none of 300 predictions with one time, %s first', async (order) => {
    const ids = await add(...times(300, () => 1_700_000_000_000));
    for (const limit of [37, 64, 256]) {
      const seen = await readAll(limit, order);
      expect(seen).toHaveLength(ids.length);
      expect(new Set(seen)).toEqual(new Set(ids));
    }
  });

  it.each(['newest', 'oldest'] as const)(
    'skips none of those that were there while others come, %s first',
    async (order) => {
      const ids = await add(...times(120, (n) => Date.now() - 100_000 + n * 10));
      const late: string[] = [];
      const seen = await readAll(25, order, async () => late.push(...(await add(Date.now()))));
      expect(late.length).toBeGreaterThan(3);
      const expected = order === 'oldest' ? [...ids, ...late] : ids;
      expect(expected.filter((id) => !seen.includes(id))).toEqual([]);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  it('waits for what is being written with an earlier time', async () => {
    const now = Date.now();
    const [first, second, third] = await add(now - 60_000, now - 10, now);
    const asked = ask(2, 'oldest');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const [slow] = await add(now - 20);
    const page = await asked;
    const rest = await ask(2, 'oldest', page.continuation);
    const ids = [...page.predictions, ...rest.predictions].map(({ id }) => id);
    expect(ids).toEqual([first, slow, second, third]);
    expect(rest.continuation).toBeNull();
  });

  it('leaves no prediction out whose picture is not analysed, and tells its domain', async () => {
    const [id] = await add(1_700_000_000_000);
    const { predictions: found } = await ask(10, 'newest');
    expect(found).toMatchObject([{ id, image: null, content: { size: 1 }, domain: 'general-compact' }]);
  });
});

it('whether a file is that of a model or of an export is found in an index', async () => {
  const iterations = service.app.get(IterationRepository, { strict: false });
  const model = modelOf<IterationDocument>(ITERATION_MODEL);
  await model.init();
  const hash = (n: number) => n.toString(16).padStart(64, '0');
  const file = (n: number) => ({ sha256: hash(n), size: 1, mediaType: 'application/octet-stream' });
  const iteration = (n: number) => ({
    workspace: WORKSPACE,
    project: new Types.ObjectId(),
    name: `${n}`,
    status: 'completed',
    createdAt: new Date(n),
    isDefault: false,
    publishName: null,
    deletedAt: null,
    model: n % 2 ? { head: file(n * 10), evaluation: file(n * 10 + 1), examples: file(n * 10 + 2) } : null,
    exports: n % 2 ? [{ content: null }, { content: file(n * 10 + 3) }] : [],
  });
  await model.collection.insertMany(times(400, iteration) as never);
  const [head, exported, unknown] = [hash(70), hash(93), hash(5)];
  const known = await iterations.knownFiles(WORKSPACE, [head, exported, unknown]);
  expect([head, exported, unknown].map((each) => known.has(each))).toEqual([true, true, false]);
  expect(await iterations.knownFiles('w2', [head, exported])).toEqual(new Set());
  const explained = await iterations.explainKnownFiles(WORKSPACE, [head, exported, unknown]);
  const { totalDocsExamined, totalKeysExamined } = explained['executionStats'] as Record<string, number>;
  expect(totalDocsExamined).toBeLessThan(10);
  expect(totalKeysExamined).toBeLessThan(20);
});
