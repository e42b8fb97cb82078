import { Controller, type INestMicroservice } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Bus, collectMetrics, connectBus, RpcHandler, type BusConnection } from '@pentaprism/bus';
import { busVariables, readConfig } from '@pentaprism/config';
import { healthContracts, rpcsOwnedBy, tagContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { registry } from '@pentaprism/observability';
import { eventually, testScope } from '@pentaprism/testing';
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Probes } from './health.controller.js';
import { createService } from './start-service.js';

const scope = testScope('service');
const config = z.object(busVariables);
let connection: BusConnection;
let bus: Bus;
let failure: unknown;

@Controller()
class Tags {
  @RpcHandler(tagContracts.ensure)
  ensure(): Promise<{ tags: [] }> {
    return failure ? Promise.reject(failure as Error) : Promise.resolve({ tags: [] });
  }
}

/** A service starts only with a handler for each of its contracts. */
for (const rpc of rpcsOwnedBy('tagging')) {
  if (rpc === tagContracts.ensure || rpc === healthContracts.tagging) continue;
  const name = rpc.subject;
  const value = () => Promise.reject<never>(new Error('nobody asks for this here'));
  const descriptor = { value, configurable: true };
  Object.defineProperty(Tags.prototype, name, descriptor);
  RpcHandler(rpc)(Tags.prototype, name, descriptor);
}

async function start(probes: Probes = {}): Promise<INestMicroservice> {
  const app = await createService(
    {
      name: 'tagging',
      config,
      imports: () => [{ module: class Module {}, controllers: [Tags] }],
      probes: () => probes,
    },
    readConfig(config, scope.environment),
    scope.logger,
  );
  await app.listen();
  return app;
}

beforeAll(async () => {
  connection = await connectBus({
    url: scope.natsUrl,
    prefix: scope.subjectPrefix,
    name: 'test',
    logger: scope.logger,
  });
  bus = new Bus(connection);
});
afterAll(async () => {
  await connection.nats.close();
  await scope.cleanUp();
});

