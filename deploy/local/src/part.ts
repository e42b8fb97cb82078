import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, rmSync } from 'node:fs';
import path from 'node:path';
import { errorMessage, LauncherError } from './launcher-error.js';
import { lastWords, openLog } from './log-file.js';
import { recordOf, signalProcess, writeRecord } from './process-record.js';

export type PartState = 'waiting' | 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped' | 'failed';

/** What one part of the stack is, and how it is started. */
export interface PartSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Shown beside the state, such as the address. */
  readonly detail?: string;
  /**
   * `message`: the process sends `{ type: 'ready' }` over its IPC channel. Otherwise a probe that resolves when the
   * part serves; it is called after each start and given up through the signal when the process ends.
   */
  readonly ready: 'message' | ((signal: AbortSignal) => Promise<void>);
}

export interface PartOptions {
  readonly logDirectory: string;
  readonly runDirectory: string;
  readonly onChange: (part: Part) => void;
  /** Whether a process may have ended because the disk is full. Such a part is never given up. */
  readonly isDiskFull?: () => Promise<boolean>;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;
/** After this time in one piece a part counts as healthy, and its next crash as its first. */
const HEALTHY_AFTER_MS = 10_000;
/** A part that has never served and dies this often will not serve: its configuration or the build is wrong. */
const START_ATTEMPTS = 3;

/** Signals whose arrival ends a process that has no handler, or stops one that has. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGQUIT', 'SIGABRT']);

/** One supervised child process: started, watched, started again with back-off, stopped. */
export class Part {
  readonly name: string;
  readonly logFile: string;
  /** Why it is restarting or has failed, for people. */
  reason = '';
  /** Times that it has ended without having been told to. */
  crashes = 0;
  private current: PartState = 'waiting';
  private child: ChildProcess | undefined;
  private wanted = false;
  private everServed = false;
  private failuresInRow = 0;
  private spawnedAt = 0;
  private retryTimer: NodeJS.Timeout | undefined;
  private ended: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly spec: PartSpec,
    private readonly options: PartOptions,
  ) {
    this.name = spec.name;
    this.logFile = path.join(options.logDirectory, `${spec.name}.log`);
  }

  get state(): PartState {
    return this.current;
  }

  /** Undefined while no process runs. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Milliseconds since the present process was started. */
  get age(): number {
    return Date.now() - this.spawnedAt;
  }

  /** Starts it, and resolves when it serves. A part that fails `START_ATTEMPTS` times before is given up. */
  async start(): Promise<void> {
    if (!this.wanted) {
      this.wanted = true;
      this.failuresInRow = 0;
      this.launch();
    }
    await this.waitUntilRunning();
  }

  /**
   * Sends a signal. One that ends processes makes the part `restarting` at once, so that `waitUntilRunning` waits for
   * the next process and not for the one that is about to go.
   */
  kill(signal: NodeJS.Signals = 'SIGKILL'): boolean {
    const pid = this.pid;
    if (pid === undefined) return false;
    if (ENDING.has(signal) && this.wanted) this.change('restarting', `signal ${signal}`);
    return signalProcess(pid, signal);
  }

  /** Asks the process to stop, without waiting; `exited` tells when it has. */
  terminate(): void {
    this.wanted = false;
    clearTimeout(this.retryTimer);
    if (this.pid === undefined) {
      if (this.current !== 'waiting' && this.current !== 'failed') this.change('stopped');
      return;
    }
    this.change('stopping');
    signalProcess(this.pid, 'SIGTERM');
  }

  /** Ends the process and its children at once. */
  killGroup(): void {
    this.wanted = false;
    clearTimeout(this.retryTimer);
    if (this.pid !== undefined) signalProcess(this.pid, 'SIGKILL', true);
  }

  /** Resolves when no process runs any more. */
  exited(): Promise<void> {
    return this.ended;
  }

