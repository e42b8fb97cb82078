import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { errorCode, LauncherError } from './launcher-error.js';
import { readRecord, recordOf, stillRuns, writeRecord } from './process-record.js';

export interface DirectoryLock {
  release(): void;
}

/**
 * At most one launcher works on a data directory. The lock is a file that names its holder; that of a holder that no
 * longer runs is taken over.
 * @throws LauncherError when another launcher holds it
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = path.join(directory, 'launcher.lock');
  const own = recordOf(process.pid);
  if (own === undefined) throw new LauncherError('The start time of this process cannot be read; is /proc mounted?');
  const mine = `${file}.${process.pid}`;
  try {
    writeRecord(mine, own);
    while (!claim(mine, file)) {
      const holder = readRecord(file);
      if (holder !== undefined && stillRuns(holder)) {
        throw new LauncherError(
          `Pentaprism runs on ${directory} already (process ${holder.pid}): ` +
            'stop it, or choose another directory with PENTAPRISM_DATA.',
        );
      }
      discard(file);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return { release: () => rmSync(file, { force: true }) };
}

/** A hard link is created by one process only, and has its whole content from the first moment. */
function claim(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a lock without a living holder aside, and puts it back if another launcher has replaced it meanwhile. */
function discard(file: string): void {
  const aside = `${file}.${process.pid}.old`;
  try {
    const before = readFileSync(file, 'utf8');
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== before) linkSync(aside, file);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
