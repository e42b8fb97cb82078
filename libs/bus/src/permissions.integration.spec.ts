import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { imageContentChanged, tagContracts } from '@pentaprism/contracts';
import { eventually, startPrivateServers, testScope, type PrivateServers, type TestScope } from '@pentaprism/testing';
import { Bus } from './bus.js';
import { connectBus, type BusConnection } from './connection.js';
import { startOnBus, taggingControllers } from './on-bus.fixture.js';
import { sendSignal, watchSignal } from './signals.js';

const signal = { workspace: 'clinic', imageId: 'a'.repeat(24) };
const unlimited = /\{ user: operator, password: ("[^"]*")[^\n]*\}/;

let servers: PrivateServers;
let scope: TestScope;
let connection: BusConnection;
let bus: Bus;
let app: INestMicroservice;

/** Takes permissions of the user of these tests away, in the words of the server's configuration. */
const forbid = (denied: string) =>
  servers.reconfigureNats((text) =>
    text.replace(
      unlimited,
      (_, password: string) => `{ user: operator, password: ${password}, permissions: { ${denied} } }`,
    ),
  );
const allow = () =>
  servers.reconfigureNats((text) =>
    text.replace(unlimited, (_, password: string) => `{ user: operator, password: ${password} }`),
  );
const subjectOf = ({ subject }: { readonly subject: string }) => JSON.stringify(scope.subjectPrefix + subject);
const ensure = (deadlineMs = 2_000) => bus.call(tagContracts.ensure, { names: [] }, { deadlineMs });

beforeAll(async () => {
  servers = await startPrivateServers('nats-server');
  scope = testScope('permissions', servers);
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'test', logger });
  bus = new Bus(connection);
  app = await startOnBus(scope, 'tagging', ...taggingControllers());
});
afterAll(async () => {
  await app.close();
  await connection.nats.close();
  await servers.cleanUp();
});

describe('a permission that an operator takes away', () => {
  it('fails the calls that need it at once, long before their deadlines', async () => {
    await ensure();
    forbid(`publish: { deny: [${subjectOf(tagContracts.ensure)}] }`);
    await eventually(async () => {
      const began = performance.now();
      await expect(ensure(60_000)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'The message bus refuses calls to the tagging service.',
      });
      expect(performance.now() - began).toBeLessThan(2_000);
    });
    allow();
    await eventually(() => ensure());
  });

  it('ends subscriptions of services and signals until it is given again', async () => {
    const heard: unknown[] = [];
    const stop = watchSignal(connection, imageContentChanged, (data) => heard.push(data));
    forbid(`subscribe: { deny: [${subjectOf(tagContracts.ensure)}, ${subjectOf(imageContentChanged)}] }`);
    await eventually(() => expect(ensure()).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
    allow();
    await eventually(() => ensure(), { timeoutMs: 15_000 });
    await eventually(
      () => {
        sendSignal(connection, imageContentChanged, signal);
        expect(heard).toContainEqual(signal);
      },
      { timeoutMs: 15_000 },
    );
    stop();
  });

  it('does not keep a service from stopping', async () => {
    const other = await startOnBus(scope, 'tagging', ...taggingControllers());
    forbid(`subscribe: { deny: [${subjectOf(tagContracts.ensure)}] }`);
    await eventually(() => expect(ensure()).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
    const began = performance.now();
    await other.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    allow();
    await eventually(() => ensure(), { timeoutMs: 15_000 });
  });
});
