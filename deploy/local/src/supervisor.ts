import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from './launcher-error.js';
import { rotateLog } from './log-file.js';
import { Part, type PartOptions, type PartSpec } from './part.js';

/** In the order in which they stop: nothing is stopped while something that needs it still finishes its work. */
export const STAGES = ['gateway', 'worker', 'service', 'server'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * How long the next stage waits for this one. A slow part does not take the time of the others: they are asked to
 * stop as well then, while it goes on.
 */
const PATIENCE_MS: Readonly<Record<Exclude<Stage, 'server'>, number>> = { gateway: 3000, worker: 2500, service: 1500 };
/** After this time apps are killed, and the servers get what is left. Everything is gone within 10 s. */
const APPS_KILLED_AFTER_MS = 7000;
const SERVERS_KILLED_AFTER_MS = 9000;
const ROTATE_EVERY_MS = 5000;

/** Runs the parts of one stack as child processes, and stops them in order. */
export class Supervisor {
  readonly parts = new Map<string, Part>();
  private readonly stages = new Map<Part, Stage>();
  private stopping: Promise<void> | undefined;

  private readonly rotation: NodeJS.Timeout;

  constructor(private readonly options: PartOptions) {
    this.rotation = setInterval(() => this.rotateLogs(), ROTATE_EVERY_MS);
    this.rotation.unref();
  }

  add(spec: PartSpec, stage: Stage): Part {
    if (this.stopping) throw new LauncherError('The stack is being stopped.');
    if (this.parts.has(spec.name)) throw new LauncherError(`There are two parts called ${spec.name}.`);
    const part = new Part(spec, this.options);
    this.parts.set(spec.name, part);
    this.stages.set(part, stage);
    return part;
  }

  /** Starts what was added and resolves when all of it serves; rejects with the first failure. */
  async startAll(): Promise<void> {
    if (this.stopping) throw new LauncherError('The stack is being stopped.');
    await Promise.all([...this.parts.values()].map((part) => part.start()));
  }

  /** Stops everything in the order of `STAGES`, within 10 s. Further calls wait for the first. */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** Ends everything at once and without waiting; for a second Ctrl-C, and for when the launcher must go. */
  killAll(): void {
    this.stopping ??= Promise.resolve();
    clearInterval(this.rotation);
    for (const part of this.parts.values()) part.killGroup();
  }

  private rotateLogs(): void {
    for (const { logFile } of this.parts.values()) {
      try {
        rotateLog(logFile);
      } catch {
        // A log that cannot be rotated must not end the launcher: the next round tries again.
      }
    }
  }

  private async stopInOrder(): Promise<void> {
    clearInterval(this.rotation);
    const startedAt = Date.now();
    const remaining = (limit: number): number => Math.max(0, startedAt + limit - Date.now());
    for (const stage of STAGES) {
      if (stage === 'server') break;
      const parts = this.inStage(stage);
      parts.forEach((part) => part.terminate());
      await within(Math.min(PATIENCE_MS[stage], remaining(APPS_KILLED_AFTER_MS)), parts);
    }
    const servers = this.inStage('server');
    const apps = [...this.parts.values()].filter((part) => !servers.includes(part));
    await end(apps, remaining(APPS_KILLED_AFTER_MS));
    servers.forEach((part) => part.terminate());
    await end(servers, remaining(SERVERS_KILLED_AFTER_MS));
  }

  private inStage(stage: Stage): Part[] {
    return [...this.parts.values()].filter((part) => this.stages.get(part) === stage);
  }
}

/** Resolves when all parts have ended, at the latest after the time. */
async function within(milliseconds: number, parts: readonly Part[]): Promise<void> {
  const abort = new AbortController();
  const timeout = sleep(milliseconds, undefined, { signal: abort.signal }).catch(() => undefined);
  await Promise.race([Promise.all(parts.map((part) => part.exited())), timeout]);
  abort.abort();
}

async function end(parts: readonly Part[], milliseconds: number): Promise<void> {
  await within(milliseconds, parts);
  parts.forEach((part) => part.killGroup());
  await Promise.all(parts.map((part) => part.exited()));
}
