import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadSecrets, openDataDirectory } from './data-directory.js';

const mode = (file: string): number => statSync(file).mode & 0o777;

describe('data directory', () => {
  let parent: string;
  let root: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    root = path.join(parent, 'data');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is created for its user alone, and opened again', () => {
    const directory = openDataDirectory(root);
    expect(mode(root)).toBe(0o700);
    expect(statSync(directory.serverData('mongodb')).isDirectory()).toBe(true);
    expect(openDataDirectory(root).root).toBe(root);
  });

  it('refuses what a newer version wrote, in one sentence that says so', () => {
    openDataDirectory(root);
    writeFileSync(path.join(root, 'version'), '2\n');
    expect(() => openDataDirectory(root)).toThrow(/newer version of Pentaprism \(layout 2.*PENTAPRISM_DATA/);
  });

  it('refuses a damaged version, and a directory that holds other things', () => {
    openDataDirectory(root);
    writeFileSync(path.join(root, 'version'), '');
    expect(() => openDataDirectory(root)).toThrow(/damaged/);
    expect(() => openDataDirectory(parent)).toThrow(/no data directory of Pentaprism/);
  });

  it('says when it is no directory', () => {
    writeFileSync(root, '');
    expect(() => openDataDirectory(root)).toThrow(/cannot be used \(EEXIST\)/);
  });

  it('makes secrets once and keeps them to its user', () => {
    const directory = openDataDirectory(root);
    const first = loadSecrets(directory, {});
    expect(first.ownerKeyFrom).toBe('generated');
    expect(first.ownerKey).toMatch(/^[0-9a-f]{12}\.[\w-]{43}$/);
    expect(first.signingSecrets).toMatch(/^[\w-]{43}$/);
    expect(mode(first.ownerKeyFile)).toBe(0o600);
    expect(mode(path.join(root, 'signing-secret'))).toBe(0o600);
    expect(loadSecrets(directory, {})).toEqual({ ...first, ownerKeyFrom: 'file' });
  });

  it('lets the environment win, and does not write its key down', () => {
    const directory = openDataDirectory(root);
    const secrets = loadSecrets(directory, { PENTAPRISM_OWNER_KEY: 'mine', SIGNING_SECRETS: 'a,b' });
    expect(secrets).toMatchObject({ ownerKey: 'mine', ownerKeyFrom: 'environment', signingSecrets: 'a,b' });
    expect(() => readFileSync(secrets.ownerKeyFile)).toThrow(/ENOENT/);
  });

  it('refuses to replace a signing secret that was lost, and says what to do', () => {
    const directory = openDataDirectory(root);
    const { signingSecrets } = loadSecrets(directory, {});
    writeFileSync(path.join(directory.serverData('mongodb'), 'WiredTiger'), '');
    expect(loadSecrets(directory, {}).signingSecrets).toBe(signingSecrets);
    for (const lose of [
      () => writeFileSync(path.join(root, 'signing-secret'), ''),
      () => rmSync(path.join(root, 'signing-secret')),
    ]) {
      lose();
      expect(() => loadSecrets(directory, {})).toThrow(
        /signing-secret is missing .* restore the file .* SIGNING_SECRETS/,
      );
    }
    expect(loadSecrets(directory, { SIGNING_SECRETS: 'given' }).signingSecrets).toBe('given');
  });

  it('closes a directory that other users could read', () => {
    mkdirSync(root, { mode: 0o755 });
    mkdirSync(path.join(root, 'logs'), { mode: 0o755 });
    const { secrets } = openDataDirectory(root);
    expect([root, path.join(root, 'logs'), secrets].map(mode)).toEqual([0o700, 0o700, 0o700]);
  });

  it('leaves a directory that it refuses as it is', () => {
    mkdirSync(root);
    writeFileSync(path.join(root, 'notes.txt'), '');
    chmodSync(root, 0o1777);
    expect(() => openDataDirectory(root)).toThrow(/no data directory of Pentaprism/);
    expect(statSync(root).mode & 0o7777).toBe(0o1777);

    rmSync(path.join(root, 'notes.txt'));
    writeFileSync(path.join(root, 'version'), '2\n');
    expect(() => openDataDirectory(root)).toThrow(/newer version/);
    expect(statSync(root).mode & 0o7777).toBe(0o1777);
  });

  // Only root can act as another user here.
  (process.geteuid?.() === 0 ? it : it.skip)('refuses an open directory of another user, and says why', () => {
    chmodSync(parent, 0o755);
    mkdirSync(root);
    chmodSync(root, 0o777);
    process.seteuid?.(65_534);
    try {
      expect(() => openDataDirectory(root)).toThrow(/mode cannot be changed \(EPERM\).* belongs to another user/);
    } finally {
      process.seteuid?.(0);
    }
    expect(readdirSync(root)).toEqual([]);
  });

  it.each([
    ['an owner key', 'owner-key'],
    ['a blob', 'blobs/first'],
  ])('refuses to replace a lost signing secret when there is %s and MongoDB is elsewhere', (_, file) => {
    const directory = openDataDirectory(root);
    writeFileSync(path.join(root, file), 'kept');
    const env = { PENTAPRISM_OWNER_KEY: 'mine', MONGODB_URI: 'mongodb://elsewhere' };
    expect(() => loadSecrets(directory, env)).toThrow(/signing-secret is missing/);
  });

  it('makes a new key where a crash left an empty file', () => {
    const directory = openDataDirectory(root);
    writeFileSync(path.join(root, 'owner-key'), '');
    expect(loadSecrets(directory, {}).ownerKeyFrom).toBe('generated');
  });
});
