import { compiled, runInThread } from '@pentaprism/concurrency';
import type { TensorFlowBackend } from './tensorflow.js';

/**
 * Chooses the backend of trainings as `chooseTensorFlowBackend` does, in a thread as trainings run in: the native library is
 * chosen only if it works there, and its memory is given back.
 */
export function chooseThreadedBackend(configured?: TensorFlowBackend): Promise<TensorFlowBackend> {
  return runInThread({ path: compiled('backend-thread.js', import.meta.url), data: configured, transfer: [] });
}
