import { type Evaluation, pauses, predict } from '@pentaprism/heads';
import { checkAugmented, trainingRows, type AugmentedExamples } from './augmented-examples.js';
import { checkTraining, type HeadTrainer, type TrainingRequest } from './head-trainer.js';
import { positives, stratifiedFolds } from './stratified-folds.js';

export interface CrossValidationRequest extends TrainingRequest {
  /** At most, 5 by default; fewer where the rarest tag has fewer examples, but at least 2. */
  readonly folds?: number;
  /** More to learn from. */
  readonly augmented?: AugmentedExamples | undefined;
}

const DEFAULT_FOLDS = 5;

/**
 * Estimates how well a head does on pictures that it has not seen: for each of k stratified folds one is trained on all
 * others, and asked about this one. It takes about k times as long as one training.
 *
 * Folds are of examples: what was made of an example is learnt from where the example itself is, and nowhere else, since it
 * gives away what its label is. It is not judged, because predictions are not made of such pictures.
 *
 * The same request gives the same answer, as far as it does for the trainer.
 *
 * @throws RangeError for fewer than two examples, and as `HeadTrainer.train`
 */
export async function crossValidate(trainer: HeadTrainer, request: CrossValidationRequest): Promise<Evaluation> {
  const { kind, embeddings, embeddingSize, labels, tags, seed, signal, onProgress } = request;
  const examples = checkTraining(request);
  checkAugmented(request);
  const count = foldCount(request);
  const folds = stratifiedFolds({ labels, tags }, count, `folds of ${seed}`);
  const probabilities = new Float32Array(examples * tags);
  const pause = pauses(signal);
  for (let fold = 0; fold < count; fold++) {
    const training = indicesWhere(folds, (other) => other !== fold);
    const head = await trainer.train({
      ...request,
      ...trainingRows(request, training),
      seed: `${seed}, fold ${fold}`,
      onProgress: (share) => onProgress?.((fold + share) / count),
    });
    for (const example of indicesWhere(folds, (other) => other === fold)) {
      const start = example * embeddingSize;
      probabilities.set(predict(head, embeddings.subarray(start, start + embeddingSize)), example * tags);
      await pause();
    }
  }
  return { kind, tags, probabilities, labels: labels.slice(), folds };
}

/** So that, where it can be, each fold has an example of each tag. */
function foldCount({ labels, tags, folds = DEFAULT_FOLDS }: CrossValidationRequest): number {
  const examples = labels.length / tags;
  if (examples < 2) throw new RangeError('Cross-validation needs two examples at least.');
  const rarest = positives({ labels, tags }).reduce((one, other) => (other > 0 ? Math.min(one, other) : one), examples);
  return Math.min(folds, examples, Math.max(2, rarest));
}

function indicesWhere(folds: Uint8Array, matches: (fold: number) => boolean): number[] {
  const indices: number[] = [];
  folds.forEach((fold, index) => matches(fold) && indices.push(index));
  return indices;
}
