import { Worker, type ResourceLimits, type TransferListItem } from 'node:worker_threads';
import { compiled } from './compiled.js';
import { endNativeCalls, type NativeCalls } from './native-calls.js';
import type { ThreadAnswer } from './thread-answer.js';

/** Megabytes of a thread's JavaScript heap. Vectors, tensors, graphs and indices of neighbours do not lie in it. */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 } satisfies ResourceLimits;

export interface ThreadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly transferList?: readonly TransferListItem[];
  /** Of the thread. It is ended outside of them only. */
  readonly calls?: NativeCalls;
}

/**
 * Runs a program of this library in a thread of its own and returns its result. The thread has ended when the promise
 * settles.
 *
 * @param program file name of the compiled program
 */
export async function runThread<T>(program: string, workerData: unknown, options: ThreadOptions = {}): Promise<T> {
  options.signal?.throwIfAborted();
  const thread = new Worker(compiled(program), {
    workerData,
    transferList: [...(options.transferList ?? [])],
    resourceLimits: LIMITS,
    env: {},
    execArgv: [],
    stdout: true,
  });
  // Output without a reader would be kept in memory.
  thread.stdout.resume();
  let hasExited = false;
  thread.once('exit', () => (hasExited = true));
  try {
    return await resultOf<T>(thread, options);
  } finally {
    if (options.calls) await endNativeCalls(options.calls, () => hasExited);
    // In the middle of a step, too.
    await thread.terminate();
  }
}

function resultOf<T>(thread: Worker, { signal, onProgress }: ThreadOptions): Promise<T> {
  const settled = new AbortController();
  const result = new Promise<T>((resolve, reject) => {
    thread.on('message', (answer: ThreadAnswer<T>) => {
      // A message may still arrive after an abort.
      if (settled.signal.aborted) return;
      if ('result' in answer) resolve(answer.result);
      else if ('failure' in answer) reject(answer.failure as Error);
      else {
        try {
          onProgress?.(answer.progress);
        } catch (error) {
          // An error would end the process, since no caller awaits this listener.
          reject(error as Error);
        }
      }
    });
    thread.on('messageerror', reject);
    // Also where it runs out of memory.
    thread.on('error', reject);
    thread.on('exit', (code) => reject(new Error(`A thread of the projection ended with code ${code}.`)));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
  });
  return result.finally(() => settled.abort());
}

/**
 * Runs the same program in several threads. Where one fails, all are ended.
 *
 * @param threads how many
 */
export async function runThreads(
  program: string,
  workerData: unknown,
  threads: number,
  { signal, onProgress }: ThreadOptions,
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const running = Array.from({ length: threads }, () => runThread(program, workerData, { signal: both, onProgress }));
  try {
    await Promise.all(running);
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(running);
  }
}
