import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CLEAN_SETTINGS,
  createTemporaryDirectory,
  startStack,
  type RunningStack,
  type TemporaryDirectory,
} from '@pentaprism/local';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const OPERATIONS = path.resolve(import.meta.dirname, '../../docs/operations.md');
const PICTURE = path.resolve(import.meta.dirname, '../../docs/example/pentaprism.jpg');
/** The block of shell commands behind a mark in the page, as it is. */
function documented(mark: string): string {
  const page = readFileSync(OPERATIONS, 'utf8');
  const [, commands] = new RegExp(`<!-- ${mark}: [^>]*-->\\s*\`\`\`bash\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (!commands) throw new Error(`docs/operations.md has no commands marked ${mark}`);
  return commands;
}

describe('the documented backup of the one-machine stack', () => {
  let directory: TemporaryDirectory;
  let home: string;
  let stack: RunningStack | undefined;
  beforeEach(() => {
    directory = createTemporaryDirectory();
    home = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
  });
  afterEach(async () => {
    await stack?.stop();
    directory.remove();
    rmSync(home, { recursive: true, force: true });
  });

  const start = async (dataDirectory: string): Promise<RunningStack> =>
    (stack = await startStack({ dataDirectory, port: 0, env: CLEAN_SETTINGS, readyTimeoutMs: 120_000 }));
  const run = (mark: string): string => {
    const env = { PATH: process.env['PATH'], HOME: home, PENTAPRISM_DATA: directory.path };
    // Without -e, as in a terminal: a command that fails must stop the next ones by itself.
    return execFileSync('bash', ['-uc', documented(mark)], {
      cwd: home,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const send = async (where: string, init: RequestInit = {}): Promise<Response> => {
    if (!stack) throw new Error('nothing runs');
    const url = where.startsWith('http') ? where : stack.url + where;
    const headers = { authorization: `Bearer ${stack.ownerKey}`, 'content-type': 'application/json' };
    const response = await fetch(url, { ...init, headers });
    if (!response.ok) throw new Error(`${where}: ${response.status} ${await response.text()}`);
    return response;
  };

  it('restores images with their bytes and keys, and is closed to other users', async () => {
    await start(directory.path);
    const bytes = readFileSync(PICTURE);
    const body = JSON.stringify({ filename: 'kept.jpg', tags: ['kept'], image_data: bytes.toString('base64') });
    await send('/v1/upload', { method: 'POST', body });
    const key = (await (
      await send('/keys', { method: 'POST', body: JSON.stringify({ name: 'ci', role: 'reader' }) })
    ).json()) as { key: string };
    await stack?.stop();

    run('backup');
    const backups = path.join(home, 'pentaprism-backups');
    const [name = '', ...others] = readdirSync(backups);
    expect(name).toMatch(/^backup-\d{4}-\d{2}-\d{2}T\d{6}\.tgz$/);
    expect(others).toEqual([]);
    const archive = path.join(backups, name);
    expect([statSync(backups).mode & 0o777, statSync(archive).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' })).toMatch(/^\.\/signing-secret$/m);
    directory.remove();
    run('restore');
    const restored = path.join(backups, 'restored');
    expect(statSync(restored).mode & 0o777).toBe(0o700);
    const later = path.join(restored, 'owner-key');
    const ownerKey = readFileSync(later);
    writeFileSync(later, 'changed after the restore');
    expect(() => run('restore')).toThrow(/mkdir/);
    expect(readFileSync(later, 'utf8')).toBe('changed after the restore');
    writeFileSync(later, ownerKey);

    await start(restored);
    const { url = '' } = stack ?? {};
    const list = await fetch(`${url}/v1/images`, { headers: { authorization: `Bearer ${key.key}` } });
    const images = JSON.stringify(await list.json());
    expect(images).toContain('kept.jpg');
    const [, signed = ''] = /"(?:url|image_url)":"([^"]+)"/.exec(images) ?? [];
    expect(Buffer.from(await (await fetch(new URL(signed, url))).arrayBuffer()).equals(bytes)).toBe(true);
    await send('/v1/upload', { method: 'POST', body: body.replace('kept.jpg', 'new.jpg') });
  });
});
