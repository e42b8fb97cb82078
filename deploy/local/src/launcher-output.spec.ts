import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConsoleView } from './console-view.js';
import { degradedParts, missingParts } from './health.js';
import { followLog, openLog } from './log-file.js';
import { readSettings } from './settings.js';
import { originOf } from './start-stack.js';
import { welcome } from './welcome.js';

function record(options: { isTTY?: boolean; rows?: number } = {}) {
  const written: string[] = [];
  return { written, output: { ...options, columns: 60, write: (text: string) => written.push(text) } };
}

describe('console view', () => {
  it('writes one line per part where there is no terminal', () => {
    const { written, output } = record();
    const view = new ConsoleView(output);
    view.part('mongod', 'searching', '');
    view.part('mongod', 'fetching', 'downloading · 0 s');
    view.part('mongod', 'fetching', 'downloading · 1 s');
    view.part('mongod', 'fetching', 'unpacking · 42 MB · 2 s');
    view.part('mongod', 'starting', '');
    view.part('mongod', 'running', '127.0.0.1:1 · 0.4 s');
    expect(written).toEqual([
      '  mongod           fetching    downloading · 0 s\n',
      '  mongod           fetching    unpacking · 42 MB · 2 s\n',
      '  mongod           running     127.0.0.1:1 · 0.4 s\n',
    ]);
  });

  it('repaints a block on a terminal, cut to its width, with notes above', () => {
    const { written, output } = record({ isTTY: true, rows: 24 });
    const view = new ConsoleView(output);
    view.part('mongod', 'starting', 'x'.repeat(100));
    view.part('nats-server', 'starting', '');
    view.note('hello');
    const [cut, second] = (written[1] ?? '').replace('\u001b[1A\r\u001b[J', '').trimEnd().split('\n');
    expect(cut).toHaveLength(59);
    expect(second).toBe('  nats-server      starting');
    expect(written.slice(2, 4)).toEqual(['\u001b[2A\r\u001b[J', 'hello\n']);
    view.freeze();
    view.part('mongod', 'stopped', '');
    expect(written.at(-1)).toBe('  mongod           stopped\n');
  });
});

describe('settings', () => {
  it('has the documented defaults', () => {
    expect(readSettings([], {})).toEqual({
      ...{ help: false, verbose: false, host: '127.0.0.1', port: 3000, dataDirectory: './.pentaprism', servers: {} },
      taggedImagesNeedKey: false,
    });
  });

  it('takes servers of the environment, and knows when the open dialects are closed', () => {
    const settings = readSettings(['--verbose'], { NATS_URL: 'nats://n', MONGODB_URI: '', HOST: '0.0.0.0', PORT: '0' });
    expect(settings).toMatchObject({
      verbose: true,
      port: 0,
      servers: { natsUrl: 'nats://n' },
      taggedImagesNeedKey: true,
    });
    expect(Object.keys(settings.servers)).toEqual(['natsUrl']);
    expect(readSettings([], { OPEN_DIALECTS: 'tensorboard' }).taggedImagesNeedKey).toBe(true);
  });

  it.each(['x', '-1', '65536', '3.5', '1e9'])('refuses PORT=%s', (port) => {
    expect(() => readSettings([], { PORT: port })).toThrow(/is no port/);
  });

  it('refuses unknown options', () => {
    expect(() => readSettings(['--port'], {})).toThrow('There is no option --port');
  });
});

describe('welcome', () => {
  const secrets = { ownerKey: 'id.secret', ownerKeyFile: '/w/.pentaprism/owner-key', signingSecrets: 's' };
  const facts = { url: 'http://127.0.0.1:3000', logs: '/w/.pentaprism/logs', degraded: [], workingDirectory: '/w' };

  it('shows the key at the first start only', () => {
    const text = (ownerKeyFrom: 'generated' | 'file' | 'environment') =>
      welcome({ ...facts, secrets: { ...secrets, ownerKeyFrom }, taggedImagesNeedKey: false });
    expect(text('generated')).toContain('owner key: id.secret');
    expect(text('file')).not.toContain('id.secret');
    expect(text('file')).toContain('owner key: in .pentaprism/owner-key');
    expect(text('environment')).toContain('Bearer $PENTAPRISM_OWNER_KEY');
    expect(text('file').match(/curl/g)).toHaveLength(3);
    expect(text('file').match(/Authorization/g)).toHaveLength(1);
  });

  it('says what has too little space, if anything has', () => {
    const body = JSON.stringify({
      status: 'degraded',
      parts: [
        { name: 'gateway', ok: true },
        { name: 'records', ok: true, degraded: true, message: 'Too little.' },
      ],
    });
    const degraded = degradedParts(body);
    const text = (reasons: string[]) =>
      welcome({
        ...{ ...facts, taggedImagesNeedKey: false, degraded: reasons },
        secrets: { ...secrets, ownerKeyFrom: 'file' },
      });
    expect(text(degraded)).toMatch(/^degraded: .*507.*\n {2}records: Too little\.$/m);
    expect(text([])).not.toContain('degraded');
    expect(degradedParts('no json')).toEqual([]);
  });

  it('adds the key where the dialects are closed, and quotes odd paths', () => {
    const odd = { ...secrets, ownerKeyFrom: 'file' as const, ownerKeyFile: "/a b'c/owner-key" };
    const text = welcome({ ...facts, secrets: odd, taggedImagesNeedKey: true });
    expect(text.match(/\$\(cat '\/a b'\\''c\/owner-key'\)/g)).toHaveLength(3);
  });

  it('gives addresses that can be reached', () => {
    expect(originOf('0.0.0.0', 1)).toBe('http://127.0.0.1:1');
    expect(originOf('::', 1)).toBe('http://[::1]:1');
  });
});

describe('health', () => {
  it('reads what is missing, and shows what it cannot read', () => {
    expect(missingParts('{"missing":["tagging","worker"]}')).toEqual(['tagging', 'worker']);
    expect(missingParts('<h1>no</h1>\n')).toEqual(['<h1>no</h1>']);
    expect(missingParts('')).toEqual(['gateway']);
  });
});

describe('log files', () => {
  it('rotates a large log at the start, and follows whole lines also after a truncation', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    const file = path.join(directory, 'x.log');
    try {
      writeFileSync(file, 'old\n');
      truncateSync(file, 21 * 1024 * 1024);
      closeSync(openLog(file));
      expect([statSync(file).size, statSync(`${file}.1`).size]).toEqual([0, 21 * 1024 * 1024]);
      const lines: string[] = [];
      appendFileSync(file, 'before\n');
      const stop = followLog(file, (line) => lines.push(line));
      appendFileSync(file, 'one\ntwo ü\nrest');
      stop();
      expect(lines).toEqual(['one', 'two ü', 'rest']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
