import type { INestMicroservice } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { imageAdded, imageDeleted, streamName, tagContracts, type Fact } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { CallContext } from '@pentaprism/observability';
import { eventually, startPrivateServers, testScope, type PrivateServers, type TestScope } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from './bus.js';
import { connectBus, type BusConnection } from './connection.js';
import { MAX_DELIVERIES } from './fact-consumer.js';
import { ensureStreams, FactPublisher, watchFact } from './facts.js';
import { factController, startOnBus, taggingControllers, workerControllers } from './on-bus.fixture.js';

const context: CallContext = { traceId: 'c'.repeat(32), workspace: 'clinic', actor: 'key' };
const data = (n: number) => ({
  imageId: n.toString(16).padStart(24, '0'),
  projectId: '0'.repeat(24),
  sha256: 'a'.repeat(64),
});
const numberOf = (seen: unknown) => parseInt((seen as { imageId: string }).imageId, 16);

let scope: TestScope;
let connection: BusConnection;
let publisher: FactPublisher;
let published = 0;
const apps: INestMicroservice[] = [];

const publish = (n: number, id = `fact-${(published += 1)}`) =>
  publisher.publish({ id, name: imageAdded.name, data: data(n), context });
const consume = async (handle: (seen: unknown, context: CallContext) => unknown, fact: Fact = imageAdded) => {
  const app = await startOnBus(scope, 'tagging', ...taggingControllers(), factController(fact, handle));
  apps.push(app);
  return app;
};
const stopAll = () => Promise.all(apps.splice(0).map((app) => app.close()));
const open = async (of: TestScope) => {
  scope = of;
  connection = await connectBus({ url: of.natsUrl, prefix: of.subjectPrefix, name: 'test', logger: of.logger });
  publisher = new FactPublisher(connection);
};
const streams = async () => (await jetstreamManager(connection.nats)).streams;

