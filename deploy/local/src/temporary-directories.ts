import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readRecord, recordOf, stillRuns, stopLeftovers, writeRecord } from './process-record.js';

const PREFIX = 'pentaprism-test-';
const OWNER = 'owner.lock';

/** Settings that clear the environment of a system under test, so that it does not inherit those of the shell. */
export const CLEAN_SETTINGS: Readonly<Record<string, string>> = {
  ...{ MONGODB_URI: '', NATS_URL: '', REDIS_URL: '', BLOB_URL: '' },
  ...{ PENTAPRISM_OWNER_KEY: '', SIGNING_SECRETS: '', OPEN_DIALECTS: '', PUBLIC_URL: '', SIGNED_URL_TTL: '' },
  ...{ TENSORBOARD_LOGDIR: '', TENSORBOARD_WEBFILES: '' },
  ...{ FILTERS_TTL: '', MODALITY_API_URL: '', URL_IMPORT_ALLOW: '', WORKER_CONCURRENCY: '', LOG_LEVEL: 'info' },
};

/** A data directory for one test run, that a later run removes if this one is killed. */
export interface TemporaryDirectory {
  /** Pass it as data directory. */
  readonly path: string;
  remove(): void;
}

export function createTemporaryDirectory(): TemporaryDirectory {
  const outer = mkdtempSync(path.join(tmpdir(), PREFIX));
  const own = recordOf(process.pid);
  if (own) writeRecord(path.join(outer, OWNER), own);
  return { path: path.join(outer, 'data'), remove: () => rmSync(outer, { recursive: true, force: true }) };
}

/** Stops the servers and removes the directories of test runs that were killed before they could do it. */
export async function removeAbandonedDirectories(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const outer = path.join(tmpdir(), name);
    // All users share the directory for temporary files, and records of other users must not be followed.
    if (statSync(outer, { throwIfNoEntry: false })?.uid !== process.getuid?.()) continue;
    const owner = readRecord(path.join(outer, OWNER));
    // Without a record, another run may be creating the directory at this moment.
    if (owner === undefined || stillRuns(owner)) continue;
    await stopLeftovers(path.join(outer, 'data', 'run'), 500);
    rmSync(outer, { recursive: true, force: true });
  }
}
