import { Worker, type ResourceLimits } from 'node:worker_threads';
import { compiled } from './compiled.js';
import type { TrainAndEvaluate, TrainAndEvaluateOptions, Trained } from './train-and-evaluate.js';
import type { TrainingAnswer } from './training-thread.js';
import { transferable } from './transferable.js';

/**
 * Megabytes of the thread's JavaScript heap. Embeddings, labels and tensors do not lie in it, but the library's code and
 * lists of indices do: 50 MB for 100,000 examples of 500 tags.
 */
const LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 } satisfies ResourceLimits;

/**
 * Trains with TensorFlow.js on WebAssembly in a thread that is started for it and ends with it: the event loop of the
 * caller stays free, and all memory comes back. The thread has the priority of the process. Its standard output is
 * dropped.
 *
 * Loading the library takes each thread some tenths of a second. Threads do not wait for each other: several at once need
 * memory and a core each.
 *
 * @param limits of the thread's heap; a thread that reaches them ends, and its training fails
 */
export function createThreadedTraining(limits: ResourceLimits = LIMITS): TrainAndEvaluate {
  return async (request, options = {}) => {
    const { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented } = request;
    options.signal?.throwIfAborted();
    const thread = new Worker(compiled('training-thread.js'), {
      workerData: { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented },
      transferList: transferable([embeddings, labels, ...(augmented ? [augmented.embeddings, augmented.sources] : [])]),
      resourceLimits: limits,
      env: {},
      execArgv: [],
      stdout: true,
    });
    // Output without a reader would be kept in memory.
    thread.stdout.resume();
    try {
      return await outcomeOf(thread, options);
    } finally {
      // In the middle of a step, too.
      await thread.terminate();
    }
  };
}

function outcomeOf(thread: Worker, { signal, onProgress }: TrainAndEvaluateOptions): Promise<Trained> {
  const settled = new AbortController();
  const outcome = new Promise<Trained>((resolve, reject) => {
    thread.on('message', (answer: TrainingAnswer) => {
      // Of an aborted training, a message may still be on its way.
      if (settled.signal.aborted) return;
      if ('trained' in answer) resolve(answer.trained);
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
    thread.on('exit', (code) => reject(new Error(`The thread of the training ended with code ${code}.`)));
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
  });
  return outcome.finally(() => settled.abort());
}
