import type { Evaluation, Head } from '@pentaprism/heads';
import { trainingRows } from './augmented-examples.js';
import { crossValidate, type CrossValidationRequest } from './cross-validation.js';
import type { HeadTrainer } from './head-trainer.js';

/** Trains a head, and finds out how good heads of such examples are. */
export interface TrainAndEvaluate {
  /**
   * The same request gives the same bytes, as far as it does for the trainer.
   *
   * @param request its arrays are given away, but for the weights: they may be empty afterwards, also where it fails
   * @throws RangeError for fewer than two examples, and for sizes or labels that contradict each other; the signal's
   * reason when it is aborted; other errors where it could not work
   */
  (request: TrainAndEvaluateRequest, options?: TrainAndEvaluateOptions): Promise<Trained>;
}

export type TrainAndEvaluateRequest = Omit<CrossValidationRequest, 'signal' | 'onProgress'>;

export interface TrainAndEvaluateOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with a share from 0 to 1 that never falls. The last is 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

export interface Trained {
  /** Trained on all examples, and on all that was made of them. */
  readonly head: Head;
  /** What heads said that were trained on parts of them. */
  readonly evaluation: Evaluation;
}

/** Share of the progress that the evaluation makes: in 5 folds, it is five of six trainings. */
const EVALUATED = 5 / 6;

/** In this thread, with any trainer; leaves the request's arrays as they are. See `TrainAndEvaluate`. */
export async function trainAndEvaluate(
  trainer: HeadTrainer,
  request: TrainAndEvaluateRequest,
  { signal, onProgress }: TrainAndEvaluateOptions = {},
): Promise<Trained> {
  const evaluation = await crossValidate(trainer, {
    ...request,
    signal,
    onProgress: (share) => onProgress?.(share * EVALUATED),
  });
  const head = await trainer.train({
    ...request,
    ...everything(request),
    signal,
    onProgress: (share) => onProgress?.(EVALUATED + share * (1 - EVALUATED)),
  });
  return { head, evaluation };
}

/** Without a copy where there is nothing to add. */
function everything(request: TrainAndEvaluateRequest): Pick<TrainAndEvaluateRequest, 'embeddings' | 'labels'> {
  const { embeddings, labels, tags, augmented } = request;
  if (augmented === undefined) return { embeddings, labels };
  return trainingRows(
    request,
    Uint32Array.from({ length: labels.length / tags }, (_, row) => row),
  );
}
