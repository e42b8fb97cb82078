/**
 * A pool of processes for hostile bytes: what crashes, hangs or eats memory there ends one process and fails one task.
 *
 * Directly over child_process: of the libraries for such pools, workerpool keeps an idle process that was killed and fails
 * the next task with it, ends none when idle or after some tasks, and gives a process that hangs a second more to say
 * goodbye; the others use threads, which die together.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import { compiled } from '@pentaprism/concurrency';
import { DomainError, type LookupTable } from '@pentaprism/domain';
import type { ImageAnalysis } from './analyse-image.js';
import type { AugmentedImage, AugmentOptions } from './augment-image.js';
import type { AugmentedInputOptions } from './augmented-inputs.js';
import type { DecodeReply, DecodeRequest, ImageSource } from './decode-protocol.js';
import { DECODE_MEMORY, DECODE_TIMEOUT_MS } from './limits.js';
import type { ModelInput, ModelInputOptions } from './model-input.js';
import { processTime } from './process-time.js';
import type { Overlay, OverlayMap } from './render-overlay.js';
import type { RenderedRadiograph } from './render-radiograph.js';
import { undecodable } from './undecodable.js';

export interface DecodePoolOptions {
  /** Processes at most; one per core by default. They start when there is work. */
  readonly size?: number;
  /** Time on a core for one task, from its start in a process; `PATIENCE` times as much on the clock. */
  readonly timeoutMs?: number;
  /** Resident bytes of one process. */
  readonly memoryBytes?: number;
  /** A process without work for this long is ended. */
  readonly idleMs?: number;
  /** A process is replaced after this many tasks, since allocators give memory back late or never. */
  readonly tasksPerProcess?: number;
  /** The compiled `decode-process.js`, where it does not lie beside this file (in a bundle). */
  readonly entry?: string;
}

export interface DecodePool {
  /** @throws DomainError UNDECODABLE_IMAGE, also after too long or too much memory; INTERNAL if the process was lost */
  analyse(source: ImageSource): Promise<ImageAnalysis>;
  /** @throws DomainError as `analyse` */
  augment(source: ImageSource, options: AugmentOptions): Promise<AugmentedImage[]>;
  /** Pixels for a network, one picture for each seed. @throws DomainError as `analyse` */
  augmentedInputs(source: ImageSource, options: AugmentedInputOptions): Promise<Uint8Array[]>;
  /** @throws DomainError as `analyse` */
  modelInput(source: ImageSource, options: ModelInputOptions): Promise<ModelInput>;
  /** @throws DomainError as `analyse` */
  renderOverlay(source: ImageSource, map: OverlayMap): Promise<Overlay>;
  /** @throws DomainError as `analyse` */
  renderRadiograph(source: ImageSource, lut: LookupTable | null): Promise<RenderedRadiograph>;
  /** Refuses new tasks and those that wait with UNAVAILABLE, lets running ones end, then ends the processes. */
  close(): Promise<void>;
}

interface Task {
  readonly request: DecodeRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Member {
  readonly child: ChildProcess;
  running?: { readonly task: Task; readonly deadline: NodeJS.Timeout; readonly started: boolean } | undefined;
  idle?: NodeJS.Timeout | undefined;
  tasks: number;
  /** The end of what it wrote to stderr, for the log. */
  stderr: string;
}

/** How many times its limit a task may take on a machine that has other things to do, or when it sleeps. */
const PATIENCE = 6;

const DEFAULTS = {
  timeoutMs: DECODE_TIMEOUT_MS,
  memoryBytes: DECODE_MEMORY,
  idleMs: 30_000,
  tasksPerProcess: 500,
};

export function createDecodePool(options: DecodePoolOptions = {}): DecodePool {
  const pool = new ProcessPool({
    ...DEFAULTS,
    size: availableParallelism(),
    entry: compiled('decode-process.js', import.meta.url),
    ...options,
  });
  return {
    analyse: (source) => pool.run({ task: 'analyse', source, options: undefined }) as Promise<ImageAnalysis>,
    augment: (source, augmentOptions) =>
      pool.run({ task: 'augment', source, options: augmentOptions }) as Promise<AugmentedImage[]>,
    augmentedInputs: (source, augmentOptions) =>
      pool.run({ task: 'augmentedInputs', source, options: augmentOptions }) as Promise<Uint8Array[]>,
    modelInput: (source, inputOptions) =>
      pool.run({ task: 'modelInput', source, options: inputOptions }) as Promise<ModelInput>,
    renderOverlay: (source, map) => pool.run({ task: 'overlay', source, options: map }) as Promise<Overlay>,
    renderRadiograph: (source, lut) =>
      pool.run({ task: 'render', source, options: lut }) as Promise<RenderedRadiograph>,
    close: () => pool.close(),
  };
}

class ProcessPool {
  readonly #options: Required<DecodePoolOptions>;
  readonly #members = new Set<Member>();
  /** Of members, and of processes that were told to end and have not been seen to: a busy machine takes its time. */
  readonly #exits = new Set<Promise<void>>();
  readonly #waiting: Task[] = [];
  #closed = false;

  constructor(options: Required<DecodePoolOptions>) {
    this.#options = options;
  }

