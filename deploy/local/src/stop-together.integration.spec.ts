import { afterEach, expect, it } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { freePort } from './ports.js';
import { startServers } from './start-servers.js';
import { APPS } from './start-stack.js';
import { createTemporaryDirectory } from './temporary-directories.js';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** As an orchestrator stops a whole project at once: in no order, and servers may be faster than apps. */
it.each(['SIGTERM', 'SIGKILL'] as const)(
  'every app stops cleanly on SIGTERM while its servers end by %s',
  async (signal) => {
    const directory = createTemporaryDirectory();
    const servers = await startServers({ dataDirectory: directory.path });
    try {
      const environment = {
        PATH: process.env['PATH'],
        MONGODB_URI: servers.mongodbUri,
        NATS_URL: servers.natsUrl,
        REDIS_URL: servers.redisUrl,
        BLOB_URL: pathToFileURL(`${directory.path}/blobs`).href,
        SIGNING_SECRETS: '5f4dcc3b5aa765d61d8327deb882cf99a1b2c3d4',
        PENTAPRISM_OWNER_KEY: 'b7e23ec29af22b0b4e41da31e868d572c0ffee00',
        PORT: String(await freePort()),
      };
      const apps = APPS.map(({ name, script }) => {
        const child = fork(script, [], { env: environment, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
        children.push(child);
        const app = { name, child, output: '', exit: once(child, 'exit') };
        for (const stream of [child.stdout, child.stderr])
          stream?.on('data', (chunk: Buffer) => (app.output += chunk.toString()));
        return app;
      });
      await Promise.all(apps.map(({ child }) => once(child, 'message')));
      for (const part of servers.parts.values()) part.kill(signal);
      const stopped = servers.stop();
      for (const { child } of apps) child.kill('SIGTERM');
      for (const app of apps) {
        expect([app.name, await app.exit]).toEqual([app.name, [0, null]]);
        expect(app.output).not.toContain('too long');
      }
      await stopped;
    } finally {
      await servers.stop();
      directory.remove();
    }
  },
);
