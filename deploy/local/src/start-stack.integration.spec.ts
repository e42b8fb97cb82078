import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BUS_USERS } from '@pentaprism/contracts';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { processIdentity, readRecord, type ProcessRecord } from './process-record.js';
import { startServers } from './start-servers.js';
import { startStack, type AppDefinition } from './start-stack.js';

/** Compiled, since a launcher of its own runs outside of the test runner. */
const COMPILED = path.resolve(import.meta.dirname, '../dist/index.js');
const TIMEOUT = 60_000;

const SERVICE = `
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.send({ type: 'ready' });
  setInterval(() => {}, 1000);`;
const GATEWAY = `
  const startedAt = Date.now();
  require('http').createServer((request, response) => {
    const ready = Date.now() - startedAt > 300 && process.env.PUBLIC_URL !== 'http://never.ready';
    response.statusCode = ready ? 200 : 503;
    response.end(JSON.stringify({ missing: ['tagging'], env: process.env }));
  }).listen(Number(process.env.PORT), process.env.HOST, () => process.send({ type: 'ready' }));
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));`;

async function withDatabase<Result>(uri: string, work: (client: mongoose.mongo.MongoClient) => Promise<Result>) {
  const client = new mongoose.mongo.MongoClient(uri);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function ask(url: string, question: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(question);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString();
}

describe('servers and stack', () => {
  let parent: string;
  let dataDirectory: string;
  let apps: AppDefinition[];
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'pentaprism-launcher-'));
    dataDirectory = path.join(parent, 'data');
    const app = (name: string, stage: AppDefinition['stage'], source: string): AppDefinition => {
      const script = path.join(parent, `${name}.cjs`);
      writeFileSync(script, source);
      return { name, stage, script };
    };
    apps = [app('catalog', 'service', SERVICE), app('gateway', 'gateway', GATEWAY)];
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const recordsOf = (names: string[]): ProcessRecord[] =>
    names.map((name) => readRecord(path.join(dataDirectory, 'run', `${name}.json`)) as ProcessRecord);
  const running = (records: ProcessRecord[]) =>
    records.filter(({ pid, identity }) => processIdentity(pid) === identity);

  it(
    'starts real servers, keeps their data and their ports, and moves mongod when its port is taken',
    async () => {
      const first = await startServers({ dataDirectory });
      await withDatabase(first.mongodbUri, (client) => client.db().collection('kept').insertOne({ value: 1 }));
      expect(await ask(first.natsUrl, '')).toMatch(/"jetstream":true/);
      expect(await ask(first.redisUrl, 'CONFIG GET appendonly\r\n')).toMatch(/^-NOAUTH/);
      const valkey = new Redis(first.redisUrl);
      expect(await valkey.config('GET', 'appendonly')).toContain('yes');
      valkey.disconnect();
      await first.parts.get('mongod')?.restart();
      first.parts.get('mongod')?.kill('SIGKILL');
      await first.parts.get('mongod')?.waitUntilRunning(20_000);
      await first.stop();
      expect(existsSync(path.join(dataDirectory, 'launcher.lock'))).toBe(false);

      const squatter = createServer((socket) => socket.destroy()).listen(
        Number(new URL(first.mongodbUri).port),
        '127.0.0.1',
      );
      await once(squatter, 'listening');
      const second = await startServers({ dataDirectory });
      try {
        expect(second.mongodbUri).not.toBe(first.mongodbUri);
        expect(second.natsUrl).toBe(first.natsUrl);
        await withDatabase(second.mongodbUri, async (client) => {
          const session = client.startSession();
          const kept = client.db().collection('kept');
          await session.withTransaction(() => kept.insertOne({ value: 2 }, { session }));
          await session.endSession();
          expect(await kept.countDocuments()).toBe(2);
        });
      } finally {
        squatter.close();
        await second.stop();
      }
    },
    TIMEOUT,
  );

  it(
    'brings up a stack, refuses a second launcher and a busy port, and leaves nothing running',
    async () => {
      const stack = await startStack({
        dataDirectory,
        port: 0,
        apps,
        env: { LOG_LEVEL: 'warn', UNRELATED_TOKEN: 'secret' },
      });
      const records = recordsOf([...stack.parts.keys()]);
      try {
        expect(running(records)).toHaveLength(5);
        const configuration = readFileSync(path.join(dataDirectory, 'nats-server.conf'), 'utf8');
        expect([...configuration.matchAll(/user: "?([\w-]+)/g)].map(([, user]) => user)).toEqual([...BUS_USERS]);
        expect(new URL(stack.servers.natsUrl).username).toBe('');
        const { env } = (await (await fetch(stack.url)).json()) as { env: Record<string, string> };
        expect(env).toMatchObject({
          SIGNING_SECRETS: stack.secrets.signingSecrets,
          BLOB_URL: `file://${dataDirectory}/blobs`,
          MALLOC_ARENA_MAX: '2',
          LOG_LEVEL: 'warn',
        });
        for (const name of ['MONGODB_URI', 'REDIS_URL', 'PENTAPRISM_OWNER_KEY', 'UNRELATED_TOKEN'])
          expect(env).not.toHaveProperty(name);
        const port = Number(new URL(stack.url).port);
        await expect(startStack({ dataDirectory, port: 0, apps })).rejects.toThrow(/runs on .* already/);
        const other = { dataDirectory: path.join(parent, 'other'), apps };
        await expect(startStack({ ...other, port })).rejects.toThrow(/is in use/);
        await expect(
          startStack({
            ...other,
            port: 0,
            servers: stack.servers,
            env: { PUBLIC_URL: 'http://never.ready' },
            readyTimeoutMs: 1000,
          }),
        ).rejects.toThrow(/After 1 s this is not ready: tagging/);
      } finally {
        await stack.stop();
      }
      expect(running(records)).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'starts again after its launcher was killed with -9: apps end by themselves, leftovers are stopped',
    async () => {
      const options = JSON.stringify({ dataDirectory, port: 0, apps });
      const script = `import(${JSON.stringify(COMPILED)}).then((local) => local.startStack(${options})).then(() => console.log('up'))`;
      const launcher = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(launcher.stdout, 'data');
      const servers = recordsOf(['mongod', 'nats-server', 'valkey-server']);
      const started = recordsOf(['catalog', 'gateway']);
      launcher.kill('SIGKILL');
      for (let wait = 0; wait < 40 && running(started).length > 0; wait += 1) await sleep(50);
      expect(running(started)).toEqual([]);
      expect(running(servers)).toHaveLength(3);

      const notes: string[] = [];
      const observer = { part: () => undefined, note: (text: string) => void notes.push(text) };
      const stack = await startStack({ dataDirectory, port: 0, apps, observer });
      try {
        expect(running(servers)).toEqual([]);
        expect(notes.join()).toMatch(/left running: mongod, nats-server, valkey-server/);
        expect(readFileSync(path.join(dataDirectory, 'owner-key'), 'utf8').trim()).toBe(stack.ownerKey);
      } finally {
        await stack.stop();
      }
    },
    TIMEOUT,
  );

  it('stops a start that its caller has given up', async () => {
    const abort = new AbortController();
    const observer = {
      part: (_name: string, state: string) => state === 'starting' && abort.abort(new Error('given up')),
      note: () => undefined,
    };
    await expect(startServers({ dataDirectory, observer: observer as never, signal: abort.signal })).rejects.toThrow(
      'given up',
    );
    expect(existsSync(path.join(dataDirectory, 'launcher.lock'))).toBe(false);
    expect(running(recordsOf(['mongod', 'nats-server', 'valkey-server']).filter(Boolean))).toEqual([]);
  });
});
