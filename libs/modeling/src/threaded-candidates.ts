import { compiled, runInThread } from '@pentaprism/concurrency';
import type { TensorFlowBackend } from '@pentaprism/inference';
import type { Candidate, CandidateRequest, TrainCandidate } from './candidate.js';

/** What the thread is given. */
export interface ThreadedCandidate {
  readonly request: CandidateRequest;
  readonly backend: TensorFlowBackend | undefined;
}

/**
 * Trains each candidate in a thread that is started for it and ends with it. An abort ends the thread at once. Several
 * calls at once need memory and a core each; only features in shared memory are in memory once.
 */
export function createThreadedCandidates(options: { readonly backend?: TensorFlowBackend } = {}): TrainCandidate {
  return (request, candidateOptions = {}) => {
    const { blueprint, targets, backbone, plan, features, partitions, augmented, seed } = request;
    const program = {
      path: compiled('candidate-thread.js', import.meta.url),
      data: {
        request: { blueprint, targets, backbone, plan, features, partitions, augmented, seed },
        backend: options.backend,
      } satisfies ThreadedCandidate,
      transfer: [],
    };
    return runInThread<Candidate>(program, candidateOptions);
  };
}
