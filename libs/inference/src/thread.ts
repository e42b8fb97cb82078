import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker, type ResourceLimits } from 'node:worker_threads';

/**
 * Megabytes of a thread's JavaScript heap. Embeddings, labels and tensors do not lie in it, but the library's code and
 * lists of indices do: 50 MB for 100,000 examples of 500 tags.
 */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 } satisfies ResourceLimits;

export interface ThreadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each share that the thread reports. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Called with each part of the result that the thread sends before its end. */
  readonly onPart?: ((part: unknown) => void) | undefined;
}

export interface ThreadProgram {
  /** A module that calls `answerAsThread`, as `compiled` returns it. */
  readonly path: string;
  /** Given to the module as `workerData`. */
  readonly data: unknown;
  /** Buffers of the data that the thread takes instead of copying them. */
  readonly transfer: readonly ArrayBuffer[];
  /** Limits of the thread's heap; a thread that reaches them ends, and its work fails. */
  readonly limits?: ResourceLimits;
}

/** What a thread says: any number of shares and parts, then either of the others. */
type ThreadAnswer =
  | { readonly progress: number }
  | { readonly part: unknown }
  | { readonly result: unknown }
  | { readonly failure: unknown };

/**
 * Runs a program in a thread that is started for it and ends with it: the event loop of the caller stays free, and all
 * memory comes back. The thread has the priority of the process. Its standard output is dropped.
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
  try {
    return await outcomeOf<Result>(thread, options);
  } finally {
    await thread.terminate();
  }
}

/** Does the work of a thread and sends what it returns, with the buffers to transfer, or throws. */
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
 * a thread cannot: then the build's.
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
      // Of an aborted training, a message may still be on its way.
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
    thread.on('exit', (code) => reject(new Error(`The thread of the training ended with code ${code}.`)));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
  });
  return outcome.finally(() => settled.abort());
}
