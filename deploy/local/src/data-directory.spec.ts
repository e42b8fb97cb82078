import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  it('makes a new key where a crash left an empty file', () => {
    const directory = openDataDirectory(root);
    writeFileSync(path.join(root, 'owner-key'), '');
    expect(loadSecrets(directory, {}).ownerKeyFrom).toBe('generated');
  });
});
