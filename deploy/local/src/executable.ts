import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A cold 140 MB binary on a slow disk is loaded within this time. */
const VERSION_TIMEOUT_MS = 20_000;

export function findOnPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  const directories = (env['PATH'] ?? '').split(path.delimiter).filter((directory) => path.isAbsolute(directory));
  return directories.map((directory) => path.join(directory, command)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @returns the first dotted number of `--version`, undefined when the binary does not run here */
export async function versionOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(binary, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return /\d+\.\d+\.\d+/.exec(stdout || stderr)?.[0];
  } catch {
    return undefined;
  }
}

/** Compares dotted numbers, part by part. */
export function isAtLeast(version: string | undefined, minimum: string): boolean {
  if (version === undefined) return false;
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (const [index, needed] of need.entries()) {
    const difference = (have[index] ?? 0) - needed;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
