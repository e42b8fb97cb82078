import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ROTATE_ABOVE_BYTES } from './log-file.js';
import type { PartSpec } from './part.js';
import { processIdentity, readRecord } from './process-record.js';
import { Supervisor } from './supervisor.js';

const READY =
  "process.on('disconnect', () => process.exit(0)); process.send({ type: 'ready' }); setInterval(() => {}, 1000);";
const POLITE = `process.on('SIGTERM', () => process.exit(0)); ${READY}`;
const DEAF = `process.on('SIGTERM', () => {}); ${READY}`;

function node(name: string, script: string): PartSpec {
  return { name, command: process.execPath, args: ['-e', script], env: process.env, ready: 'message' };
}

describe('supervisor', () => {
  let directory: string;
  let supervisor: Supervisor;
  let events: string[];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    events = [];
    mkdirSync(path.join(directory, 'run'));
    supervisor = new Supervisor({
      logDirectory: directory,
      runDirectory: path.join(directory, 'run'),
      onChange: (part) => events.push(`${part.name} ${part.state}`),
    });
  });
  afterEach(async () => {
    supervisor.killAll();
    await sleep(50);
    rmSync(directory, { recursive: true, force: true });
  });

  it('restarts a part that was killed, and writes down the process that runs', async () => {
    const part = supervisor.add(node('worker', POLITE), 'worker');
    await supervisor.startAll();
    const first = part.pid;
    part.kill('SIGKILL');
    expect(part.state).toBe('restarting');
    await part.waitUntilRunning(5000);
    expect(part.pid).not.toBe(first);
    expect(part.crashes).toBe(1);
    expect(readRecord(path.join(directory, 'run/worker.json'))?.pid).toBe(part.pid);
  });

  it('keeps the log of a part that runs for long from growing without bound', async () => {
    const chatter = `process.stdout.write('x'.repeat(${ROTATE_ABOVE_BYTES + 1}));`;
    const part = supervisor.add(node('mongod', `${chatter} ${POLITE}`), 'server');
    await supervisor.startAll();
    while (!existsSync(`${part.logFile}.1`) || statSync(part.logFile).size > 0) await sleep(100);
    expect(statSync(`${part.logFile}.1`).size).toBe(ROTATE_ABOVE_BYTES + 1);
    expect(part.crashes).toBe(0);
  });

  it('waits longer after each crash', async () => {
    const spawned = path.join(directory, 'spawned');
    const script = `require('fs').appendFileSync(${JSON.stringify(spawned)}, Date.now() + '\\n'); process.send({ type: 'ready' }, () => process.exit(3));`;
    const part = supervisor.add(node('catalog', script), 'service');
    await supervisor.startAll();
    while (part.crashes < 3) await sleep(50);
    const times = readFileSync(spawned, 'utf8').trim().split('\n').map(Number);
    const [first, second, third] = times as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(250);
    expect(third - second).toBeGreaterThanOrEqual(500);
    expect(part.reason).toMatch(/exit code 3, again in 1000 ms/);
  });

  it.each([
    ['a line of text', 'no database'],
    ['JSON', JSON.stringify({ level: 'fatal', err: { message: 'no database.' }, msg: 'the start failed' })],
  ])('gives up a part that never serves, and says why it ended: %s', async (_what, line) => {
    const script = `console.error(${JSON.stringify(line)}); process.exit(1);`;
    supervisor.add(node('tagging', script), 'service');
    await expect(supervisor.startAll()).rejects.toThrow(
      /tagging does not start \(exit code 1, 3 attempts\): no database\. Its log is .*tagging\.log/,
    );
    expect(readFileSync(path.join(directory, 'tagging.log'), 'utf8')).toContain('no database');
  });

  it('says that a command does not exist', async () => {
    supervisor.add({ ...node('mongod', ''), command: path.join(directory, 'nothing') }, 'server');
    await expect(supervisor.startAll()).rejects.toThrow(/mongod does not start .*ENOENT/);
  });

  it('stops in order, the servers last', async () => {
    for (const [name, stage] of [
      ['nats', 'server'],
      ['catalog', 'service'],
      ['worker', 'worker'],
      ['gateway', 'gateway'],
    ] as const) {
      supervisor.add(node(name, POLITE), stage);
    }
    await supervisor.startAll();
    events.length = 0;
    await supervisor.stop();
    expect(events.filter((event) => event.endsWith('stopped'))).toEqual([
      'gateway stopped',
      'worker stopped',
      'catalog stopped',
      'nats stopped',
    ]);
    expect(() => supervisor.add(node('late', POLITE), 'service')).toThrow(/being stopped/);
  });

  it('stops parts that ignore SIGTERM, and their children, within 10 s', async () => {
    const child = "require('child_process').spawn('sleep', ['60'], { stdio: 'ignore' }).pid";
    const withChild = `console.log(${child}); ${DEAF}`;
    const gateway = supervisor.add(node('gateway', withChild), 'gateway');
    supervisor.add(node('catalog', POLITE), 'service');
    const server = supervisor.add(node('mongod', DEAF), 'server');
    await supervisor.startAll();
    const pids = [gateway.pid, server.pid, Number(readFileSync(gateway.logFile, 'utf8'))];
    const startedAt = Date.now();
    await supervisor.stop();
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    await sleep(50);
    expect(pids.map((pid) => processIdentity(pid ?? 0))).toEqual([undefined, undefined, undefined]);
  });

  it('stops and starts a single part on demand', async () => {
    const part = supervisor.add(node('valkey', POLITE), 'server');
    await supervisor.startAll();
    await part.stop();
    expect([part.state, part.pid]).toEqual(['stopped', undefined]);
    await part.start();
    await part.restart();
    expect(part.state).toBe('running');
    expect(part.crashes).toBe(0);
  });
});
