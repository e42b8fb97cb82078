import { compiled, runInThread } from '@pentaprism/inference';
import type { Candidate, TrainCandidate } from './candidate.js';

/**
 * Trains each candidate in a thread that is started for it and ends with it. An abort ends the thread at once. Several
 * calls at once need memory and a core each; only features in shared memory are in memory once.
 */
export function createThreadedCandidates(): TrainCandidate {
  return (request, options = {}) => {
    const { blueprint, targets, backbone, plan, features, partitions, augmented, seed } = request;
    const program = {
      path: compiled('candidate-thread.js', import.meta.url),
      data: { blueprint, targets, backbone, plan, features, partitions, augmented, seed },
      transfer: [],
    };
    return runInThread<Candidate>(program, options);
  };
}
