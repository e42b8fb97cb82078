import { createRandom } from '@pentaprism/domain';
import { type LinearLayer, type Pause, pauses } from '@pentaprism/heads';
import { checkTraining, rowsOf, type HeadTrainer, type LayerRequest, type LayerTrainer } from './head-trainer.js';
import { LinearModel } from './linear-model.js';
import { objectiveOf, strataOf, type Objective } from './objective.js';
import { matrixRows } from './rows.js';
import { forRawRows, standardisationOf, standardisedRows } from './standardisation.js';
import { MAX_FOLDS, positives, shuffledIndices, stratifiedFolds } from './stratified-folds.js';
import { onTensorFlow, type TensorFlow, type TensorFlowBackend } from './tensorflow.js';

const BATCH_SIZE = 64;
const MAX_EPOCHS = 40;
/** Of a set so small that an epoch is a step or two, this many steps make one: fewer would all look alike. */
const MIN_STEPS_PER_EPOCH = 4;
/** It stops after this many epochs in which the validation loss fell by less than `MIN_GAIN` of itself. */
const PATIENCE = 4;
const MIN_GAIN = 0.01;
/** Below it, probabilities are right by 99.9 %. */
const LOW_ENOUGH = 0.001;
/** One in so many examples validates, of few and of many, but never more than `MAX_VALIDATION`. */
const VALIDATION_SHARE = { few: 5, many: 10 };
const MAX_VALIDATION = 1000;
/** With fewer examples none can be spared for validation. */
const MIN_EXAMPLES_TO_VALIDATE = 20;
const EPOCHS_WITHOUT_VALIDATION = 10;
/** With fewer examples, those that validated are too many to be lost to the head: it is trained again, on all. */
const ENOUGH_EXAMPLES = 500;

/**
 * Trains in TensorFlow.js, which is loaded at the first training: that holds the process for 0.2 s. All trainers of a
 * process take turns.
 *
 * On one core, 1,000 examples of 1280 numbers with 10 tags take 0.3 to 0.9 s on WebAssembly, and cross-validation in 5
 * folds 1 to 4 s. Rows are standardised batch by batch, so that they are in memory once.
 */
export function createTensorFlowHeadTrainer(
  options: { readonly backend?: TensorFlowBackend | undefined } = {},
): HeadTrainer & LayerTrainer {
  const trainLayer: LayerTrainer['trainLayer'] = async (request) => {
    request.signal?.throwIfAborted();
    return onTensorFlow(options.backend ?? 'wasm', (tf) => train(tf, request));
  };
  return {
    trainLayer,
    train: async (request) => {
      checkTraining(request);
      request.signal?.throwIfAborted();
      const rows = matrixRows(request.embeddings, request.embeddingSize);
      const standardisation = await standardisationOf(rows, pauses(request.signal));
      const layer = await trainLayer({ ...request, rows, standardisation });
      return { kind: request.kind, ...forRawRows(layer, standardisation) };
    },
  };
}

/** Finds out on a part of the rows how long to train; of few rows, trains on all of them for as long. */
async function train(tf: typeof TensorFlow, request: LayerRequest): Promise<LinearLayer> {
  const { rows, signal, onProgress } = request;
  const task = { ...request, tf, pause: pauses(signal) };
  const parts = validationParts(request);
  const again = parts === undefined || rows.count < ENOUGH_EXAMPLES;
  const fits = Number(parts !== undefined) + Number(again);
  let done = 0;
  const report = (share: number) => onProgress?.(Math.min(1, (done + share) / fits));
  let fitted: Fitted | undefined;
  if (parts !== undefined) {
    fitted = await fit({ ...task, ...parts, epochs: MAX_EPOCHS, report });
    done += 1;
  }
  if (fitted === undefined || again) {
    const training = Uint32Array.from({ length: rows.count }, (_, index) => index);
    fitted = await fit({ ...task, training, epochs: fitted?.epochs ?? EPOCHS_WITHOUT_VALIDATION, report });
  }
  onProgress?.(1);
  return fitted.layer;
}

/** Indices of rows. */
interface Parts {
  readonly training: Uint32Array;
  readonly validation?: Uint32Array;
}

