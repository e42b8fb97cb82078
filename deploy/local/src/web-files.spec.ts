import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fetchWebFiles, webFilesPath } from './web-files.js';

describe("TensorBoard's frontend", () => {
  let directory: string;
  let bin: string;
  /** A cache, and a data directory with another one. */
  let places: [NodeJS.ProcessEnv, string];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    bin = path.join(directory, 'bin');
    mkdirSync(bin);
    places = [{ PENTAPRISM_CACHE: path.join(directory, 'first') }, path.join(directory, 'second')];
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function python(body: string): void {
    writeFileSync(path.join(bin, 'python3'), `#!/bin/sh\nPATH=/bin:/usr/bin\n${body}\n`);
    chmodSync(path.join(bin, 'python3'), 0o755);
  }
  const fetchTo = (target: string) => fetchWebFiles(target, { env: { PATH: bin }, logDirectory: directory });

  it('is fetched by pip with its hash, unpacked, and kept where the gateway expects it', async () => {
    // Stands in for pip, whose last argument is a file of requirements, and for the unpacking of the wheel.
    python(
      `case "$2" in pip) for last; do :; done; cp "$last" ${directory}/requirements; echo x > "$(dirname "$last")/x.whl";;` +
        ' zipfile) mkdir -p "$5/tensorboard"; echo files > "$5/tensorboard/webfiles.zip";; esac',
    );
    const target = webFilesPath(...places);
    expect(path.relative(directory, target)).toBe('first/servers/any/tensorboard-2.21.0/webfiles.zip');
    await fetchTo(target);
    expect(readFileSync(target, 'utf8')).toBe('files\n');
    expect(readdirSync(path.join(directory, 'first/servers/any'))).toEqual(['tensorboard-2.21.0']);
    expect(readFileSync(path.join(directory, 'requirements'), 'utf8')).toMatch(
      /^tensorboard==2\.21\.0 --hash=sha256:[0-9a-f]{64}\n$/,
    );
  });

  it('is not fetched again, and found in any of the directories', async () => {
    const kept = path.join(directory, 'second/servers/any/tensorboard-2.21.0/webfiles.zip');
    mkdirSync(path.dirname(kept), { recursive: true });
    writeFileSync(kept, 'files');
    expect(webFilesPath(...places)).toBe(kept);
    python('exit 1');
    await expect(fetchTo(kept)).resolves.toBeUndefined();
  });

  it.each([
    [
      'the network is closed',
      'NewConnectionError',
      /index cannot be reached .*set TENSORBOARD_WEBFILES to the webfiles\.zip/,
    ],
    ['the index offers another file', 'DO NOT MATCH THE HASHES', /offers another file .*set TENSORBOARD_WEBFILES/],
  ])('says what to do when %s, and leaves nothing half-made', async (_when, output, expected) => {
    python(`echo "${output}" >&2; exit 1`);
    const target = webFilesPath(...places);
    await expect(fetchTo(target)).rejects.toThrow(expected);
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(path.join(directory, 'first/servers/any'))).toEqual(['tensorboard-2.21.0']);
  });
});
