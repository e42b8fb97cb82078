import {
  createTemporaryDirectory,
  startServers,
  type RunningServers,
  type ServerName,
  type ServerUrls,
} from '@pentaprism/local';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sharedServers } from './test-scope.js';

export interface PrivateServers extends ServerUrls {
  /** Takes a server away until it is started again. */
  stop(name: ServerName): Promise<void>;
  start(name: ServerName): Promise<void>;
  /** Ends its process with SIGKILL; the supervisor starts another one on the same data. */
  kill(name: ServerName): Promise<void>;
  /** Has the running NATS server of the suite read another configuration. */
  reconfigureNats(change: (configuration: string) => string): void;
  cleanUp(): Promise<void>;
}

const URL_OF: Readonly<Record<ServerName, keyof ServerUrls>> = {
  mongod: 'mongodbUri',
  'nats-server': 'natsUrl',
  'valkey-server': 'redisUrl',
};

/** Starts servers of a suite's own, which it may kill; the others are those of the run. */
export async function startPrivateServers(...names: readonly ServerName[]): Promise<PrivateServers> {
  const directory = createTemporaryDirectory();
  const own = new Set<string>(names.map((name) => URL_OF[name]));
  const external = Object.fromEntries(Object.entries(sharedServers()).filter(([url]) => !own.has(url)));
  const servers = await startServers({ dataDirectory: directory.path, external }).catch((error: unknown) => {
    directory.remove();
    throw error;
  });
  const part = (name: ServerName) => partOf(servers, name);
  return {
    mongodbUri: servers.mongodbUri,
    natsUrl: servers.natsUrl,
    redisUrl: servers.redisUrl,
    stop: (name) => part(name).stop(),
    start: (name) => part(name).start(),
    kill: async (name) => {
      part(name).kill('SIGKILL');
      await part(name).waitUntilRunning();
    },
    reconfigureNats: (change) => {
      const file = path.join(directory.path, 'nats-server.conf');
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      part('nats-server').kill('SIGHUP');
    },
    cleanUp: async () => {
      await servers.stop();
      directory.remove();
    },
  };
}

function partOf(servers: RunningServers, name: ServerName) {
  const part = servers.parts.get(name);
  if (!part) throw new Error(`${name} is not one of this suite's own servers`);
  return part;
}
