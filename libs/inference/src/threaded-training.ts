import { compiled, runInThread } from '@pentaprism/concurrency';
import type { ResourceLimits } from 'node:worker_threads';
import type { TensorFlowBackend } from './tensorflow.js';
import type { TrainAndEvaluate, TrainAndEvaluateRequest, Trained } from './train-and-evaluate.js';
import { transferable } from './transferable.js';

export interface ThreadedTrainingOptions {
  /** WebAssembly by default. */
  readonly backend?: TensorFlowBackend;
  /** Limits of the thread's heap. A thread that reaches them ends, and its training fails. */
  readonly limits?: ResourceLimits;
}

/** What the thread is given. */
export interface ThreadedTrainingData {
  readonly request: TrainAndEvaluateRequest;
  readonly backend: TensorFlowBackend | undefined;
}

/**
 * Trains with TensorFlow.js in a thread of its own. Loading the library takes each thread some tenths of a second.
 */
export function createThreadedTraining({ backend, limits }: ThreadedTrainingOptions = {}): TrainAndEvaluate {
  return (request, options = {}) => {
    const { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented } = request;
    const program = {
      path: compiled('training-thread.js', import.meta.url),
      data: {
        request: { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented },
        backend,
      } satisfies ThreadedTrainingData,
      transfer: transferable([embeddings, labels, ...(augmented ? [augmented.embeddings, augmented.sources] : [])]),
      ...(limits && { limits }),
    };
    return runInThread<Trained>(program, options);
  };
}
