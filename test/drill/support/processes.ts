import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** A process and all that it has started, and so on (Linux). */
export function processTree(root: number): number[] {
  const children = (pid: number): number[] =>
    readdirIfThere(`/proc/${pid}/task`).flatMap((thread) =>
      readIfThere(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
    );
  return [root, ...children(root).flatMap((child) => processTree(child))];
}

/** Forgets the highest memory that a process has had, so that `peakMemory` tells of the time from now on. */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Megabytes. */
export function memory(pid: number): number {
  return field(pid, 'VmRSS');
}

/** Megabytes: the most since the start, or since `resetPeakMemory`. */
export function peakMemory(pid: number): number {
  return field(pid, 'VmHWM');
}

/** Milliseconds that the main thread of a process ran, and waited for a core (Linux). */
export function threadTimes(pid: number): { ranMs: number; waitedMs: number } {
  const [ran = 0, waited = 0] = readIfThere(`/proc/${pid}/task/${pid}/schedstat`).split(' ').map(Number);
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}

function field(pid: number, name: string): number {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readIfThere(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes) / 1000;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readdirIfThere(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