describe('a service in this process', () => {
  let app: INestMicroservice;

  afterEach(async () => {
    failure = undefined;
    await app.close();
  });

  it('says what it depends on, and which of it does not answer', async () => {
    app = await start({
      well: () => Promise.resolve(),
      ill: () => Promise.reject(new Error('connection refused')),
      thrown: () => {
        throw new Error('at once');
      },
      silent: () => new Promise(() => undefined),
    });
    expect(await bus.call(healthContracts.tagging, {})).toEqual({
      service: 'tagging',
      dependencies: [
        { name: 'well', ok: true },
        { name: 'ill', ok: false, message: 'connection refused' },
        { name: 'thrown', ok: false, message: 'at once' },
        { name: 'silent', ok: false, message: 'no answer' },
      ],
    });
  });

  it('says that it serves reads only while a store has too little space', async () => {
    const full = () => Promise.reject(new DomainError('STORAGE_FULL', 'too little space'));
    app = await start({ 'blob store': full });
    expect((await bus.call(healthContracts.tagging, {})).dependencies).toEqual([
      { name: 'blob store', ok: true, degraded: true, message: 'too little space' },
    ]);
  });

  it('turns faults of the database into UNAVAILABLE, and defects into INTERNAL', async () => {
    app = await start();
    failure = Object.assign(new Error('mongodb://host refused'), { name: 'MongoNetworkError' });
    await expect(bus.call(tagContracts.ensure, { names: [] })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.not.stringContaining('host'),
    });
    failure = new RangeError('stack');
    await expect(bus.call(tagContracts.ensure, { names: [] })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('stack'),
    });
  });

  it('is counted once in the metrics of a process that hears its own question', async () => {
    app = await start();
    await bus.call(healthContracts.tagging, {});
    const count = (text: string) => /^pentaprism_bus_handled_seconds_count\{.*health.*\} (\d+)$/m.exec(text)?.[1];
    const own = count(await registry.metrics());
    expect(Number(own)).toBeGreaterThan(0);
    expect(count(await collectMetrics(connection))).toBe(own);
  });

  it('is away from the bus once it is closed', async () => {
    app = await start();
    await bus.call(healthContracts.tagging, {});
    await app.close();
    await expect(bus.call(healthContracts.tagging, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a service in its own process', () => {
  const children: ChildProcess[] = [];
  const startChild = (environment: Readonly<Record<string, string>>) => {
    const child = fork(`${import.meta.dirname}/tagging-service.fixture.mjs`, [], {
      env: { PATH: process.env['PATH'], ...environment },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    children.push(child);
    const output = { text: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    return { child, output };
  };
  const environment = { ...scope.environment, LOG_LEVEL: 'info' };

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('says when it serves, is seen in the metrics, and stops cleanly on SIGTERM, after what it has begun', async () => {
    const { child, output } = startChild(environment);
    expect((await once(child, 'message'))[0]).toEqual({ type: 'ready' });
    const text = await collectMetrics(connection);
    expect(text).toMatch(/^process_resident_memory_bytes\{[^}]*app="tagging"/m);
    const answer = bus.call(tagContracts.ensure, { names: [] });
    expect((await once(child, 'message'))[0]).toBe('asked');
    child.kill('SIGTERM');
    expect(await answer).toEqual({ tags: [] });
    expect(await once(child, 'exit')).toEqual([0, null]);
    const lines = output.text.trim().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ app: 'tagging' });
    expect(output.text).toContain('SIGTERM');
  });

  it('stops when the process that started it is gone', async () => {
    const { child } = startChild(environment);
    await once(child, 'message');
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('leaves SIGINT to the launcher that started it', async () => {
    const { child } = startChild(environment);
    await once(child, 'message');
    child.kill('SIGINT');
    await eventually(() => bus.call(healthContracts.tagging, {}));
    expect(child.exitCode).toBeNull();
  });

  describe('that an orchestrator probes by its heartbeat', () => {
    const directory = mkdtempSync(join(tmpdir(), 'heartbeat-'));
    const HEARTBEAT_FILE = join(directory, 'heartbeat');
    const script = join(import.meta.dirname, '../../../deploy/docker/heartbeat.sh');
    const probe = (...args: string[]) => spawnSync('sh', [script, ...args], { env: { HEARTBEAT_FILE } }).status === 0;
    const age = (seconds: number) => {
      const then = Date.now() / 1000 - seconds;
      utimesSync(HEARTBEAT_FILE, then, then);
    };
    afterEach(() => rmSync(HEARTBEAT_FILE, { force: true }));
    afterAll(() => rmSync(directory, { recursive: true }));

    it('lives while its event loop turns, and is ready until it stops', async () => {
      const { child } = startChild({ ...environment, HEARTBEAT_FILE });
      await once(child, 'message');
      expect([probe(), probe('ready')]).toEqual([true, true]);
      const answer = bus.call(tagContracts.ensure, { names: [] });
      await once(child, 'message');
      child.kill('SIGTERM');
      await eventually(() => expect(readFileSync(HEARTBEAT_FILE, 'utf8')).toBe('stopping\n'));
      expect([probe(), probe('ready')]).toEqual([true, false]);
      await answer;
      await once(child, 'exit');
    });

    it('is dead when it has been silent for half a minute, and alive again after the next beat', async () => {
      expect(probe()).toBe(false);
      const { child } = startChild({ ...environment, HEARTBEAT_FILE });
      await once(child, 'message');
      age(25);
      expect([probe(), probe('ready')]).toEqual([true, true]);
      child.kill('SIGSTOP');
      age(35);
      expect([probe(), probe('ready')]).toEqual([false, false]);
      child.kill('SIGCONT');
      await eventually(() => expect(probe('ready')).toBe(true));
    });

    it('is alive, and not ready, while it waits for a server that is away; SIGTERM ends the waiting at once', async () => {
      // No signal of its own would reach the first process of a container that has no handler yet.
      const { child, output } = startChild({ ...environment, HEARTBEAT_FILE, NATS_URL: 'nats://127.0.0.1:1' });
      await eventually(() => expect(existsSync(HEARTBEAT_FILE)).toBe(true));
      expect([probe(), probe('ready')]).toEqual([true, false]);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(output.text).not.toContain('too long');
    });
  });

  it('does not start without its configuration, and says in one line what is wrong', async () => {
    const { child, output } = startChild({ ...environment, NATS_URL: 'http://secret@host' });
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(output.text).toContain('NATS_URL: must be a nats or tls URL');
    expect(output.text).not.toContain('secret');
    expect(output.text.trim().split('\n')).toHaveLength(1);
  });
});
