import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { zipSync, type Zippable } from 'fflate';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readWebArchive, UnfitArchive } from './web-archive.js';

const TEXT = Buffer.from('var x = 1;\n'.repeat(1000));
const LIMITS = { archiveBytes: 1e6, entries: 10, inflatedBytes: 1e6 };

describe('readWebArchive', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    file = path.join(directory, 'webfiles.zip');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function write(content: Zippable, change: (bytes: Buffer) => void = () => undefined): void {
    const bytes = Buffer.from(zipSync(content));
    change(bytes);
    writeFileSync(file, bytes);
  }

  it('returns compressed, stored and empty files of folders by name, as gzip files', async () => {
    write({ 'index.js': TEXT, fonts: { 'a.ttf': [TEXT, { level: 0 }], empty: Buffer.alloc(0), folder: {} } });
    const files = new Map(await readWebArchive(file));
    expect([...files.keys()].sort()).toEqual(['fonts/a.ttf', 'fonts/empty', 'index.js']);
    for (const name of ['index.js', 'fonts/a.ttf']) {
      const found = files.get(name);
      expect(gunzipSync(found?.gzip ?? '')).toEqual(TEXT);
      expect(await found?.inflated()).toEqual(TEXT);
      expect(found?.gzip.length).toBeLessThan(TEXT.length / 10);
    }
    expect(await files.get('fonts/empty')?.inflated()).toEqual(Buffer.alloc(0));
  });

  it.each([
    ['compressed', 6],
    ['stored', 0],
  ] as const)('refuses a damaged %s file', async (_kind, level) => {
    write({ 'index.js': [TEXT, { level }] }, (bytes) => {
      const at = bytes.indexOf('index.js') + 30;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    });
    await expect(readWebArchive(file)).rejects.toThrow(new UnfitArchive('index.js is damaged'));
  });

  it('refuses a file that inflates to more bytes than its entry declares', async () => {
    write({ 'index.js': TEXT }, (bytes) => bytes.writeUInt32LE(100, bytes.lastIndexOf('PK\u0001\u0002') + 24));
    await expect(readWebArchive(file)).rejects.toThrow(UnfitArchive);
  });

  it('refuses an encrypted file', async () => {
    write({ 'index.js': TEXT }, (bytes) => bytes.writeUInt16LE(1, bytes.lastIndexOf('PK\u0001\u0002') + 8));
    await expect(readWebArchive(file)).rejects.toThrow(/index\.js is encrypted/);
  });

  it('refuses names that lead out of the archive', async () => {
    write({ '../index.js': TEXT });
    await expect(readWebArchive(file)).rejects.toThrow(UnfitArchive);
  });

  it('refuses an archive beyond the limits of bytes, entries and inflated bytes', async () => {
    write(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`${i}.js`, TEXT])));
    await expect(readWebArchive(file, { ...LIMITS, archiveBytes: 100 })).rejects.toThrow(/more than 100/);
    await expect(readWebArchive(file, LIMITS)).rejects.toThrow(/11 entries/);
    await expect(readWebArchive(file, { ...LIMITS, entries: 11, inflatedBytes: 20_000 })).rejects.toThrow(
      /20000 bytes/,
    );
    await expect(readWebArchive(file, { ...LIMITS, entries: 11 })).resolves.toHaveProperty('size', 11);
  });

  it('finds none in an empty file, a device, a folder or nothing', async () => {
    writeFileSync(file, '');
    for (const path of [file, '/dev/null', directory, `${file}.none`])
      expect([path, await readWebArchive(path)]).toEqual([path, undefined]);
  });

  it('refuses what is no archive', async () => {
    writeFileSync(file, 'text');
    await expect(readWebArchive(file)).rejects.toThrow(UnfitArchive);
  });
});
