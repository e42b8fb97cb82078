import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getConnectionToken, getModelToken, MongooseModule } from '@nestjs/mongoose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { BusModule, connectBus, ensureStreams, FactPublisher, watchFact, type BusConnection } from '@pentaprism/bus';
import { imageAdded } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LOGGER, metrics, runWithContext } from '@pentaprism/observability';
import { eventually, startPrivateServers, testScope } from '@pentaprism/testing';
import { mongo, Schema, trusted, type Connection, type Model } from 'mongoose';
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { countInTurn } from './count-in-turn.js';
import { DatabaseModule } from './database.module.js';
import { asDomainError, isDuplicateKey } from './errors.js';
import { Outbox, OutboxModule } from './outbox.js';
import { Transactions } from './transactions.js';

interface Counter {
  name: string;
  value: number;
}

const schema = new Schema<Counter>({ name: { type: String, required: true }, value: Number }, { versionKey: false });
schema.index({ name: 1 }, { unique: true });

const scope = testScope('database');
const data = { imageId: '1'.repeat(24), projectId: '2'.repeat(24), sha256: 'a'.repeat(64) };
let bus: BusConnection;

/** An app with a database, an outbox and the counters; as many in one process as a test wants. */
async function startApp(uri: string, connection = bus): Promise<INestApplicationContext> {
  const imports: ModuleMetadata['imports'] = [
    DatabaseModule.forRoot(uri),
    OutboxModule.forService('catalog'),
    MongooseModule.forFeature([{ name: 'Counter', schema }]),
    { ...BusModule.forConnection(connection), providers: [], exports: [] },
  ];
  @Module({ imports })
  class App {}
  return NestFactory.createApplicationContext(
    {
      module: App,
      global: true,
      providers: [
        { provide: LOGGER, useValue: scope.logger },
        { provide: FactPublisher, useValue: new FactPublisher(connection) },
      ],
      exports: [LOGGER, FactPublisher],
    },
    { logger: false, abortOnError: false },
  );
}

const countersOf = (app: INestApplicationContext) => app.get<Model<Counter>>(getModelToken('Counter'));
const rowsOf = (app: INestApplicationContext) => app.get<Model<{ name: string }>>(getModelToken('OutboxEntry'));

let app: INestApplicationContext;
let counters: Model<Counter>;
let transactions: Transactions;

beforeAll(async () => {
  bus = await connectBus({ url: scope.natsUrl, prefix: scope.subjectPrefix, name: 'test', logger: scope.logger });
  await ensureStreams(bus);
  app = await startApp(scope.mongodbUri);
  counters = countersOf(app);
  transactions = app.get(Transactions);
});
beforeEach(() => counters.deleteMany({}));
afterAll(async () => {
  await app.close();
  await bus.nats.close();
  await scope.cleanUp();
});

describe('a service that serves', () => {
  it('has its unique indexes already', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => counters.create({ name: 'a', value: 0 })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(isDuplicateKey(result.reason)).toBe(true);
  });

  it('writes with majority and journal', () => {
    const { writeConcern } = app.get<Connection>(getConnectionToken()).getClient();
    expect(writeConcern).toMatchObject({ w: 'majority', journal: true });
  });
});

describe('a filter', () => {
  beforeEach(() => counters.create({ name: 'a', value: 1 }));

  it.each([{ $ne: 'x' }, { $gt: '' }, { $regex: '.*' }, { $in: ['a'] }])(
    'takes %j that came as a value for a value',
    async (value) => {
      await expect(counters.findOne({ name: value as never }).lean()).rejects.toMatchObject({ name: 'CastError' });
      await expect(counters.countDocuments({ name: value as never })).rejects.toMatchObject({ name: 'CastError' });
      await expect(counters.deleteMany({ name: value as never })).rejects.toMatchObject({ name: 'CastError' });
      expect(await counters.countDocuments({})).toBe(1);
    },
  );

  it('refuses members that the schema does not have', async () => {
    await expect(counters.findOne({ owner: 'x' } as never)).rejects.toMatchObject({ name: 'StrictModeError' });
  });

  it('still takes the operators that are marked as our own', async () => {
    expect(await counters.countDocuments({ name: trusted({ $in: ['a', 'b'] }) })).toBe(1);
  });
});

