import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** The version whose checks of signatures, conditions and checksums were looked at. */
const VERSION = '1.5.33';
/** Milliseconds for 90 MB over a slow line. */
const INSTALL_MS = 180_000;

/** From `src` and from `dist` alike; git does not see it. */
const CACHE = path.resolve(import.meta.dirname, '../../../.nx');

/**
 * Installs the S3 server that tests use with pip, once for this checkout.
 * @returns the directory for PYTHONPATH
 * @throws Error with one sentence that says what pip was missing
 */
export async function installMinistack(): Promise<string> {
  const target = path.join(CACHE, `ministack-${VERSION}`);
  if (existsSync(target)) return target;
  await mkdir(CACHE, { recursive: true });
  const temporary = await mkdtemp(path.join(CACHE, 'ministack-download-'));
  try {
    const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--retries', '2', '--quiet'];
    await pip(['install', ...quiet, '--only-binary=:all:', '--target', temporary, `ministack==${VERSION}`]);
    // Whole or not at all, and only one of several runs at the same time.
    await rename(temporary, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
    return target;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function pip(args: string[]): Promise<void> {
  let output = '';
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('python3', ['-m', 'pip', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: INSTALL_MS,
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', () => reject(new Error('the S3 server of the tests needs Python 3 with pip')));
    child.once('close', resolve);
  });
  if (code === 0) return;
  const reason = output.split('\n').findLast((line) => line.startsWith('ERROR:')) ?? `pip ended with ${code}`;
  throw new Error(`the S3 server of the tests could not be installed (${reason})`);
}
