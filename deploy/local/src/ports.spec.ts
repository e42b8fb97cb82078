import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { assertListenable, choosePorts, freePort, rememberPorts } from './ports.js';

describe('ports', () => {
  let directory: string;
  let busy: Server;
  let busyPort: number;
  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    busyPort = (busy.address() as AddressInfo).port;
  });
  afterEach(() => {
    busy.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('says in one sentence that a port is in use, with a command that helps', async () => {
    await expect(assertListenable('127.0.0.1', busyPort)).rejects.toThrow(
      `Port ${busyPort} is in use; stop what uses it or choose another: PORT=${busyPort + 1} npm start.`,
    );
    await assertListenable('127.0.0.1', await freePort());
  });

  it('says that an address is not of this machine', async () => {
    await expect(assertListenable('192.0.2.1', 3000)).rejects.toThrow(/no address of this machine/);
  });

  it('remembers ports, and chooses another for one that is busy', async () => {
    const file = path.join(directory, 'ports.json');
    const first = await choosePorts(file, ['mongod', 'nats-server']);
    rememberPorts(file, first);
    expect(first.mongod).not.toBe(first['nats-server']);
    expect(await choosePorts(file, ['mongod', 'nats-server'])).toEqual(first);
    writeFileSync(file, JSON.stringify({ ...first, mongod: busyPort }));
    const second = await choosePorts(file, ['mongod', 'nats-server']);
    expect(second.mongod).not.toBe(busyPort);
    expect(second['nats-server']).toBe(first['nats-server']);
  });

  it('writes nothing when the ports are known, because the disk may be full', () => {
    const file = path.join(directory, 'ports.json');
    rememberPorts(file, { mongod: 21_000, 'nats-server': 21_001 });
    const { ino } = statSync(file);
    rememberPorts(file, { mongod: 21_000 });
    expect(statSync(file).ino).toBe(ino);
    rememberPorts(file, { mongod: 21_002 });
    expect(statSync(file).ino).not.toBe(ino);
  });

  it.each(['', '[]', '{"mongod":"80"}', '{"mongod":0}', '{"mongod":99999}'])(
    'survives a damaged file: %j',
    async (content) => {
      const file = path.join(directory, 'ports.json');
      writeFileSync(file, content);
      expect((await choosePorts(file, ['mongod'])).mongod).toBeGreaterThan(1023);
    },
  );
});
