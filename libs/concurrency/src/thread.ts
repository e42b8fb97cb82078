import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, type ResourceLimits } from 'node:worker_threads';

/**
 * Megabytes of a thread's JavaScript heap. Vectors, labels, tensors and graphs do not lie in it, but the code of libraries and
 * lists of indices do: 50 MB for a training with 100,000 examples of 500 tags.
 */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 } satisfies ResourceLimits;

export interface ThreadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each share that the thread reports. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /**
   * Awaited before the thread is ended, for instance until it has left native code that must not be interrupted.
   *
   * @param hasExited returns whether the thread has exited by itself
   */
  readonly beforeEnd?: ((hasExited: () => boolean) => Promise<void>) | undefined;
  /** Called with each part of the result that the thread sends before its end. */
  readonly onPart?: ((part: unknown) => void) | undefined;
}

export interface ThreadProgram {
  /** A module that calls `answerAsThread`, as `compiled` returns it. */
  readonly path: string | URL;
  /** Given to the module as `workerData`. */
  readonly data: unknown;
  /** Buffers of the data that the thread takes instead of copying them. */
  readonly transfer: readonly ArrayBuffer[];
  /** Limits of the thread's heap. A thread that reaches them ends, and its work fails. */
  readonly limits?: ResourceLimits;
}

/** A message of a thread: any number of shares and parts, then either of the others. */
type ThreadAnswer =
  | { readonly progress: number }
  | { readonly part: unknown }
  | { readonly result: unknown }
  | { readonly failure: unknown };

/**
 * Runs a program in a thread that is started for it and has ended when the promise settles: the event loop of the caller stays
 * free, and all memory is given back. The thread has the priority of the process. Its standard output is dropped.
 *
 * Threads do not wait for each other: several at once need memory and a core each.
 *
 * @throws what the program throws; the signal's reason if it aborts, which ends the thread in the middle of a step
 */
export async function runInThread<Result>(program: ThreadProgram, options: ThreadOptions = {}): Promise<Result> {
  options.signal?.throwIfAborted();
  const thread = new Worker(program.path, {
    workerData: program.data,
    transferList: [...program.transfer],
    resourceLimits: program.limits ?? LIMITS,
    env: {},
    execArgv: [],
    stdout: true,
  });
  // Output without a reader would be kept in memory.
  thread.stdout.resume();
  let hasExited = false;
  thread.once('exit', () => (hasExited = true));
  try {
    return await outcomeOf<Result>(thread, options);
  } finally {
    await options.beforeEnd?.(() => hasExited);
    await thread.terminate();
  }
}

/**
 * Runs the same program in several threads, each with a copy of the data. If one fails, all are ended.
 *
 * @param threads how many
 */
export async function runInThreads(
  program: Omit<ThreadProgram, 'transfer'>,
  threads: number,
  { signal, ...options }: ThreadOptions,
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const running = Array.from({ length: threads }, () =>
    runInThread({ ...program, transfer: [] }, { ...options, signal: both }),
  );
  try {
    await Promise.all(running);
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(running);
  }
}

/** Does the work of a thread and sends what it returns, with the buffers to transfer, or what it throws. */
export async function answerAsThread<Result>(
  work: (
    onProgress: (share: number) => void,
    onPart: (part: unknown) => void,
  ) => Promise<{ result: Result; transfer: ArrayBuffer[] }>,
): Promise<void> {
  const answer = (message: ThreadAnswer, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);
  try {
    const { result, transfer } = await work(
      (progress) => answer({ progress }),
      (part) => answer({ part }),
    );
    answer({ result }, transfer);
  } catch (failure) {
    answer({ failure });
  }
}

/**
 * Returns the path of a program that runs in a thread of its own. Under a test runner the caller runs as TypeScript, which
 * a thread cannot. Then it is the path of the build's.
 *
 * @param base `import.meta.url` of a module beside the program
 */
export function compiled(name: string, base: string): string {
  const beside = fileURLToPath(new URL(`./${name}`, base));
  return existsSync(beside) ? beside : fileURLToPath(new URL(`../dist/${name}`, base));
}

function outcomeOf<Result>(thread: Worker, { signal, onProgress, onPart }: ThreadOptions): Promise<Result> {
  const settled = new AbortController();
  const outcome = new Promise<Result>((resolve, reject) => {
    thread.on('message', (answer: ThreadAnswer) => {
      // A message may still arrive after an abort.
      if (settled.signal.aborted) return;
      if ('result' in answer) resolve(answer.result as Result);
      else if ('failure' in answer) reject(answer.failure as Error);
      else {
        try {
          if ('part' in answer) onPart?.(answer.part);
          else onProgress?.(answer.progress);
        } catch (error) {
          // An error would end the process, since no caller awaits this listener.
          reject(error as Error);
        }
      }
    });
    thread.on('messageerror', reject);
    // Also where it runs out of memory.
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`A thread ended with code ${code} before it had a result.`)));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
  });
  return outcome.finally(() => settled.abort());
}
