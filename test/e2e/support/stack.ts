import { CLEAN_SETTINGS, createTemporaryDirectory, startStack, type RunningStack } from '@pentaprism/local';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, send } from './http.js';

/** A running system: the one that all suites share, or one of a suite's own. */
export interface System {
  readonly url: string;
  readonly ownerKey: string;
  /** Its data directory. */
  readonly data: string;
}

/** The system that the run has started. */
export function sharedSystem(): System {
  const { E2E_URL: url, E2E_OWNER_KEY: ownerKey, E2E_DATA: data } = process.env;
  if (!url || !ownerKey || !data) throw new Error('the end-to-end stack was not started');
  return { url, ownerKey, data };
}

export interface PrivateSystem extends System {
  readonly stack: RunningStack;
  stop(): Promise<void>;
}

/** A system of the suite's own, for settings that others could not bear. */
export async function startPrivateSystem(env: NodeJS.ProcessEnv): Promise<PrivateSystem> {
  const directory = createTemporaryDirectory();
  try {
    const stack = await startStack({ dataDirectory: directory.path, port: 0, env: { ...CLEAN_SETTINGS, ...env } });
    const stop = async () => {
      await stack.stop();
      directory.remove();
    };
    return { url: stack.url, ownerKey: stack.ownerKey, data: directory.path, stack, stop };
  } catch (error) {
    directory.remove();
    throw error;
  }
}

export interface ApiKey {
  readonly id: string;
  readonly secret: string;
  /** What clients send. */
  readonly key: string;
  readonly name: string;
  readonly role: string;
  readonly workspace: string;
  readonly createdAt: string;
  readonly createdBy: string;
}

let workspaces = 0;

/** A key; without a workspace, of a new one that nobody else uses. */
export async function createKey(
  system: System,
  { role = 'editor', name = role, workspace = freshWorkspace() }: Partial<Pick<ApiKey, 'name' | 'role' | 'workspace'>>,
): Promise<ApiKey> {
  const answer = await send('POST', `${system.url}/keys`, {
    headers: { authorization: `Bearer ${system.ownerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, role, workspace }),
  });
  if (answer.status !== 201) throw new Error(`no key: ${answer.status} ${answer.bytes.toString()}`);
  return json<ApiKey>(answer);
}

export function freshWorkspace(): string {
  return `e2e-${process.pid}-${Date.now().toString(36)}-${(workspaces += 1)}`;
}

/** Files of uploads that are being received, or were left behind. */
export function temporaryFiles(system: System): Promise<string[]> {
  return readdir(path.join(system.data, 'blobs', 'tmp'));
}

/**
 * Returns the temporary files of now that are still there after 20 s. Other suites on a shared system have files of their own
 * all the time, each for a moment.
 */
export async function leftFiles(system: System): Promise<string[]> {
  let left = await temporaryFiles(system);
  for (let i = 0; i < 200 && left.length > 0; i++) {
    await sleep(100);
    const now = new Set(await temporaryFiles(system));
    left = left.filter((name) => now.has(name));
  }
  return left;
}

/** Blobs of one workspace, by area and hash. */
export async function storedBlobs(system: System, area: string, workspace: string): Promise<string[]> {
  const entries = await readdir(path.join(system.data, 'blobs', 'blobs', area, workspace), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** What the descriptors of a process below a directory lead to (Linux). */
export async function openFiles(pid: number, directory: string): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(directory));
}

/** Everything that the parts of a system have logged. */
export async function logsOf(system: System): Promise<string> {
  const directory = path.join(system.data, 'logs');
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(path.join(file.parentPath, file.name), 'utf8')))).join('\n');
}

/** The lines of `/metrics` that begin with a name. */
export async function metricLines(system: System, name: string): Promise<string[]> {
  const { bytes } = await send('GET', `${system.url}/metrics`);
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line.startsWith(name));
}
