import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';

/** Milliseconds until a process that ended is started again. */
const RESTART_MS = 250;
/** Milliseconds until a process that does not serve fails the drill. */
const GIVEN_UP_AFTER_MS = 180_000;

/** Another process of an app of a stack, as in a cluster. It is started again when it ends. */
export class SecondInstance {
  private child: ChildProcess | undefined;
  private serving = false;
  private stopped = false;
  private readonly end = () => this.child?.kill('SIGKILL');

  private constructor(
    private readonly faulty: FaultyStack,
    private readonly app: string,
  ) {}

  /** Resolves when it serves. */
  static async start(faulty: FaultyStack, app: string): Promise<SecondInstance> {
    const instance = new SecondInstance(faulty, app);
    process.once('exit', instance.end);
    instance.launch();
    await instance.recovered();
    return instance;
  }

  /** Ends the process with SIGKILL, at once. */
  kill(): void {
    this.serving = false;
    if (!this.child?.kill('SIGKILL')) throw new Error(`the second ${this.app} does not run`);
  }

  /** Resolves when it serves again. */
  async recovered(): Promise<void> {
    for (const until = performance.now() + GIVEN_UP_AFTER_MS; !this.serving; await sleep(50))
      if (performance.now() > until) throw new Error(`the second ${this.app} does not serve`);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const { child } = this;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    process.off('exit', this.end);
  }

  private launch(): void {
    const { spec, logFile } = this.faulty.part(this.app);
    const log = openSync(logFile.replace(/\.log$/, '-2.log'), 'a');
    const child = spawn(spec.command, [...spec.args], { env: spec.env, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.child = child;
    child.on('message', () => (this.serving = this.child === child));
    child.once('exit', () => {
      this.serving = false;
      this.child = undefined;
      if (!this.stopped) setTimeout(() => this.stopped || this.launch(), RESTART_MS);
    });
  }
}
