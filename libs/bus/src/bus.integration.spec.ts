import type { INestMicroservice } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { healthContracts, tagContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { metrics, runWithContext, type CallContext } from '@pentaprism/observability';
import { eventually, testScope } from '@pentaprism/testing';
import { headers as makeHeaders } from '@nats-io/transport-node';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus } from './bus.js';
import { connectBus, type BusConnection } from './connection.js';
import { LONG_CALL_MS, SILENCE_MS } from './request.js';
import {
  allControllers,
  createOnBus,
  rpcController,
  startOnBus,
  taggingControllers,
  type Ensure,
} from './on-bus.fixture.js';
import { Stamps } from './transit.js';

const scope = testScope('bus');
const tag = { id: 'a'.repeat(24), number: 1, name: 'cat' };
const caller: CallContext = { traceId: 'b'.repeat(32), workspace: 'clinic', actor: 'Zoë’s key' };
const apps: INestMicroservice[] = [];
let connection: BusConnection;
let bus: Bus;

const start = async (ensure?: Ensure): Promise<INestMicroservice> => {
  const app = await startOnBus(scope, 'tagging', ...taggingControllers(ensure));
  apps.push(app);
  return app;
};
const ensure = (names: string[] = [], deadlineMs?: number) =>
  bus.call(tagContracts.ensure, { names }, deadlineMs === undefined ? {} : { deadlineMs });
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => {
      throw new Error('the call should have failed');
    },
    (error: unknown) => error as DomainError,
  );
const dropped = async () => (await metrics.busDropped.get()).values.reduce((sum, { value }) => sum + value, 0);
/** What a caller without our library gets. */
const raw = async (payload: string | Uint8Array, headers: Record<string, string> = {}, timeout = 2000) => {
  const sent = makeHeaders();
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  const reply = await connection.nats.request(scope.subjectPrefix + tagContracts.ensure.subject, payload, {
    timeout,
    headers: sent,
  });
  return reply.json<{ ok: boolean; error?: { code: string; message: string; details: Record<string, unknown> } }>();
};

beforeAll(async () => {
  connection = await connectBus({
    url: scope.natsUrl,
    prefix: scope.subjectPrefix,
    name: 'test',
    logger: scope.logger,
  });
  bus = new Bus(connection);
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  await connection.nats.close();
  await scope.cleanUp();
});

