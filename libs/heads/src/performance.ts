import type { Evaluation } from './evaluation.js';
import { pauses } from './pauses.js';

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
}

export interface ModelPerformance {
  /** precision and recall over the predictions for all tags (micro-average); average precision as the mean over tags. */
  readonly overall: PerformanceMeasures;
  /** In the order of the tags. */
  readonly perTag: readonly PerformanceMeasures[];
}

/**
 * Measures an evaluation at a threshold, giving way to other work of the process between tags. Tag by tag: what is asked of each prediction is whether it reaches the threshold,
 * for multiclass too, where one below 1/2 lets several tags of an example count.
 */
export async function measurePerformance({ threshold, ...evaluation }: PerformanceRequest): Promise<ModelPerformance> {
  const { tags, folds } = evaluation;
  const everything = Uint32Array.from(folds, (_, index) => index);
  const inFolds = [...new Set(folds)].map((fold) => everything.filter((example) => folds[example] === fold));
  const pause = pauses();
  const together: Counts[] = [];
  const apart: Counts[][] = inFolds.map(() => []);
  for (let tag = 0; tag < tags; tag++) {
    together.push({
      ...countsOf(evaluation, everything, tag, threshold),
      averagePrecision: averagePrecision(evaluation, tag),
    });
    for (const [fold, examples] of inFolds.entries()) apart[fold]?.push(countsOf(evaluation, examples, tag, threshold));
    await pause();
  }
  const measure = (from: number, to: number) =>
    measuresOf(
      valuesOf(together.slice(from, to)),
      apart.map((ofTags) => valuesOf(ofTags.slice(from, to))),
    );
  return { overall: measure(0, tags), perTag: together.map((_, tag) => measure(tag, tag + 1)) };
}

/** Of one tag. */
interface Counts {
  readonly predicted: number;
  readonly right: number;
  readonly positive: number;
  readonly averagePrecision?: number | undefined;
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
  return { predicted, right, positive };
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

function measuresOf(together: Values, inFolds: readonly Values[]): PerformanceMeasures {
  return {
    precision: together.precision ?? 0,
    precisionStdDeviation: standardDeviation(inFolds.map(({ precision }) => precision)),
    recall: together.recall ?? 0,
    recallStdDeviation: standardDeviation(inFolds.map(({ recall }) => recall)),
    averagePrecision: together.averagePrecision ?? 0,
  };
}

/**
 * Examples of the same probability count together: their order says nothing. Right and wrong ones are sorted as plain
 * numbers, which takes a tenth of the time of sorting examples.
 */
function averagePrecision({ probabilities, labels, tags }: Evaluation, tag: number): number | undefined {
  const right: number[] = [];
  const wrong: number[] = [];
  for (let at = tag; at < labels.length; at += tags)
    (labels[at] === 1 ? right : wrong).push(probabilities[at] as number);
  if (right.length === 0) return undefined;
  const [ranked, others] = [Float32Array.from(right).sort().reverse(), Float32Array.from(wrong).sort().reverse()];
  let [area, above] = [0, 0];
  for (let first = 0; first < ranked.length;) {
    const probability = ranked[first] as number;
    let next = first;
    while (next < ranked.length && ranked[next] === probability) next++;
    while (above < others.length && (others[above] as number) >= probability) above++;
    area += (next - first) * (next / (next + above));
    first = next;
  }
  return area / ranked.length;
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
