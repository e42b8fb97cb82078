import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockDirectory } from './directory-lock.js';
import { processIdentity, readRecord, recordOf, stillRuns, stopLeftovers, writeRecord } from './process-record.js';

describe('process records', () => {
  let directory: string;
  let stranger: ChildProcess;
  let pid: number;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    stranger = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    pid = stranger.pid as number;
  });
  afterEach(() => {
    stranger.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('tells processes apart, and knows when one has ended', async () => {
    const record = recordOf(pid);
    expect(record && stillRuns(record)).toBe(true);
    expect(processIdentity(process.pid)).not.toBe(record?.identity);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
    expect(record && stillRuns(record)).toBe(false);
  });

  it('stops a leftover and removes its record', async () => {
    const file = path.join(directory, 'mongod.json');
    writeRecord(file, recordOf(pid) ?? { pid, identity: '' });
    expect(await stopLeftovers(directory)).toEqual(['mongod']);
    expect(processIdentity(pid)).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });

  it('ends a leftover that ignores SIGTERM', async () => {
    const deaf = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'], { detached: true });
    await once(deaf.stdout, 'data');
    writeRecord(path.join(directory, 'worker.json'), recordOf(deaf.pid as number) ?? { pid, identity: '' });
    expect(await stopLeftovers(directory, 100)).toEqual(['worker']);
    expect(processIdentity(deaf.pid as number)).toBeUndefined();
  });

  it('never touches a stranger that was given the pid of a part', async () => {
    writeRecord(path.join(directory, 'mongod.json'), { pid, identity: 'an earlier start' });
    expect(await stopLeftovers(directory)).toEqual([]);
    expect(processIdentity(pid)).toBeDefined();
  });

  it.each(['', '{', '{"pid":"1","identity":"x"}', '{"pid":-1,"identity":"x"}', '{"pid":1,"identity":"x"}', 'null'])(
    'reads nothing from a damaged record: %j',
    (content) => {
      writeFileSync(path.join(directory, 'nats-server.json'), content);
      expect(readRecord(path.join(directory, 'nats-server.json'))).toBeUndefined();
    },
  );

  it('locks a directory against a second launcher', () => {
    const lock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(
      new RegExp(`runs on .* already \\(process ${process.pid}\\).*PENTAPRISM_DATA`),
    );
    lock.release();
    lockDirectory(directory).release();
  });

  it('takes over the lock of a launcher that was killed, also when its pid is in use again', () => {
    writeRecord(path.join(directory, 'launcher.lock'), { pid, identity: 'an earlier start' });
    lockDirectory(directory).release();
    expect(processIdentity(pid)).toBeDefined();
  });
});
