import type { Evaluation } from './evaluation.js';

export interface PerformanceRequest extends Evaluation {
  /** From 0 to 1: what is at least as probable counts as predicted. */
  readonly threshold: number;
}

/**
 * How good predictions are.
 *
 * - precision: which share of what was predicted is right. 0 where nothing was predicted.
 * - recall: which share of what should have been predicted was. 0 where nothing should have been.
 * - average precision: the area under the precision-recall curve, the sum of precisions weighted with the gain of recall
 *   at each probability that occurs; the threshold does not matter. 0 where nothing should have been predicted.
 *
 * Each is calculated over all examples together, from the predictions of heads that had not seen them. The standard
 * deviations are those of the values in single folds (of the population; folds without a value, since nothing was
 * predicted or nothing should have been, are left out; 0 where fewer than two remain).
 */
export interface PerformanceMeasures {
  readonly precision: number;
  readonly precisionStdDeviation: number;
  readonly recall: number;
  readonly recallStdDeviation: number;
  readonly averagePrecision: number;
  readonly averagePrecisionStdDeviation: number;
}

export interface ModelPerformance {
  /** precision and recall over the predictions for all tags (micro-average); average precision as the mean over tags. */
  readonly overall: PerformanceMeasures;
  /** In the order of the tags. */
  readonly perTag: readonly PerformanceMeasures[];
}

/**
 * Measures an evaluation at a threshold. Tag by tag: what is asked of each prediction is whether it reaches the threshold,
 * for multiclass too, where one below 1/2 lets several tags of an example count.
 */
export function measurePerformance({ threshold, ...evaluation }: PerformanceRequest): ModelPerformance {
  const { tags, folds } = evaluation;
  const everything = Uint32Array.from(folds, (_, index) => index);
  const inFolds = [...new Set(folds)].map((fold) => everything.filter((example) => folds[example] === fold));
  // All examples first, then those of each fold.
  const counts = [everything, ...inFolds].map((examples) =>
    Array.from({ length: tags }, (_, tag) => countsOf(evaluation, examples, tag, threshold)),
  );
  return {
    overall: measuresOf(counts.map((ofTags) => valuesOf(ofTags))),
    perTag: Array.from({ length: tags }, (_, tag) =>
      measuresOf(counts.map((ofTags) => valuesOf(ofTags.slice(tag, tag + 1)))),
    ),
  };
}

/** Of one tag. */
interface Counts {
  readonly predicted: number;
  readonly right: number;
  readonly positive: number;
  readonly averagePrecision: number | undefined;
}

/** Undefined where it is a share of nothing. */
interface Values {
  readonly precision: number | undefined;
  readonly recall: number | undefined;
  readonly averagePrecision: number | undefined;
}

function countsOf(evaluation: Evaluation, examples: Uint32Array, tag: number, threshold: number): Counts {
  const { probabilities, labels, tags } = evaluation;
  let [predicted, right, positive] = [0, 0, 0];
  for (const example of examples) {
    const at = example * tags + tag;
    const counts = Number((probabilities[at] as number) >= threshold);
    predicted += counts;
    right += counts * (labels[at] as number);
    positive += labels[at] as number;
  }
  return { predicted, right, positive, averagePrecision: averagePrecision(evaluation, examples, tag) };
}

function valuesOf(ofTags: readonly Counts[]): Values {
  const sum = (key: 'predicted' | 'right' | 'positive') => ofTags.reduce((total, counts) => total + counts[key], 0);
  const [predicted, right, positive] = [sum('predicted'), sum('right'), sum('positive')];
  return {
    precision: predicted === 0 ? undefined : right / predicted,
    recall: positive === 0 ? undefined : right / positive,
    averagePrecision: mean(ofTags.map((counts) => counts.averagePrecision)),
  };
}

function measuresOf([together, ...inFolds]: readonly Values[]): PerformanceMeasures {
  return {
    precision: together?.precision ?? 0,
    precisionStdDeviation: standardDeviation(inFolds.map(({ precision }) => precision)),
    recall: together?.recall ?? 0,
    recallStdDeviation: standardDeviation(inFolds.map(({ recall }) => recall)),
    averagePrecision: together?.averagePrecision ?? 0,
    averagePrecisionStdDeviation: standardDeviation(inFolds.map((values) => values.averagePrecision)),
  };
}

/** Examples of the same probability count together: their order says nothing. */
function averagePrecision(
  { probabilities, labels, tags }: Evaluation,
  examples: Uint32Array,
  tag: number,
): number | undefined {
  const probability = (example: number) => probabilities[example * tags + tag] as number;
  const ranked = examples.slice().sort((one, other) => probability(other) - probability(one));
  let [right, area, sinceStep] = [0, 0, 0];
  ranked.forEach((example, index) => {
    sinceStep += labels[example * tags + tag] as number;
    const next = ranked[index + 1];
    if (next !== undefined && probability(next) === probability(example)) return;
    right += sinceStep;
    area += sinceStep * (right / (index + 1));
    sinceStep = 0;
  });
  return right === 0 ? undefined : area / right;
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function standardDeviation(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  const average = mean(known);
  if (average === undefined || known.length < 2) return 0;
  return Math.sqrt(mean(known.map((value) => (value - average) ** 2)) as number);
}