describe('a transaction', () => {
  it('returns what the work returns, and keeps it', async () => {
    const result = await transactions.run(async (session) => {
      await counters.create([{ name: 'a', value: 1 }], { session });
      return 'done';
    });
    expect(result).toBe('done');
    expect(await counters.countDocuments({})).toBe(1);
  });

  it('that throws leaves nothing, and throws the same', async () => {
    const refusal = new DomainError('CONFLICT', 'no');
    const run = transactions.run(async (session) => {
      await counters.create([{ name: 'a', value: 1 }], { session });
      throw refusal;
    });
    await expect(run).rejects.toBe(refusal);
    expect(await counters.countDocuments({})).toBe(0);
  });

  it('leaves a duplicate key as it is', async () => {
    await counters.create({ name: 'a', value: 1 });
    const run = transactions.run((session) => counters.create([{ name: 'a', value: 2 }], { session }));
    await expect(run).rejects.toMatchObject({ code: 11000 });
  });

  it('is given up before its caller is, when it cannot be made', async () => {
    const conflict = new mongo.MongoServerError({ message: 'conflict', errorLabels: ['TransientTransactionError'] });
    const began = performance.now();
    const run = transactions.run(async () => {
      throw conflict;
    });
    await expect(run).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('is not waited for when it hangs, and does nothing more when it ends', async () => {
    let hanging = (): void => undefined;
    const hung = new Promise<void>((resolve) => (hanging = resolve));
    const run = transactions.run(async (session) => {
      await counters.create([{ name: 'a', value: 1 }], { session });
      await hung;
      throw new Error('too late');
    });
    await expect(run).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    hanging();
    expect(await counters.countDocuments({})).toBe(0);
  });

  it('is run again on a write conflict, and no update is lost', async () => {
    await counters.create({ name: 'a', value: 0 });
    const before = (await metrics.transactionRetries.get()).values[0]?.value ?? 0;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        transactions.run(async (session) => {
          const counter = await counters.findOne({ name: 'a' }).session(session).lean();
          await sleep(5);
          await counters.updateOne({ name: 'a' }, { $set: { value: (counter?.value ?? 0) + 1 } }, { session });
        }),
      ),
    );
    expect((await counters.findOne({ name: 'a' }).lean())?.value).toBe(8);
    expect((await metrics.transactionRetries.get()).values[0]?.value).toBeGreaterThan(before);
  });
});

describe('countInTurn', () => {
  interface Limited {
    workspace: string;
    value: number;
  }
  const schemaOfLimited = new Schema<Limited>({ workspace: String, value: Number }, { versionKey: false });

  it.each([0, 1])(
    'keeps transactions at once from passing a limit together if there are %d already',
    async (already) => {
      const limited = counters.db.model<Limited>(`Limited${already}`, schemaOfLimited);
      await limited.createCollection();
      const workspace = 'clinic';
      if (already) await limited.create({ workspace, value: 1 });
      const added = await Promise.all(
        Array.from({ length: 8 }, () =>
          transactions.run(async (session) => {
            if ((await countInTurn(limited, { workspace, value: 1 }, session)) >= 3) return false;
            await limited.create([{ workspace, value: 1 }], { session });
            return true;
          }),
        ),
      );
      expect(added.filter(Boolean)).toHaveLength(3 - already);
      expect(await limited.countDocuments()).toBe(3);
    },
  );
});