/** A stratified part validates; but no example of a tag that has too few for each fold to get one. */
function validationParts(request: LayerRequest): Required<Parts> | undefined {
  const examples = request.rows.count;
  if (examples < MIN_EXAMPLES_TO_VALIDATE) return undefined;
  const share = VALIDATION_SHARE[examples < ENOUGH_EXAMPLES ? 'few' : 'many'];
  const folds = Math.min(MAX_FOLDS, Math.max(share, Math.ceil(examples / MAX_VALIDATION)));
  const { labels, tags } = strataOf(request);
  const fold = stratifiedFolds({ labels, tags }, folds, `validation of ${request.seed}`);
  const rareTags = [...positives({ labels, tags })].flatMap((count, tag) => (count < folds ? [tag] : []));
  const isRare = (example: number) => rareTags.some((tag) => labels[example * tags + tag] === 1);
  const [training, validation]: [number[], number[]] = [[], []];
  for (let example = 0; example < examples; example++) {
    (fold[example] === 0 && !isRare(example) ? validation : training).push(example);
  }
  if (validation.length === 0) return undefined;
  return { training: Uint32Array.from(training), validation: Uint32Array.from(validation) };
}

type Fit = LayerRequest &
  Parts & {
    readonly tf: typeof TensorFlow;
    readonly pause: Pause;
    readonly epochs: number;
    readonly report: (share: number) => void;
  };

interface Fitted {
  readonly layer: LinearLayer;
  /** After which it was that layer. */
  readonly epochs: number;
}

/** Without a validation part the last epoch is the best. */
async function fit(task: Fit): Promise<Fitted> {
  const { epochs, pause, training, report } = task;
  const objective = objectiveOf(task, training, task.classWeights);
  const batches = batchesOf(task, objective);
  const steps = Math.max(MIN_STEPS_PER_EPOCH, Math.ceil(training.length / BATCH_SIZE));
  const model = new LinearModel(task.tf, task.kind, task.rows.size, objective.startBias);
  try {
    const validationLoss = validator(model, task);
    let best: { readonly loss: number; readonly fitted: Fitted } | undefined;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (let step = 0; step < steps; step++) {
        const { rows, labels, weights } = batches.next().value;
        model.step(rows, labels, weights);
        await pause();
      }
      report(epoch / epochs);
      const loss = await validationLoss?.();
      if (loss === undefined) continue;
      if (best === undefined || loss < best.loss * (1 - MIN_GAIN)) {
        best = { loss, fitted: { layer: model.layer(), epochs: epoch } };
      } else if (epoch - best.fitted.epochs >= PATIENCE) break;
      if (loss < LOW_ENOUGH) break;
    }
    return best?.fitted ?? { layer: model.layer(), epochs };
  } finally {
    model.dispose();
  }
}

interface Batch {
  readonly rows: Float32Array;
  readonly labels: Uint8Array | Float32Array;
  readonly weights: Float32Array;
}

/** Mini-batches without end; every example once before any comes again. The objective is that of `training`. */
function* batchesOf(task: Fit, { gradientWeights }: Objective): Generator<Batch, never> {
  const { rows, standardisation, tags, seed, training } = task;
  const labels: Uint8Array | Float32Array = task.labels;
  const random = createRandom(`order of ${seed}`);
  for (;;) {
    const order = shuffledIndices(training.length, random);
    for (let start = 0; start < order.length; start += BATCH_SIZE) {
      const batch = order.subarray(start, start + BATCH_SIZE);
      const examples = batch.map((index) => training[index] as number);
      yield {
        rows: standardisedRows(rows, standardisation, examples),
        labels: rowsOf(labels, tags, examples),
        weights: rowsOf(gradientWeights, tags, batch),
      };
    }
  }
}

/** Returns a function that calculates the loss on the validation part. */
function validator(model: LinearModel, task: Fit): (() => Promise<number>) | undefined {
  const { rows, standardisation, tags, validation, pause } = task;
  if (validation === undefined) return undefined;
  const { loss } = objectiveOf(task, validation, task.classWeights);
  return async () => {
    const scores = new Float32Array(validation.length * tags);
    for (let start = 0; start < validation.length; start += BATCH_SIZE) {
      const batch = standardisedRows(rows, standardisation, validation.subarray(start, start + BATCH_SIZE));
      scores.set(model.scores(batch), start * tags);
      await pause();
    }
    return loss(scores);
  };
}
