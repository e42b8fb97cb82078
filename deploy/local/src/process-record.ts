import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';

/**
 * A process that was started from here, written down so that a later launcher recognises it. A pid alone does not
 * suffice: the system gives it to another process once the process has ended.
 */
export interface ProcessRecord {
  readonly pid: number;
  /** See `processIdentity`. */
  readonly identity: string;
}

let bootId: string | undefined;

function currentBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}

/**
 * What tells the present process with this pid from every other that had or will have it: on Linux the boot and the
 * start time in clock ticks since then, elsewhere the start time that `ps` prints. Undefined when no such process
 * runs; a zombie counts as ended.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field is the command in parentheses and may hold spaces: count from behind the last parenthesis.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, startTime] = [fields[0], fields[22 - 3]];
      if (state === 'Z' || state === 'X' || startTime === undefined) return undefined;
      return `${currentBootId()}:${startTime}`;
    } catch {
      return undefined;
    }
  }
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return ps.status === 0 ? ps.stdout.trim() || undefined : undefined;
}

/** Whether exactly this process still runs. */
export function stillRuns(record: ProcessRecord): boolean {
  return processIdentity(record.pid) === record.identity;
}

export function recordOf(pid: number): ProcessRecord | undefined {
  const identity = processIdentity(pid);
  return identity === undefined ? undefined : { pid, identity };
}

/** Undefined when there is no such file, or when it was cut by a crash. */
export function readRecord(file: string): ProcessRecord | undefined {
  try {
    const { pid, identity } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<keyof ProcessRecord, unknown>>;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 1 || typeof identity !== 'string') return undefined;
    return { pid: pid as number, identity };
  } catch {
    return undefined;
  }
}

export function writeRecord(file: string, record: ProcessRecord): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Signals the process and, as parts lead their own process groups, optionally all its children. */
export function signalProcess(pid: number, signal: NodeJS.Signals, wholeGroup = false): boolean {
  try {
    process.kill(wholeGroup ? -pid : pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Ends what a killed launcher left behind: first by SIGTERM, after `graceMs` by SIGKILL.
 * @param directory holds one record per part, `NAME.json`; the records are removed
 * @returns names of the parts that still ran; nothing is signalled whose pid now belongs to another process
 */
export async function stopLeftovers(directory: string, graceMs = 5000): Promise<string[]> {
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
  const stopped = await Promise.all(
    files.map(async (name) => {
      const file = path.join(directory, name);
      const record = readRecord(file);
      const ran = record !== undefined && (await stopRecorded(record, graceMs));
      rmSync(file, { force: true });
      return ran ? path.basename(name, '.json') : undefined;
    }),
  );
  return stopped.filter((name) => name !== undefined);
}

async function stopRecorded(record: ProcessRecord, graceMs: number): Promise<boolean> {
  if (!stillRuns(record)) return false;
  signalProcess(record.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  let killed = false;
  while (stillRuns(record)) {
    if (!killed && Date.now() > deadline) {
      killed = true;
      if (!signalProcess(record.pid, 'SIGKILL', true)) signalProcess(record.pid, 'SIGKILL');
    }
    await sleep(20);
  }
  return true;
}