describe('facts', () => {
  // Each test has streams of its own: a durable consumer remembers.
  beforeAll(() => open(testScope('facts')));
  afterEach(async () => {
    await stopAll();
    await scope.cleanUp();
  });
  afterAll(() => connection.nats.close());

  it('reach their consumer with data and context', async () => {
    const seen: unknown[] = [];
    await consume((fact, from) => seen.push(fact, from));
    await publish(1);
    await eventually(() => expect(seen).toEqual([data(1), context]));
  });

  it('published while the consumer was down reach it when it is back', async () => {
    const seen: number[] = [];
    const first = await consume((fact) => seen.push(numberOf(fact)));
    await publish(1);
    await eventually(() => expect(seen).toEqual([1]));
    await first.close();
    apps.splice(0);
    await publish(2);
    await publish(3);
    await consume((fact) => seen.push(numberOf(fact)));
    await eventually(() => expect(seen).toEqual([1, 2, 3]));
  });

  it('published before there was any consumer reach it', async () => {
    await publish(7);
    const seen: number[] = [];
    await consume((fact) => seen.push(numberOf(fact)));
    await eventually(() => expect(seen).toEqual([7]));
  });

  it('reach one of two instances only', async () => {
    const seen: number[] = [];
    await consume((fact) => seen.push(numberOf(fact)));
    await consume((fact) => seen.push(numberOf(fact)));
    for (let n = 1; n <= 40; n += 1) await publish(n);
    await eventually(() => expect(seen).toHaveLength(40));
    await sleep(200);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('published twice under one id are handled once', async () => {
    const seen: number[] = [];
    await consume((fact) => seen.push(numberOf(fact)));
    await publish(1, 'same');
    await publish(1, 'same');
    await publish(2);
    await eventually(() => expect(seen).toContain(2));
    expect(seen.toSorted()).toEqual([1, 2]);
  });

  it('whose handler fails come again', async () => {
    let attempts = 0;
    await consume(() => {
      attempts += 1;
      if (attempts < 3) throw new Error('not yet');
    });
    await publish(1);
    await eventually(() => expect(attempts).toBe(3));
    await sleep(1200);
    expect(attempts).toBe(3);
    await expect((await streams()).getMessage(streamName(scope.subjectPrefix, 'DEAD'), { seq: 1 })).resolves.toBeNull();
  });

  it('that their handlers give up are kept as one dead letter for each consumer', async () => {
    const attempts = new Map<string, number>();
    const failing = (name: string) => () => {
      attempts.set(name, (attempts.get(name) ?? 0) + 1);
      throw new Error('never');
    };
    await consume(failing('tagging'));
    const other = await startOnBus(
      scope,
      'worker',
      ...workerControllers(),
      factController(imageAdded, failing('worker')),
    );
    apps.push(other);
    await publish(5, 'letter');
    const dead = streamName(scope.subjectPrefix, 'DEAD');
    const letters = await eventually(
      async () => {
        const found = await Promise.all(
          ['tagging', 'worker'].map(async (name) =>
            (await streams()).getMessage(dead, {
              last_by_subj: `${scope.subjectPrefix}dead.${name}-image-added.image.added`,
            }),
          ),
        );
        expect(found.every((letter) => letter !== null)).toBe(true);
        return found;
      },
      { timeoutMs: 12_000, everyMs: 100 },
    );
    for (const letter of letters) expect(letter?.json()).toEqual(data(5));
    expect(Object.fromEntries(attempts)).toEqual({ tagging: MAX_DELIVERIES, worker: MAX_DELIVERIES });
    const manager = await jetstreamManager(connection.nats);
    const info = await manager.consumers.info(streamName(scope.subjectPrefix, 'FACTS'), 'tagging-image-added');
    expect(info).toMatchObject({ num_ack_pending: 0, num_pending: 0 });
  });

  it('outlast an outage of what their handler needs', async () => {
    let attempts = 0;
    await consume(() => {
      attempts += 1;
      if (attempts <= MAX_DELIVERIES) throw new DomainError('UNAVAILABLE', 'The database does not answer.');
    });
    await publish(1);
    await eventually(() => expect(attempts).toBe(MAX_DELIVERIES + 1), { timeoutMs: 15_000 });
    await expect((await streams()).getMessage(streamName(scope.subjectPrefix, 'DEAD'), { seq: 1 })).resolves.toBeNull();
  });

  it('are handled a bounded number at once', async () => {
    let active = 0;
    let most = 0;
    let handled = 0;
    await consume(async () => {
      most = Math.max(most, (active += 1));
      await sleep(30);
      active -= 1;
      handled += 1;
    });
    await Promise.all(Array.from({ length: 120 }, (_, n) => publish(n)));
    await eventually(() => expect(handled).toBe(120));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('being handled are finished before the service stops', async () => {
    let finished = false;
    let begun = false;
    const app = await consume(async () => {
      begun = true;
      await sleep(300);
      finished = true;
    });
    await publish(1);
    await eventually(() => expect(begun).toBe(true));
    await app.close();
    apps.splice(0);
    expect(finished).toBe(true);
  });

  it('do not keep a service from stopping while it starts', async () => {
    const app = await consume(() => undefined);
    await app.close();
    apps.splice(0);
  }, 4000);

  it('go on after their streams were deleted', async () => {
    const seen: number[] = [];
    await consume((fact) => seen.push(numberOf(fact)));
    await publish(1);
    await eventually(() => expect(seen).toEqual([1]));
    await (await streams()).delete(streamName(scope.subjectPrefix, 'FACTS'));
    await publish(2);
    await eventually(() => expect(seen).toEqual([1, 2]), { timeoutMs: 20_000 });
  });

  it('can be watched as they pass, and nonsense on their subject is passed over', async () => {
    await ensureStreams(connection);
    const seen: unknown[] = [];
    const stop = watchFact(connection, imageDeleted, (fact) => seen.push(fact));
    await publisher.publish({ id: 'w0', name: imageDeleted.name, data: data(1), context });
    connection.nats.publish(`${scope.subjectPrefix}facts.image.deleted`, 'no JSON');
    connection.nats.publish(`${scope.subjectPrefix}facts.image.deleted`, '{"imageId":1}');
    await publisher.publish({ id: 'w1', name: imageDeleted.name, data: { ...data(2), sha256: null }, context });
    await eventually(() => expect(seen).toEqual([data(1), { ...data(2), sha256: null }]));
    stop();
  });
});

describe('a NATS server that dies', () => {
  let servers: PrivateServers;

  beforeAll(async () => {
    servers = await startPrivateServers('nats-server');
    await open(testScope('facts-faults', servers));
  });
  afterAll(async () => {
    await stopAll();
    await connection.nats.close();
    await servers.cleanUp();
  });

  it('is reached again by callers, services and consumers, and loses no fact that it acknowledged', async () => {
    const seen = new Set<number>();
    await consume((fact) => seen.add(numberOf(fact)));
    const bus = new Bus(connection);
    for (let n = 1; n <= 20; n += 1) await publish(n);
    await servers.kill('nats-server');
    await eventually(() => bus.call(tagContracts.ensure, { names: [] }, { deadlineMs: 500 }), { timeoutMs: 15_000 });
    await eventually(() => publish(21), { timeoutMs: 15_000 });
    await eventually(() => expect(seen.size).toBe(21), { timeoutMs: 40_000 });
  });

  it('does not keep a service from stopping', async () => {
    const app = await consume(() => undefined);
    apps.splice(apps.indexOf(app), 1);
    await servers.stop('nats-server');
    const before = Date.now();
    await app.close();
    expect(Date.now() - before).toBeLessThan(7500);
    await servers.start('nats-server');
  });
});
