import type { ResourceLimits } from 'node:worker_threads';
import { compiled, runInThread } from './thread.js';
import type { TrainAndEvaluate, Trained } from './train-and-evaluate.js';
import { transferable } from './transferable.js';

/**
 * Trains with TensorFlow.js on WebAssembly in a thread of its own. Loading the library takes each thread some tenths of a
 * second.
 *
 * @param limits of the thread's heap; a thread that reaches them ends, and its training fails
 */
export function createThreadedTraining(limits?: ResourceLimits): TrainAndEvaluate {
  return (request, options = {}) => {
    const { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented } = request;
    const program = {
      path: compiled('training-thread.js', import.meta.url),
      data: { kind, embeddings, embeddingSize, labels, tags, seed, classWeights, folds, augmented },
      transfer: transferable([embeddings, labels, ...(augmented ? [augmented.embeddings, augmented.sources] : [])]),
      ...(limits && { limits }),
    };
    return runInThread<Trained>(program, options);
  };
}
