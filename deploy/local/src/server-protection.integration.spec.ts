import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, type NatsConnection } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { openDataDirectory } from './data-directory.js';
import { freePort } from './ports.js';
import { binaryCaches, findServerBinary } from './server-binary.js';
import { SERVERS } from './server-definitions.js';
import { startServers, type RunningServers } from './start-servers.js';

/** The URL without the user and the password. */
function anonymous(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}?directConnection=true`;
}

async function commandAs(uri: string, database: string, command: mongoose.mongo.Document) {
  const client = new mongoose.mongo.MongoClient(uri, { serverSelectionTimeoutMS: 5000 });
  try {
    return await client.db(database).command(command);
  } finally {
    await client.close();
  }
}

describe('the embedded servers', () => {
  let parent: string;
  let dataDirectory: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'pentaprism-launcher-'));
    dataDirectory = path.join(parent, 'data');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('serve no client without a password', async () => {
    const servers = await startServers({ dataDirectory });
    try {
      await expectNothingWithoutPassword(servers);
    } finally {
      await servers.stop();
    }
  });

  it('show no secret in a command line, in a log, or to another user', async () => {
    const configurations = ['nats-server.conf', 'valkey-server.conf'];
    const { root } = openDataDirectory(dataDirectory);
    // As a version without passwords left them.
    for (const name of configurations) writeFileSync(path.join(root, name), '', { mode: 0o644 });
    const servers = await startServers({ dataDirectory });
    try {
      const directory = path.join(dataDirectory, 'secrets');
      const secrets = readdirSync(directory).map((name) => readFileSync(path.join(directory, name), 'utf8').trim());
      expect(secrets).toHaveLength(11);
      const lines = [...servers.parts.values()].map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      const logs = readdirSync(path.join(dataDirectory, 'logs')).map((name) =>
        readFileSync(path.join(dataDirectory, 'logs', name), 'utf8'),
      );
      for (const secret of secrets) {
        expect(secret).toMatch(/^[A-Za-z0-9]{43}$/);
        for (const text of [...lines, ...logs]) expect(text).not.toContain(secret);
      }
      const entries = readdirSync(dataDirectory, { withFileTypes: true });
      const closed = [
        ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => name),
        ...readdirSync(directory).map((name) => path.join('secrets', name)),
        ...configurations,
      ];
      for (const name of closed)
        expect([name, statSync(path.join(dataDirectory, name)).mode & 0o077]).toEqual([name, 0]);
      expect(statSync(dataDirectory).mode & 0o777).toBe(0o700);
    } finally {
      await servers.stop();
    }
  });

  it('take over the data of a mongod that asked for no password, and a new secret for one that was lost', async () => {
    const { serverData } = openDataDirectory(dataDirectory);
    await makeUnprotectedData(serverData('mongodb'));
    for (const value of [1, 2]) {
      rmSync(path.join(dataDirectory, 'secrets'), { recursive: true });
      const servers = await startServers({ dataDirectory });
      try {
        await expectNothingWithoutPassword(servers);
        const kept = await commandAs(servers.mongodbUri, 'pentaprism', { count: 'kept' });
        expect(kept['n']).toBe(value);
        await commandAs(servers.mongodbUri, 'pentaprism', { insert: 'kept', documents: [{ value }] });
      } finally {
        await servers.stop();
      }
    }
  });

  it('let each app do on NATS what its contracts say, and nothing else', async () => {
    const servers = await startServers({ dataDirectory });
    const connections: NatsConnection[] = [];
    const connectAs = async (user: string): Promise<NatsConnection> => {
      const { host } = new URL(servers.natsUrl);
      const pass = readFileSync(path.join(dataDirectory, 'secrets', `nats-${user}`), 'utf8').trim();
      const connection = await connect({ servers: host, user, pass, inboxPrefix: `_INBOX.${user}`, reconnect: false });
      connections.push(connection);
      return connection;
    };
    try {
      const users = ['gateway', 'catalog', 'worker', 'tagging'];
      const [gateway, catalog, worker, tagging] = await Promise.all(users.map(connectAs));
      if (!gateway || !catalog || !worker || !tagging) throw new Error('not connected');
      const subject = 'here.catalog.v1.api-key.create';
      catalog.subscribe(subject, { callback: (_, message) => void message.respond('made') });
      await catalog.flush();
      const reply = createInbox('_INBOX.gateway.catalog');
      expect((await gateway.request(subject, '{}', { timeout: 5000, noMux: true, reply })).string()).toBe('made');
      await expectNoForeignReplies(gateway, { catalog, worker, tagging });
      await expect(worker.request(subject, '{}')).rejects.toThrow(/Permissions Violation for Publish/);
      await expect(catalog.request(subject, '{}')).rejects.toThrow(/Permissions Violation for Publish/);
      // Neither answer for another app, nor read what it is answered, nor take the facts away.
      for (const foreign of [subject, createInbox('_INBOX.gateway'), '_INBOX.>', '>', 'here.facts.>'])
        expect(await refusalOf(worker, foreign)).toMatch(/Permissions Violation for Subscription/);
      await expect(jetstreamManager(worker)).rejects.toThrow();
      const manager = await jetstreamManager(catalog, { checkAPI: false });
      await expect(manager.streams.delete('FACTS')).rejects.toThrow(/Permissions Violation/);
    } finally {
      await Promise.all(connections.map((connection) => connection.close()));
      await servers.stop();
    }
  });

  /** Publishes to the reply inboxes of the gateway as each service. A service can guess their names, or read them in a log. */
  async function expectNoForeignReplies(
    gateway: NatsConnection,
    services: Readonly<Record<string, NatsConnection>>,
  ): Promise<void> {
    const arrived: string[] = [];
    gateway.subscribe('_INBOX.gateway.>', {
      callback: (_, message) => void arrived.push(`${message.subject} of ${message.string()}`),
    });
    await gateway.flush();
    const inboxes = ['catalog', 'worker', 'tagging', 'metrics', 'RANDOM'].map((owner) => `_INBOX.gateway.${owner}.1`);
    for (const [service, connection] of Object.entries(services)) {
      for (const inbox of inboxes) connection.publish(inbox, service);
      await connection.flush();
    }
    await gateway.flush();
    expect(arrived.sort()).toEqual([
      '_INBOX.gateway.catalog.1 of catalog',
      '_INBOX.gateway.metrics.1 of catalog',
      '_INBOX.gateway.metrics.1 of tagging',
      '_INBOX.gateway.metrics.1 of worker',
      '_INBOX.gateway.tagging.1 of tagging',
      '_INBOX.gateway.worker.1 of worker',
    ]);
  }

  async function refusalOf(connection: NatsConnection, subject: string): Promise<string> {
    const refused = new Promise<string>((resolve) => {
      connection.subscribe(subject, { callback: (error) => resolve(String(error?.message)) });
    });
    await connection.flush();
    return refused;
  }

  async function expectNothingWithoutPassword({ mongodbUri, natsUrl, redisUrl }: RunningServers): Promise<void> {
    for (const command of [{ listCollections: 1 }, { count: 'images' }, { createUser: 'x', pwd: 'x', roles: ['root'] }])
      await expect(commandAs(anonymous(mongodbUri), 'admin', command)).rejects.toThrow(/requires authentication/);
    const wrong = mongodbUri.replace(/:[^:@]+@/, ':wrong@');
    await expect(commandAs(wrong, 'pentaprism', { count: 'images' })).rejects.toThrow(/Authentication failed/);
    const servers = new URL(natsUrl).host;
    for (const user of [{}, { user: 'gateway', pass: 'wrong' }, { user: 'operator', pass: '' }])
      await expect(connect({ servers, reconnect: false, ...user })).rejects.toThrow(/Authorization Violation/);
    const valkey = new Redis({ host: '127.0.0.1', port: Number(new URL(redisUrl).port), enableReadyCheck: false });
    valkey.on('error', () => undefined);
    await expect(valkey.keys('*')).rejects.toThrow(/NOAUTH/);
    valkey.disconnect();
  }

  /** As versions before this one kept it: a replica set of one, on another port, with a record. */
  async function makeUnprotectedData(directory: string): Promise<void> {
    const search = { env: process.env, keptIn: binaryCaches(process.env, parent), logDirectory: parent };
    const binary = await findServerBinary(SERVERS.mongod, search);
    const port = await freePort();
    const args = ['--dbpath', directory, '--bind_ip', '127.0.0.1', '--port', String(port), '--replSet', 'rs0'];
    const mongod = spawn(binary, [...args, '--nounixsocket'], { stdio: 'ignore' });
    const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`;
    const host = `127.0.0.1:${port}`;
    await commandAs(uri, 'admin', { replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host }] } });
    const record = { insert: 'kept', documents: [{ value: 0 }] };
    while (!(await commandAs(uri, 'pentaprism', record).catch(() => undefined)));
    const gone = once(mongod, 'exit');
    mongod.kill('SIGTERM');
    await gone;
  }
});