describe('the outbox', () => {
  const seen: unknown[] = [];
  let stop: () => void;
  let outbox: Outbox;

  beforeEach(async () => {
    seen.length = 0;
    outbox = app.get(Outbox);
    stop = watchFact(bus, imageAdded, (fact) => seen.push(fact));
    await bus.nats.flush();
  });
  afterEach(() => stop());

  const add = (name: string) =>
    transactions.run(async (session) => {
      await counters.create([{ name, value: 1 }], { session });
      await outbox.add(session, imageAdded, data, 'clinic');
    });

  it('publishes what was committed, with trace id, actor and workspace, and forgets it', async () => {
    const published = jest.spyOn(FactPublisher.prototype, 'publish');
    const context = { traceId: 'd'.repeat(32), workspace: '', actor: 'key' };
    await runWithContext(context, () => add('a'));
    outbox.flush();
    await eventually(() => expect(seen).toEqual([data]));
    expect(published.mock.calls.at(-1)?.[0]).toMatchObject({ context: { ...context, workspace: 'clinic' } });
    await eventually(async () => expect(await rowsOf(app).countDocuments({})).toBe(0));
    published.mockRestore();
  });

  it('never publishes what was rolled back', async () => {
    const run = transactions.run(async (session) => {
      await outbox.add(session, imageAdded, { ...data, imageId: '9'.repeat(24) }, 'clinic');
      throw new Error('no');
    });
    await expect(run).rejects.toThrow('no');
    await add('a');
    outbox.flush();
    await eventually(() => expect(seen).toHaveLength(1));
    await sleep(1200);
    expect(seen).toEqual([data]);
  });

  it('publishes what a process left that died between commit and publication', async () => {
    await add('a');
    // No flush: the sweep finds it.
    await eventually(() => expect(seen).toEqual([data]));
    await eventually(async () => expect(await rowsOf(app).countDocuments({})).toBe(0));
  });

  it('of two instances publishes each fact once, as far as consumers can see', async () => {
    const other = await startApp(scope.mongodbUri);
    const manager = await jetstreamManager(bus.nats);
    const stream = `${scope.queuePrefix}_FACTS`;
    const before = (await manager.streams.info(stream)).state.messages;
    for (let n = 0; n < 30; n += 1) await add(`n${n}`);
    outbox.flush();
    other.get(Outbox).flush();
    await eventually(async () => expect(await rowsOf(app).countDocuments({})).toBe(0));
    expect((await manager.streams.info(stream)).state.messages).toBe(before + 30);
    await other.close();
  });

  it('refuses a fact that breaks its contract, and with it the transaction', async () => {
    const run = transactions.run((session) => outbox.add(session, imageAdded, { ...data, sha256: 'x' }, 'clinic'));
    await expect(run).rejects.toMatchObject({ name: 'ZodError' });
  });

  it('leaves for the next start what it cannot publish before it stops', async () => {
    const first = await startApp(scope.mongodbUri.replace(scope.queuePrefix, `${scope.queuePrefix}_stop`));
    const publish = jest.spyOn(first.get(FactPublisher), 'publish').mockImplementation(() => sleep(100));
    await first.get(Transactions).run(async (session) => {
      for (let n = 0; n < 150; n += 1) await first.get(Outbox).add(session, imageAdded, data, 'clinic');
    });
    const rows = rowsOf(first);
    first.get(Outbox).flush();
    await eventually(() => expect(publish).toHaveBeenCalled());
    await first.get(Outbox).onModuleDestroy();
    expect(await rows.countDocuments({})).toBe(50);
    await rows.db.dropDatabase();
    await first.close();
  });
});

describe('without a server', () => {
  it('operations and transactions fail with what becomes UNAVAILABLE, and work when it is back', async () => {
    const servers = await startPrivateServers('mongod');
    const own = testScope('database-faults', servers);
    const lonely = await startApp(own.mongodbUri);
    await servers.stop('mongod');
    const before = Date.now();
    const find = await countersOf(lonely)
      .findOne({ name: 'a' })
      .then(() => undefined, asDomainError);
    expect(find).toMatchObject({ code: 'UNAVAILABLE' });
    const run = lonely
      .get(Transactions)
      .run((session) => countersOf(lonely).create([{ name: 'a', value: 1 }], { session }));
    await expect(run).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    // Both below the deadline of a call on the bus.
    expect(Date.now() - before).toBeLessThan(9500);
    await servers.start('mongod');
    await eventually(() =>
      lonely.get(Transactions).run((session) => countersOf(lonely).create([{ name: 'a', value: 1 }], { session })),
    );
    await lonely.close();
    await servers.cleanUp();
  });
});
