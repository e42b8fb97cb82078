import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SystemCall {
  readonly name: string;
  readonly text: string;
  /** Line numbers. */
  readonly began: number;
  ended: number;
}

/** Milliseconds until it has attached to all threads of a process. */
const ATTACHED_WITHIN_MS = 10_000;

/** Whether there is an strace that may look into another process here. */
export function straceWorks(pid: number): boolean {
  const { status } = spawnSync('strace', ['-V']);
  if (status !== 0) return false;
  const { stderr } = spawnSync('timeout', ['-s', 'INT', '0.5', 'strace', '-e', 'trace=none', '-p', String(pid)]);
  return stderr.toString().includes('attached');
}

/**
 * The system calls that a running process makes while `work` is done, those of all its threads.
 *
 * @param calls their names
 */
export async function traceProcess(
  pid: number,
  calls: readonly string[],
  output: string,
  work: () => Promise<void>,
): Promise<SystemCall[]> {
  const options = ['-f', '-y', '-s', '600', '-e', `trace=${calls.join(',')}`, '-o', output, '-p', String(pid)];
  const strace = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(strace, 'exit');
  let said = '';
  strace.stderr.on('data', (text: Buffer) => (said += text.toString()));
  try {
    const until = Date.now() + ATTACHED_WITHIN_MS;
    while (!said.includes('attached')) {
      if (strace.exitCode !== null || Date.now() > until) throw new Error(`strace does not attach: ${said}`);
      await sleep(20);
    }
    await work();
  } finally {
    // It lets go of the process, which runs on.
    strace.kill('SIGINT');
    await ended;
  }
  return parseTrace(await readFile(output, 'utf8'));
}

/** Pairs the "unfinished" and "resumed" lines of `strace -f`. */
function parseTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, SystemCall>();
  trace.split('\n').forEach((line, at) => {
    const [, pid = '', resumed, name = ''] = /^(\d+)\s+(<\.\.\. )?(\w+)/.exec(line) ?? [];
    if (resumed) {
      const call = unfinished.get(pid);
      if (call) call.ended = at;
    } else if (name) {
      const pending = line.endsWith('<unfinished ...>');
      const call = { name, text: line, began: at, ended: pending ? Number.POSITIVE_INFINITY : at };
      calls.push(call);
      if (pending) unfinished.set(pid, call);
    }
  });
  return calls;
}
