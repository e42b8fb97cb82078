import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { errorCode, isOutOfSpace, LauncherError } from './launcher-error.js';

/** Raised when files move in a way that older versions would misread. */
const LAYOUT_VERSION = 1;

/** What may lie in a directory that is not ours yet: the log of the installation, and what a new volume holds. */
const HARMLESS = new Set(['logs', 'lost+found', '.DS_Store']);

/** Where the one-machine stack keeps everything. All paths are absolute. */
export interface DataDirectory {
  readonly root: string;
  readonly logs: string;
  readonly blobs: string;
  /** One record per running part, see `stopLeftovers`. */
  readonly run: string;
  /** Secrets of the embedded servers. */
  readonly secrets: string;
  readonly portsFile: string;
  /** Data of the embedded server. */
  serverData(name: 'mongodb' | 'nats' | 'valkey'): string;
}

/**
 * Opens the directory, and creates it (mode 0700) where it does not exist. Changes nothing in a directory that it refuses.
 * @throws LauncherError when a newer version wrote it, when it holds something else, when it cannot be written, or when it
 *   cannot be closed to other users; the error of the system when the disk is full
 */
export function openDataDirectory(directory: string): DataDirectory {
  const root = path.resolve(directory);
  try {
    if (!existsSync(path.dirname(root))) mkdirSync(path.dirname(root), { recursive: true });
    ensureDirectory(root);
    // Before anything changes: a directory that serves another purpose, such as /tmp, stays as it is.
    const isNew = checkVersion(root);
    closeToOthers(root);
    if (isNew) writePrivate(path.join(root, 'version'), String(LAYOUT_VERSION));
    for (const name of ['logs', 'blobs', 'run', 'secrets', 'mongodb', 'nats', 'valkey']) {
      ensureDirectory(path.join(root, name));
      closeToOthers(path.join(root, name));
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || isOutOfSpace(error)) throw error;
    throw new LauncherError(
      `The data directory ${root} cannot be used (${code}): ` +
        'make it writable, or choose another with PENTAPRISM_DATA.',
    );
  }
  return {
    root,
    logs: path.join(root, 'logs'),
    blobs: path.join(root, 'blobs'),
    run: path.join(root, 'run'),
    secrets: path.join(root, 'secrets'),
    portsFile: path.join(root, 'ports.json'),
    serverData: (name) => path.join(root, name),
  };
}

/** Creates one level only: `recursive` never returns below some special file systems, such as /proc. */
function ensureDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST' || !statSync(directory).isDirectory()) throw error;
  }
}

/**
 * Sets mode 0700 if other users have any right to the directory, because it holds secrets and all images.
 * @throws LauncherError if the mode cannot be changed
 */
function closeToOthers(directory: string): void {
  if ((statSync(directory).mode & 0o077) === 0) return;
  try {
    chmodSync(directory, 0o700);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EPERM' && code !== 'ENOTSUP') throw error;
    throw new LauncherError(
      `Other users can open ${directory}, and its mode cannot be changed (${code}), because it belongs to another user or ` +
        'its file system keeps no modes: choose a directory of your own on a local disk with PENTAPRISM_DATA.',
    );
  }
}

/**
 * Checks that this version may use the directory, and changes nothing.
 * @returns whether the directory is new
 */
function checkVersion(root: string): boolean {
  const text = readOptional(path.join(root, 'version'));
  if (text === undefined) {
    if (readdirSync(root).some((name) => !HARMLESS.has(name))) {
      throw new LauncherError(
        `${root} holds files but is no data directory of Pentaprism: choose an empty or a new one with PENTAPRISM_DATA.`,
      );
    }
    return true;
  }
  const version = Number(text);
  if (!Number.isInteger(version) || version < 1) {
    throw new LauncherError(
      `The file version in ${root} is damaged (expected ${LAYOUT_VERSION}): restore it, or choose another directory with PENTAPRISM_DATA.`,
    );
  }
  if (version > LAYOUT_VERSION) {
    throw new LauncherError(
      `The data directory ${root} was written by a newer version of Pentaprism (layout ${version}, this one knows ${LAYOUT_VERSION}): ` +
        'start that version, or choose another directory with PENTAPRISM_DATA.',
    );
  }
  return false;
}

export interface Secrets {
  /** `id.secret` or a bare secret, the first API key. */
  readonly ownerKey: string;
  readonly ownerKeyFrom: 'environment' | 'file' | 'generated';
  readonly ownerKeyFile: string;
  /** Signs blob URLs; several, separated by commas, while keys are rotated. */
  readonly signingSecrets: string;
}

/**
 * The environment wins; otherwise secrets are made at the first start, 256 random bits each, and kept (mode 0600).
 * @throws LauncherError when the signing secret is gone although there is data: keys are stored as hashes under it, so a
 *   new one would revoke all of them without a word
 */
export function loadSecrets(directory: DataDirectory, env: NodeJS.ProcessEnv): Secrets {
  const ownerKeyFile = path.join(directory.root, 'owner-key');
  const signingFile = path.join(directory.root, 'signing-secret');
  const fromEnvironment = env['PENTAPRISM_OWNER_KEY'];
  const stored = fromEnvironment ? undefined : readOptional(ownerKeyFile);
  const signingSecrets = env['SIGNING_SECRETS'] || readOptional(signingFile);
  if (!signingSecrets && holdsData(directory)) {
    throw new LauncherError(
      `${signingFile} is missing although ${directory.root} holds data, and no API key works without it: restore the file ` +
        'from a backup or set SIGNING_SECRETS; to start with a new secret, which revokes all keys but the owner key, ' +
        `write one of your own to it (openssl rand -hex 32 > '${signingFile}').`,
    );
  }
  // The signing secret is written first: an owner key without one counts as data.
  const kept = signingSecrets || writePrivate(signingFile, randomSecret());
  return {
    ownerKey:
      fromEnvironment || stored || writePrivate(ownerKeyFile, `${randomBytes(6).toString('hex')}.${randomSecret()}`),
    ownerKeyFrom: fromEnvironment ? 'environment' : stored ? 'file' : 'generated',
    ownerKeyFile,
    signingSecrets: kept,
  };
}

/**
 * Returns whether the directory has been in use. With a MongoDB elsewhere, the owner's key and the blobs are the only
 * signs of it.
 */
function holdsData(directory: DataDirectory): boolean {
  const isFilled = (each: string): boolean => readdirSync(each).length > 0;
  const hasOwnerKey = Boolean(readOptional(path.join(directory.root, 'owner-key')));
  return hasOwnerKey || isFilled(directory.serverData('mongodb')) || isFilled(directory.blobs);
}

/** 256 random bits. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Whole or not at all, also when the machine stops: temporary file, fsync, rename. A file that has this content already is
 * left alone, so that a start needs no space for it.
 */
export function writePrivate(file: string, content: string): string {
  if (readOptional(file) === content.trim()) {
    chmodSync(file, 0o600);
    return content;
  }
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(descriptor, `${content}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return content;
}
