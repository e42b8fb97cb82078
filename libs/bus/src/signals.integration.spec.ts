import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { imageContentChanged, tagContracts } from '@pentaprism/contracts';
import { eventually, testScope } from '@pentaprism/testing';
import { Bus } from './bus.js';
import { connectBus, type BusConnection } from './connection.js';
import { startOnBus, taggingControllers } from './on-bus.fixture.js';
import { sendSignal, watchSignal } from './signals.js';

const scope = testScope('signals');
const open: BusConnection[] = [];
const data = (n: number) => ({ workspace: 'clinic', imageId: n.toString(16).padStart(24, '0') });

async function connect(): Promise<BusConnection> {
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  const connection = await connectBus({ url, prefix, name: 'test', logger });
  open.push(connection);
  return connection;
}

let sender: BusConnection;
let listener: BusConnection;

beforeAll(async () => {
  [sender, listener] = await Promise.all([connect(), connect()]);
});
afterAll(async () => {
  await Promise.all(open.map(({ nats }) => nats.close()));
  await scope.cleanUp();
});

describe('a signal', () => {
  it('reaches every listener, until it listens no more; nothing else does', async () => {
    const heard: unknown[][] = [[], []];
    const [stopFirst, stopSecond] = heard.map((mine) =>
      watchSignal(listener, imageContentChanged, (signal) => mine.push(signal)),
    );
    await listener.nats.flush();
    sender.nats.publish(scope.subjectPrefix + imageContentChanged.subject, 'not JSON');
    sender.nats.publish(scope.subjectPrefix + imageContentChanged.subject, '{"workspace":"clinic"}');
    sendSignal(sender, imageContentChanged, data(1));
    await eventually(() => expect(heard).toEqual([[data(1)], [data(1)]]));
    stopFirst?.();
    await listener.nats.flush();
    sendSignal(sender, imageContentChanged, data(2));
    await eventually(() => expect(heard).toEqual([[data(1)], [data(1), data(2)]]));
    stopSecond?.();
  });

  it('is there before the answer of the call that sent it', async () => {
    const heard: unknown[] = [];
    const stop = watchSignal(listener, imageContentChanged, (signal) => heard.push(signal));
    let n = 0;
    const connections: BusConnection[] = [];
    const controllers = taggingControllers(() => {
      sendSignal(connections[0] as BusConnection, imageContentChanged, data(++n));
      return { tags: [] };
    });
    const app = await startOnBus(scope, 'tagging', ...controllers);
    connections.push(app.get(Bus, { strict: false }).connection);
    const bus = new Bus(listener);
    for (let call = 1; call <= 50; call++) {
      await bus.call(tagContracts.ensure, { names: [] });
      expect(heard).toHaveLength(call);
    }
    stop();
    await app.close();
  });

  it('never throws: without a connection it is lost', async () => {
    const closed = await connect();
    await closed.nats.close();
    expect(() => sendSignal(closed, imageContentChanged, data(3))).not.toThrow();
  });
});