describe('a call that may take long', () => {
  it('is answered however long it takes, while a service works on it', async () => {
    await start(async () => {
      await sleep(SILENCE_MS + 1_500);
      return { tags: [tag] };
    });
    expect(await ensure(['cat'], 60_000)).toEqual({ tags: [tag] });
  });

  it('fails soon when the process that took it is gone', async () => {
    const dead = connection.nats.subscribe(scope.subjectPrefix + tagContracts.ensure.subject, {
      queue: 'tagging',
      callback: () => undefined,
    });
    const began = Date.now();
    expect(await errorOf(ensure(['cat'], 60_000))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(Date.now() - began).toBeLessThan(2 * SILENCE_MS);
    dead.unsubscribe();
  });

  it('fails at once when no service is there, and as the handler does', async () => {
    expect(await errorOf(ensure(['cat'], 60_000))).toMatchObject({ code: 'UNAVAILABLE' });
    await start(() => {
      throw new DomainError('FAILED_PRECONDITION', 'no');
    });
    expect(await errorOf(ensure(['cat'], 60_000))).toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('has a deadline all the same', async () => {
    await start(async () => {
      await sleep(LONG_CALL_MS + 3_000);
      return { tags: [tag] };
    });
    expect(await errorOf(ensure(['cat'], LONG_CALL_MS + 500))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('a call', () => {
  it('brings the parsed answer, and passes on trace id, workspace, actor and deadline', async () => {
    let seen: CallContext | undefined;
    await start((request, context) => {
      seen = context;
      return { tags: [{ ...tag, name: request.names[0], memberOfLaterVersion: 1 }] };
    });
    const before = performance.now();
    const answer = await runWithContext(caller, () => ensure(['dog'], 3000));
    expect(answer).toEqual({ tags: [{ ...tag, name: 'dog' }] });
    expect(seen).toMatchObject(caller);
    // The header holds whole milliseconds.
    expect(seen?.deadline).toBeGreaterThanOrEqual(before + 2999);
    expect(seen?.deadline).toBeLessThanOrEqual(performance.now() + 3001);
  });

  it('begins a trace where there is none, and takes a workspace from its options', async () => {
    let seen: CallContext | undefined;
    await start((_request, context) => {
      seen = context;
      return { tags: [] };
    });
    await runWithContext(caller, () =>
      bus.call(tagContracts.ensure, { names: [] }, { context: { workspace: 'other' } }),
    );
    expect(seen).toMatchObject({ ...caller, workspace: 'other' });
    await ensure();
    expect(seen?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(seen?.workspace).toBe('');
  });

  it('inside a handler inherits the context and what is left of the time', async () => {
    let inner: CallContext | undefined;
    let outer: CallContext | undefined;
    await start((_request, context) => {
      inner = context;
      return { tags: [] };
    });
    const health = healthContracts['training-ingest'];
    const controller = rpcController(health, async (_request, context) => {
      outer = context;
      await sleep(30);
      await ensure([], 60_000);
      return { service: 'training-ingest', dependencies: [] };
    });
    const controllers = allControllers('training-ingest', new Map([[health, controller]]));
    const ingest = await startOnBus(scope, 'training-ingest', ...controllers);
    apps.push(ingest);
    await runWithContext(caller, () => bus.call(healthContracts['training-ingest'], {}));
    const { deadline = 0 } = inner ?? {};
    expect({ ...inner, deadline: outer?.deadline }).toEqual(outer);
    expect(Math.abs(deadline - (outer?.deadline ?? 0))).toBeLessThan(1000);
    expect(inner).toMatchObject(caller);
  });

  it('does not begin when the time is over', async () => {
    let calls = 0;
    await start(() => {
      calls += 1;
      return { tags: [] };
    });
    const late = { ...caller, deadline: performance.now() - 1 };
    expect(await errorOf(runWithContext(late, () => ensure()))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await ensure();
    expect(calls).toBe(1);
  });

  it('fails with UNAVAILABLE at once when no service has the subject', async () => {
    const before = Date.now();
    expect(await errorOf(ensure())).toMatchObject({ code: 'UNAVAILABLE', details: { service: 'tagging' } });
    expect(Date.now() - before).toBeLessThan(4500);
  });

  it('fails with DEADLINE_EXCEEDED when the answer does not come in time', async () => {
    await start(async () => {
      await sleep(400);
      return { tags: [] };
    });
    expect(await errorOf(ensure([], 100))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('is not handled any more when its caller has stopped waiting', async () => {
    let calls = 0;
    await start(() => {
      calls += 1;
      return { tags: [] };
    });
    const before = await dropped();
    const refused = { ok: false, error: { code: 'DEADLINE_EXCEEDED' } };
    expect(await raw('{"names":[]}', { 'Pentaprism-Time-Left': '-1' })).toMatchObject(refused);
    // The second message left its sender's clock two seconds earlier than the first one did.
    const stamped = (sent: number, left: string) => ({ 'Pentaprism-Sent': `a ${sent}`, 'Pentaprism-Time-Left': left });
    expect(await raw('{"names":[]}', stamped(10_000, '1000'))).toMatchObject({ ok: true });
    expect(await raw('{"names":[]}', stamped(8_000, '1000'))).toMatchObject(refused);
    expect(await raw('{"names":[]}', stamped(8_000, '60000'))).toMatchObject({ ok: true });
    expect(calls).toBe(2);
    expect(await dropped()).toBe(before + 2);
  });

  it.each([
    ['short', 1000],
    ['long', LONG_CALL_MS + 1000],
  ])('that is %s is answered after a pause that stopped both clocks of its sender', async (_what, deadlineMs) => {
    const warn = jest.spyOn(scope.logger, 'warn');
    await start();
    let stoodStill = 0;
    const stopped = (now: () => number) => () => now() - stoodStill;
    const clocks = { wall: stopped(() => Date.now()), monotonic: stopped(() => performance.now()) };
    const paused = new Bus(connection, new Stamps(clocks));
    const call = () => paused.call(tagContracts.ensure, { names: [] }, { deadlineMs });
    await call();
    const before = await dropped();
    stoodStill = 30_000;
    expect(await Promise.all([call(), call(), call()])).toHaveLength(3);
    expect(await dropped()).toBe(before + 3);
    expect(await call()).toEqual({ tags: [] });
    expect(await dropped()).toBe(before + 3);
    // One line reports all of them.
    const reports = () => warn.mock.calls.map(([report]) => report as unknown);
    await eventually(() => expect(reports()).toContainEqual({ dropped: { [tagContracts.ensure.subject]: 3 } }));
    warn.mockRestore();
  });

  it.each([-7_200_000, -30_000, 30_000, 7_200_000])(
    "is answered when its caller's clock is wrong by %i ms",
    async (skew) => {
      await start();
      const right = Date.now.bind(Date);
      const spy = jest.spyOn(Date, 'now').mockImplementation(() => right() + skew);
      const call = ensure();
      spy.mockRestore();
      expect(await call).toEqual({ tags: [] });
    },
  );
});

describe('a request', () => {
  it.each([
    ['of the wrong type', { names: 'cat' }, 'names'],
    ['with a wrong element', { names: ['cat', 7] }, 'names.1'],
    ['with an unknown member', { names: [], owner: 'me' }, ''],
    ['without a member', {}, 'names'],
  ])('%s is refused with the field', async (_what, request, field) => {
    let calls = 0;
    await start(() => (calls += 1));
    const error = await errorOf(bus.call(tagContracts.ensure, request as never));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field } });
    expect(error.message).toContain(field || 'owner');
    expect(calls).toBe(0);
  });

  it.each([
    ['no JSON', '{"names":'],
    ['nothing', ''],
    ['bytes', new Uint8Array([0xff, 0xfe, 0x00])],
  ])('that is %s gets an error reply', async (_what, payload) => {
    await start();
    expect(await raw(payload)).toMatchObject({ ok: false, error: { code: 'INVALID_ARGUMENT' } });
  });

  it('with headers that no app of this system wrote is answered', async () => {
    await start((_request, context) => ({ tags: [{ ...tag, name: context.actor }] }));
    const headers = { 'Pentaprism-Actor': '%E0%A4%A', 'Pentaprism-Time-Left': 'soon', 'Pentaprism-Sent': 'x' };
    expect(await raw('{"names":[]}', headers)).toEqual({ ok: true, data: { tags: [{ ...tag, name: '%E0%A4%A' }] } });
  });

  it('by a key whose name is half a surrogate pair is answered', async () => {
    await start((_request, context) => ({ tags: [{ ...tag, name: context.actor }] }));
    const answer = await runWithContext({ ...caller, actor: 'a\ud800' }, () => ensure());
    expect(answer.tags[0]?.name).toBe('a\ufffd');
  });

  it('larger than a message can be says so, and is no outage', async () => {
    await start();
    expect(await errorOf(ensure(['x'.repeat(1_100_000)]))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });
});

describe('an answer', () => {
  it('with a domain error crosses with its code, message and details', async () => {
    await start(() => {
      throw new DomainError('FAILED_PRECONDITION', 'The list is in use.', { list: 7 }, { cause: new Error('hidden') });
    });
    const error = await errorOf(ensure());
    expect(DomainError.is(error)).toBe(true);
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: 'The list is in use.', details: { list: 7 } });
    expect(error.cause).toBeUndefined();
  });

  it('after an unknown exception has an error id and nothing else of it', async () => {
    await start(() => {
      throw new TypeError('password of mongodb://secret');
    });
    const error = await errorOf(ensure());
    expect(error).toMatchObject({ code: 'INTERNAL', details: { errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    expect(Object.keys(error.details)).toEqual(['errorId']);
    expect(JSON.stringify(await raw('{"names":[]}'))).not.toContain('secret');
  });

  it('that breaks its contract is INTERNAL for the caller', async () => {
    await start(() => ({ tags: [{ id: 'no id' }] }));
    expect(await errorOf(ensure())).toMatchObject({ code: 'INTERNAL' });
  });

  it.each([
    ['larger than a message can be', { tags: [], more: 'x'.repeat(1_100_000) }],
    ['that is no JSON', { tags: [{ ...tag, number: 1n }] }],
  ])('%s is INTERNAL, with an error id', async (_what, data) => {
    await start(() => data);
    expect(await errorOf(ensure())).toMatchObject({ code: 'INTERNAL', details: { errorId: expect.anything() } });
  });

  it('with a code of a later version is INTERNAL', async () => {
    const subject = scope.subjectPrefix + tagContracts.ensure.subject;
    const subscription = connection.nats.subscribe(subject, {
      callback: (_error, message) => {
        message.respond('{"ok":false,"error":{"code":"TEAPOT","message":"short"}}');
      },
    });
    expect(await errorOf(ensure())).toMatchObject({ code: 'INTERNAL', message: 'short' });
    subscription.unsubscribe();
  });

  it('that is not ours at all is INTERNAL', async () => {
    const subscription = connection.nats.subscribe(scope.subjectPrefix + tagContracts.ensure.subject, {
      callback: (_error, message) => {
        message.respond('hello');
      },
    });
    expect(await errorOf(ensure())).toMatchObject({ name: 'DomainError', code: 'INTERNAL' });
    subscription.unsubscribe();
  });
});

describe('a service', () => {
  it('refuses to start when a contract has no handler', async () => {
    const app = await createOnBus(scope, 'tagging', ...taggingControllers().slice(0, -1));
    await expect(app.listen()).rejects.toThrow('tagging has no handler for tagging.v1.health.check');
    await app.close();
  });

  it('refuses to start when a contract has two handlers', async () => {
    const controllers = [...taggingControllers(), rpcController(tagContracts.ensure, () => ({ tags: [] }))];
    const app = await createOnBus(scope, 'tagging', ...controllers);
    await expect(app.listen()).rejects.toThrow('tagging.v1.tag.ensure has two handlers');
    await app.close();
  });

  it('refuses to start with a handler of a foreign contract', async () => {
    const foreign = rpcController(healthContracts.catalog, () => ({ service: 'catalog', dependencies: [] }));
    const app = await createOnBus(scope, 'tagging', ...taggingControllers(), foreign);
    await expect(app.listen()).rejects.toThrow('tagging handles catalog.v1.health.check, which it does not own');
    await app.close();
  });

  it('of two instances handles each request once, on both', async () => {
    const handled = [0, 0];
    for (const index of [0, 1]) {
      await start(() => {
        handled[index] = (handled[index] ?? 0) + 1;
        return { tags: [] };
      });
    }
    await Promise.all(Array.from({ length: 200 }, () => ensure()));
    expect(handled.reduce((sum, count) => sum + count)).toBe(200);
    expect(Math.min(...handled)).toBeGreaterThan(0);
  });

  it('that stops under load loses no request, and finishes what it began', async () => {
    const slowly: Ensure = async () => {
      await sleep(150);
      return { tags: [tag] };
    };
    const first = await startOnBus(scope, 'tagging', ...taggingControllers(slowly));
    await start(slowly);
    let answered = 0;
    let running = true;
    const callers = Array.from({ length: 16 }, async () => {
      while (running) {
        await ensure();
        answered += 1;
      }
    });
    await eventually(() => expect(answered).toBeGreaterThan(50));
    await first.close();
    const atStop = answered;
    await eventually(() => expect(answered).toBeGreaterThan(atStop + 50));
    running = false;
    await Promise.all(callers);
  });
});
