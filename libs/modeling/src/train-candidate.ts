import { pauses, type HeadKind } from '@pentaprism/heads';
import type { LayerTrainer } from '@pentaprism/inference';
import { usesOtherColumns } from '@pentaprism/domain';
import { calibrated, fitFactor } from './calibration.js';
import type { Candidate, CandidateMetrics, CandidateOptions, CandidateRequest } from './candidate.js';
import { imagesOnly, partSizes, type FeaturePlan } from './feature-plan.js';
import { fitHead, numbersFor, scoreRow, type FittedHead } from './fit-head.js';
import { measure } from './metrics.js';
import type { TableModel } from './model.js';
import { HOLD_OUT, NO_TARGET } from './partitions.js';
import { classesOf, hasTarget, outputsOf, type Predictions } from './targets.js';
import { trainingRows, type Table } from './training-rows.js';

/** Share of the progress that trainings make; the rest are predictions. */
const TRAINED = 0.95;

/** Trains in this thread. See `TrainCandidate`. */
export async function trainCandidate(
  trainer: LayerTrainer,
  request: CandidateRequest,
  options: CandidateOptions = {},
): Promise<Candidate> {
  const { targets, blueprint, backbone } = request;
  const plan = planOf(request);
  const rows = partitionRows(request);
  const heads = await fitHeads(trainer, request, plan, rows, options);
  const predictions = await predictAll(request, plan, heads, options.signal);
  const factors = factorsOf(request, rows, heads, predictions);
  if (targets.type !== 'regression') calibrateAll(request, heads, factors, predictions);
  const model: TableModel = {
    blueprint: blueprint.id,
    targetType: targets.type,
    classes: targets.classes,
    backbone,
    plan,
    ...multiplied(heads.final, factors.final),
  };
  options.onProgress?.(1);
  return { model, metrics: metricsOfParts(request, rows, predictions), predictions };
}

function planOf({ plan, blueprint, features, targets, augmented }: CandidateRequest): FeaturePlan {
  if (plan.width === 0) throw new RangeError('The table has no column that a model can use.');
  if (features.length !== targets.rows.length * plan.width) {
    const expected = `${targets.rows.length} rows of ${plan.width} features`;
    throw new RangeError(`${expected} are not ${features.length} numbers.`);
  }
  if (augmented !== undefined && augmented.features.length !== augmented.sources.length * plan.width) {
    const expected = `${augmented.sources.length} augmented rows of ${plan.width} features`;
    throw new RangeError(`${expected} are not ${augmented.features.length} numbers.`);
  }
  return usesOtherColumns(blueprint, plan.images.length) ? plan : imagesOnly(plan);
}

/** Indices of rows. */
interface PartitionRows {
  readonly folds: readonly Uint32Array[];
  readonly holdOut: Uint32Array;
  /** Of all folds. */
  readonly training: Uint32Array;
}

function partitionRows({ partitions, targets }: CandidateRequest): PartitionRows {
  if (partitions.length !== targets.rows.length) {
    throw new RangeError(`${targets.rows.length} rows do not have ${partitions.length} partitions.`);
  }
  const rowsWhere = (matches: (partition: number) => boolean) => {
    const rows: number[] = [];
    partitions.forEach((partition, row) => matches(partition) && hasTarget(targets, row) && rows.push(row));
    return Uint32Array.from(rows);
  };
  const isFold = (partition: number) => partition !== HOLD_OUT && partition !== NO_TARGET;
  const training = rowsWhere(isFold);
  if (training.length === 0) throw new RangeError('No row has a value of the target.');
  const names = [...new Set(partitions)].filter(isFold).sort((one, other) => one - other);
  const folds = names.map((name) => rowsWhere((partition) => partition === name)).filter(({ length }) => length > 0);
  return { folds, holdOut: rowsWhere((partition) => partition === HOLD_OUT), training };
}

interface Heads {
  /** For each fold the head that has not seen it. */
  readonly folds: readonly FittedHead[];
  /** Trained on all folds. */
  readonly final: FittedHead;
  /** For each row the head that predicts it. */
  readonly headOf: (row: number) => FittedHead;
}

