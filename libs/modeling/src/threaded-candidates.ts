import { compiled, runInThread } from '@pentaprism/concurrency';
import type { TensorFlowBackend } from '@pentaprism/inference';
import type { Candidate, CandidateOptions, CandidateRequest, TrainCandidate } from './candidate.js';
import type { FittedHead } from './fit-head.js';

/** What the thread is given. */
export interface ThreadedCandidate {
  readonly request: CandidateRequest;
  readonly heads: CandidateOptions['heads'];
  readonly backend: TensorFlowBackend | undefined;
}

/** A part of the result that the thread sends before its end. */
export interface HeadOfThread {
  readonly index: number;
  readonly head: FittedHead;
}

/**
 * Trains each candidate in a thread that is started for it and ends with it. An abort ends the thread at once. Several
 * calls at once need memory and a core each; only features in shared memory are in memory once.
 */
export function createThreadedCandidates(options: { readonly backend?: TensorFlowBackend } = {}): TrainCandidate {
  return async (request, candidateOptions = {}) => {
    const { blueprint, targets, backbone, plan, features, partitions, augmented, seed } = request;
    const { heads, onHead, signal, onProgress } = candidateOptions;
    const program = {
      path: compiled('candidate-thread.js', import.meta.url),
      data: {
        request: { blueprint, targets, backbone, plan, features, partitions, augmented, seed },
        heads,
        backend: options.backend,
      } satisfies ThreadedCandidate,
      transfer: [],
    };
    const refused = new AbortController();
    let passedOn = Promise.resolve();
    const onPart = (part: unknown) => {
      const { index, head } = part as HeadOfThread;
      passedOn = passedOn
        .then(() => (refused.signal.aborted ? undefined : onHead?.(index, head)))
        .catch((error: unknown) => refused.abort(error));
    };
    const either = AbortSignal.any([refused.signal, ...(signal ? [signal] : [])]);
    const candidate = await runInThread<Candidate>(program, { signal: either, onProgress, onPart });
    await passedOn;
    either.throwIfAborted();
    return candidate;
  };
}