  run(request: DecodeRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closing();
      this.#waiting.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#waiting.splice(0)) task.reject(closing());
    for (const member of [...this.#members]) {
      hold(member.child, true);
      if (member.running === undefined) this.#end(member);
    }
    await Promise.all(this.#exits);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#members].find(({ running }) => running === undefined);
      if (free === undefined && this.#members.size >= this.#options.size) return;
      this.#start(free ?? this.#spawn(), this.#waiting.shift() as Task);
    }
  }

  #spawn(): Member {
    const child = fork(this.#options.entry, [String(this.#options.memoryBytes)], {
      serialization: 'advanced',
      // Nothing is inherited: bytes that take over a decoder find no key in its environment. Fewer arenas of glibc's
      // allocator keep freed memory from piling up in each.
      env: { MALLOC_ARENA_MAX: '2' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    yieldToOthers(child);
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#exits.add(exited);
    void exited.then(() => this.#exits.delete(exited));
    const member: Member = { child, tasks: 0, stderr: '' };
    child.stderr?.on('data', (text: Buffer) => (member.stderr = (member.stderr + text.toString()).slice(-2000)));
    child.on('message', (reply: DecodeReply) => this.#receive(member, reply));
    // 'error' alone means that it could not start, or not be reached; it is ended in either case.
    child.on('error', () => this.#lost(member, undefined));
    child.on('close', (_code, signal) => this.#lost(member, signal ?? undefined));
    this.#members.add(member);
    return member;
  }

  #start(member: Member, task: Task): void {
    clearTimeout(member.idle);
    hold(member.child, true);
    member.tasks += 1;
    // Starting a process on a busy machine must not count against the image, so this is not the task's own deadline.
    const deadline = setTimeout(() => this.#lost(member, undefined), this.#options.timeoutMs);
    member.running = { task, deadline, started: false };
    member.child.send(task.request, (error) => error !== null && this.#lost(member, undefined));
  }

  #started(member: Member, task: Task): void {
    clearTimeout(member.running?.deadline);
    const began = { at: Date.now(), time: processTime(member.child.pid) };
    const rearm = (milliseconds: number) => {
      const deadline = setTimeout(() => this.#checkTime(member, began, rearm), milliseconds);
      member.running = { task, deadline, started: true };
    };
    rearm(this.#options.timeoutMs);
  }

  /** Ends a task that has had its time. One that waited for a core, since others come first, goes on. */
  #checkTime(member: Member, began: { at: number; time: number | undefined }, rearm: (ms: number) => void): void {
    const { timeoutMs } = this.#options;
    const now = processTime(member.child.pid);
    const left = began.time === undefined || now === undefined ? 0 : timeoutMs - (now - began.time);
    const patience = began.at + PATIENCE * timeoutMs - Date.now();
    if (left > 0 && patience > 0) rearm(Math.min(left, patience));
    else this.#abandon(member, undecodable('too_slow', `Decoding it takes longer than ${timeoutMs / 1000} s.`));
  }

  #receive(member: Member, reply: DecodeReply): void {
    if (member.running === undefined) return;
    const { task } = member.running;
    if (reply.kind === 'started') {
      // Once: bytes that took over a decoder could say it for ever, and never run out of time.
      if (!member.running.started) this.#started(member, task);
      return;
    }
    if (reply.kind === 'out_of_memory') {
      const gibibytes = Math.round((this.#options.memoryBytes / 1024 ** 3) * 100) / 100;
      this.#abandon(member, undecodable('too_much_memory', `Decoding it takes more than ${gibibytes} GiB of memory.`));
      return;
    }
    clearTimeout(member.running.deadline);
    member.running = undefined;
    // Half of the memory still held would leave the next image only the other half.
    const worn = member.tasks >= this.#options.tasksPerProcess || reply.residentBytes > this.#options.memoryBytes / 2;
    if (worn || this.#closed) this.#end(member);
    else this.#rest(member);
    if (reply.kind === 'result') task.resolve(reply.result);
    else {
      const { code, message, details, cause } = reply.error;
      task.reject(new DomainError(code, message, details, { cause }));
    }
    this.#dispatch();
  }

  /** An idle process neither keeps its parent alive nor lives for ever. */
  #rest(member: Member): void {
    hold(member.child, false);
    member.idle = setTimeout(() => this.#end(member), this.#options.idleMs).unref();
  }

  /** Takes a process out of the pool. By SIGKILL: it holds nothing that could be lost, and may hang. */
  #end(member: Member): void {
    clearTimeout(member.idle);
    clearTimeout(member.running?.deadline);
    this.#members.delete(member);
    member.child.kill('SIGKILL');
  }

  #abandon(member: Member, error: Error): void {
    const task = member.running?.task;
    this.#end(member);
    member.running = undefined;
    task?.reject(error);
    this.#dispatch();
  }

  #lost(member: Member, signal: string | undefined): void {
    const { running } = member;
    // It died while idle and was not missed yet: the task never reached it. One that never worked may be unable to start.
    if (running !== undefined && !running.started && member.tasks > 1 && !this.#closed) {
      this.#waiting.unshift(running.task);
      this.#end(member);
      member.running = undefined;
      this.#dispatch();
      return;
    }
    const how = signal === undefined ? 'did not answer or exited' : `was ended by ${signal}`;
    const cause = new Error(`decode process ${member.child.pid ?? ''} ${how} ${member.stderr}`.trim());
    this.#abandon(member, new DomainError('INTERNAL', 'The decode process was lost.', {}, { cause }));
  }
}

/** Gives a decode process a lower priority than the processes that answer requests on the same cores. */
function yieldToOthers({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It could not start, or the system has no priorities: then all are equal.
  }
}

function hold(child: ChildProcess, busy: boolean): void {
  const handles = [child, child.channel, child.stderr as unknown as { ref(): void; unref(): void } | null];
  for (const handle of handles) {
    if (busy) handle?.ref();
    else handle?.unref();
  }
}

function closing(): DomainError {
  return new DomainError('UNAVAILABLE', 'Decoding is shutting down; try again.');
}