/** With one fold, its rows are predicted by a head that was trained on them: there are no others. */
async function fitHeads(
  trainer: LayerTrainer,
  request: CandidateRequest,
  plan: FeaturePlan,
  rows: PartitionRows,
  { signal, onProgress, heads, onHead }: CandidateOptions,
): Promise<Heads> {
  const { blueprint, targets, features, seed } = request;
  const augmented = blueprint.needs === 'augmentation' ? request.augmented : undefined;
  const table: Table = { features, stride: request.plan.width, width: plan.width, augmented };
  const several = rows.folds.length > 1;
  const parts = several ? rows.folds.map((own) => without(rows.training, own)) : [];
  const fitted: FittedHead[] = [];
  for (const [index, indices] of [...parts, rows.training].entries()) {
    const known = heads?.get(index);
    if (known) {
      fitted.push(known);
      continue;
    }
    const done = (share: number) => onProgress?.(((index + share) / (parts.length + 1)) * TRAINED);
    const options = { seed: `${seed}, part ${index}`, signal, onProgress: done, parts: partSizes(plan) };
    const task = { trainer, method: blueprint.method, targets, rows: trainingRows(table, indices), ...options };
    const head = await fitHead(task);
    await onHead?.(index, head);
    fitted.push(head);
  }
  const final = fitted.at(-1) as FittedHead;
  const folds = several ? fitted.slice(0, -1) : [final];
  const foldOf = new Uint8Array(targets.rows.length).fill(NO_TARGET);
  rows.folds.forEach((own, fold) => own.forEach((row) => (foldOf[row] = fold)));
  return { folds, final, headOf: (row) => folds[foldOf[row] ?? NO_TARGET] ?? final };
}

function without(all: Uint32Array, some: Uint32Array): Uint32Array {
  const excluded = new Set(some);
  return all.filter((row) => !excluded.has(row));
}

/** Returns the scores of all rows, of a regression their numbers: rows × outputs. */
async function predictAll(
  { features, targets, plan: whole }: CandidateRequest,
  plan: FeaturePlan,
  { headOf }: Heads,
  signal?: AbortSignal,
): Promise<Predictions> {
  const outputs = outputsOf(targets);
  const size = targets.rows.length * outputs;
  const scores = targets.type === 'regression' ? new Float64Array(size) : new Float32Array(size);
  const pause = pauses(signal);
  for (let row = 0; row < targets.rows.length; row++) {
    const start = row * whole.width;
    const head = headOf(row);
    const own = scoreRow(head, features.subarray(start, start + plan.width));
    scores.set(numbersFor(own, head.scale), row * outputs);
    await pause();
  }
  return scores;
}

interface Factors {
  /** By head. */
  readonly of: ReadonlyMap<FittedHead, number>;
  readonly final: number;
}

/** The factor of a fold is fitted on the rows of the other folds, so that none of its own rows has a say in it. */
function factorsOf(request: CandidateRequest, rows: PartitionRows, heads: Heads, scores: Predictions): Factors {
  const { targets } = request;
  if (targets.type === 'regression' || rows.folds.length < 2) return { of: new Map(), final: 1 };
  const outputs = outputsOf(targets);
  const fit = (indices: Uint32Array) => {
    const rowAt = (index: number) => indices[index] as number;
    return fitFactor({
      kind: kindOf(request),
      count: indices.length,
      outputs,
      scoresOf: (index) => scores.subarray(rowAt(index) * outputs, (rowAt(index) + 1) * outputs),
      priorOf: (index) => heads.headOf(rowAt(index)).prior,
      classesOf: (index) => classesOf(targets, rowAt(index)),
    });
  };
  const of = new Map(
    heads.folds.map((head, fold) => [head, fit(without(rows.training, rows.folds[fold] ?? rows.training))]),
  );
  return { of, final: fit(rows.training) };
}

function calibrateAll(request: CandidateRequest, heads: Heads, { of, final }: Factors, scores: Predictions): void {
  const outputs = outputsOf(request.targets);
  for (let row = 0; row < request.targets.rows.length; row++) {
    const head = heads.headOf(row);
    const own = scores.subarray(row * outputs, (row + 1) * outputs);
    own.set(calibrated(kindOf(request), own, of.get(head) ?? final, head.prior));
  }
}

function multiplied(
  { layer, absent, prior, scale }: FittedHead,
  factor: number,
): Pick<TableModel, 'layer' | 'absent' | 'scale'> {
  return {
    layer: {
      weights: layer.weights.map((weight) => weight * factor),
      bias: layer.bias.map((value, output) => value * factor + (prior[output] as number)),
    },
    absent: absent.map((value) => value * factor),
    scale,
  };
}

function metricsOfParts(
  { targets }: CandidateRequest,
  { folds, holdOut }: PartitionRows,
  predictions: Predictions,
): CandidateMetrics {
  const ofFolds = folds.map((rows) => measure({ targets, predictions, rows }));
  const ofHoldOut = holdOut.length === 0 ? undefined : measure({ targets, predictions, rows: holdOut });
  return Object.fromEntries(
    Object.entries(ofFolds[0] ?? {}).map(([name, validation]) => {
      const values = ofFolds.map((metrics) => metrics[name as keyof typeof metrics] as number);
      const crossValidation = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [name, { validation, crossValidation, holdout: ofHoldOut?.[name as keyof typeof ofHoldOut] ?? null }];
    }),
  );
}

function kindOf({ targets }: CandidateRequest): HeadKind {
  return targets.type === 'multilabel' ? 'multilabel' : 'multiclass';
}
