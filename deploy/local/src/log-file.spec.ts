import { closeSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLog, ROTATE_ABOVE_BYTES, rotateLog } from './log-file.js';

describe('a log', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    file = path.join(directory, 'mongod.log');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('stays below a size while its process writes to it, and keeps the part before', () => {
    const descriptor = openLog(file);
    for (const round of [1, 2, 3]) {
      writeSync(descriptor, `${String(round)}${'x'.repeat(ROTATE_ABOVE_BYTES)}`);
      rotateLog(file);
      expect(statSync(file).size).toBe(0);
      expect(readFileSync(`${file}.1`, 'latin1').slice(0, 10)).toContain(String(round));
      writeSync(descriptor, 'goes on');
      expect(readFileSync(file, 'latin1')).toBe('goes on');
      expect(statSync(`${file}.1`).mode & 0o077).toBe(0);
    }
    closeSync(descriptor);
  });

  it('is left alone while it is small or missing', () => {
    rotateLog(file);
    expect(existsSync(file)).toBe(false);
    const descriptor = openLog(file);
    writeSync(descriptor, 'x'.repeat(ROTATE_ABOVE_BYTES));
    closeSync(descriptor);
    rotateLog(file);
    expect(existsSync(`${file}.1`)).toBe(false);
  });

  it('is emptied also where its copy cannot be made', () => {
    const descriptor = openLog(file);
    writeSync(descriptor, 'x'.repeat(ROTATE_ABOVE_BYTES + 1));
    closeSync(descriptor);
    mkdirSync(path.join(directory, 'mongod.log.1'));
    expect(() => rotateLog(file)).not.toThrow();
    expect(statSync(file).size).toBe(0);
  });
});