  /** SIGTERM, and SIGKILL after `graceMs`. */
  async stop(graceMs = 8000): Promise<void> {
    this.terminate();
    const timer = setTimeout(() => this.killGroup(), graceMs);
    await this.exited();
    clearTimeout(timer);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** @throws LauncherError when the part was given up or stopped, or after `timeoutMs` */
  waitUntilRunning(timeoutMs?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: LauncherError): void => {
        this.listeners.delete(check);
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      };
      const check = (): void => {
        if (this.current === 'running') settle();
        else if (this.current === 'failed' || this.current === 'stopped') settle(this.failure());
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => settle(this.tooSlow(timeoutMs)), timeoutMs);
      this.listeners.add(check);
      check();
    });
  }

  private failure(): LauncherError {
    if (this.current === 'stopped') return new LauncherError(`${this.name} was stopped before it was ready.`);
    const words = lastWords(this.logFile);
    const why = words === '' ? '' : `: ${words.replace(/[.\s]+$/, '')}`;
    return new LauncherError(
      `${this.name} does not start (${this.reason}, ${START_ATTEMPTS} attempts)${why}. Its log is ${this.logFile}.`,
    );
  }

  private tooSlow(timeoutMs: number): LauncherError {
    return new LauncherError(
      `${this.name} is not ready after ${Math.round(timeoutMs / 1000)} s (${this.current}): see its log, ${this.logFile}.`,
    );
  }

  private change(state: PartState, reason = ''): void {
    if (state === this.current && reason === this.reason) return;
    this.current = state;
    this.reason = reason;
    this.options.onChange(this);
    for (const listener of [...this.listeners]) listener();
  }

  private launch(): void {
    this.spawnedAt = Date.now();
    this.change('starting');
    const abort = new AbortController();
    const record = this.recordFile;
    this.ended = new Promise((resolve) => {
      const onEnd = (reason: string, pid?: number): void => {
        abort.abort();
        // Children of the part that outlive it, such as decoders, go with it.
        if (pid !== undefined) signalProcess(pid, 'SIGKILL', true);
        rmSync(record, { force: true });
        this.child = undefined;
        resolve();
        void this.afterEnd(reason);
      };
      const child = this.spawnChild(onEnd);
      if (child?.pid === undefined) return;
      this.child = child;
      this.record(record, child.pid);
      this.awaitReady(child, abort.signal);
    });
  }

  /** Writes the record of the running process again, which may have been impossible when it was started. */
  recordAgain(): void {
    if (this.pid !== undefined) this.record(this.recordFile, this.pid);
  }

  private get recordFile(): string {
    return path.join(this.options.runDirectory, `${this.name}.json`);
  }

  /** Without a record, a later launcher does not recognise the process: that is better than to end now. */
  private record(file: string, pid: number): void {
    try {
      const written = recordOf(pid);
      if (written) writeRecord(file, written);
    } catch {
      // The disk is full.
    }
  }

  private spawnChild(onEnd: (reason: string, pid?: number) => void): ChildProcess | undefined {
    const { spec } = this;
    let log: number | undefined;
    try {
      log = openLog(this.logFile);
      const child = spawn(spec.command, [...spec.args], {
        env: spec.env,
        // Its own process group: Ctrl-C reaches the launcher only, which then stops the parts in order.
        detached: true,
        stdio: spec.ready === 'message' ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      });
      child.once('error', (error) => {
        if (child.pid === undefined) onEnd(errorMessage(error));
      });
      child.once('exit', (code, signal) => onEnd(signal ? `signal ${signal}` : `exit code ${code}`, child.pid));
      return child;
    } catch (error) {
      onEnd(errorMessage(error));
      return undefined;
    } finally {
      if (log !== undefined) closeSync(log);
    }
  }

  private awaitReady(child: ChildProcess, signal: AbortSignal): void {
    const served = (): void => {
      if (signal.aborted || !this.wanted || this.current !== 'starting') return;
      this.everServed = true;
      this.change('running');
    };
    if (this.spec.ready === 'message') {
      child.on('message', (message: unknown) => {
        if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready') served();
      });
      return;
    }
    this.spec.ready(signal).then(served, (error: unknown) => {
      if (signal.aborted) return;
      this.change('starting', errorMessage(error));
      signalProcess(child.pid as number, 'SIGKILL');
    });
  }

  private async afterEnd(reason: string): Promise<void> {
    if (!this.wanted) {
      this.change('stopped');
      return;
    }
    this.crashes += 1;
    if (this.age >= HEALTHY_AFTER_MS) this.failuresInRow = 0;
    this.failuresInRow += 1;
    const own = this.reason && this.current === 'starting' ? this.reason : reason;
    // At once, so that the process that has ended does not count as one that serves.
    this.change('restarting', own);
    const isDiskFull = (await this.options.isDiskFull?.()) ?? false;
    if (!this.wanted) return;
    const why = isDiskFull ? `${own}, the disk is full` : own;
    if (!this.everServed && !isDiskFull && this.failuresInRow >= START_ATTEMPTS) {
      this.wanted = false;
      this.change('failed', why);
      return;
    }
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (this.failuresInRow - 1), LONGEST_DELAY_MS);
    this.change('restarting', `${why}, again in ${delay} ms`);
    this.retryTimer = setTimeout(() => this.launch(), delay);
  }
}
