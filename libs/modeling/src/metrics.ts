import { metricsOf, type MetricName } from '@pentaprism/domain';
import { classesOf, outputsOf, type Predictions, type Targets } from './targets.js';

/** Predictions of a table, and the rows of it that are judged. */
export interface Measured {
  readonly targets: Targets;
  /** rows of the table × outputs */
  readonly predictions: Predictions;
  /** The judged rows: at least one, each with a value of the target. */
  readonly rows: ArrayLike<number>;
}

/** Probabilities are kept this far from 0 and 1, as scikit-learn's `log_loss` does for float32. */
const EPSILON = 2 ** -23;

/** Returns the value of each metric of the target type. All are finite. */
export function measure(measured: Measured): Partial<Record<MetricName, number>> {
  const metrics = metricsOf([measured.targets.type]);
  return Object.fromEntries(metrics.map(({ name }) => [name, MEASURES[name](measured)]));
}

const MEASURES: Readonly<Record<MetricName, (measured: Measured) => number>> = {
  LogLoss: logLoss,
  AUC: auc,
  Accuracy: accuracy,
  RMSE: (measured) => {
    const unit = unitOf(errorsOf(measured));
    return unit * Math.sqrt(meanSquare(errorsOf(measured), unit));
  },
  MAE: (measured) => errorsOf(measured).reduce((sum, error) => sum + Math.abs(error) / measured.rows.length, 0),
  'R Squared': rSquared,
};

/** For a multilabel target the mean over all rows and labels, each by itself. */
function logLoss({ targets, predictions, rows }: Measured): number {
  const outputs = outputsOf(targets);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const right = classesOf(targets, row);
    const own = predictions.subarray(row * outputs, (row + 1) * outputs);
    sum +=
      targets.type === 'multilabel' ? binaryLoss(own, right) : -Math.log(clipped(own[right[0] as number] as number));
  }
  return sum / rows.length;
}

function binaryLoss(probabilities: Predictions, right: readonly number[]): number {
  let sum = 0;
  probabilities.forEach((value, output) => {
    const probability = clipped(value);
    sum -= Math.log(right.includes(output) ? probability : 1 - probability);
  });
  return sum / probabilities.length;
}

/** The share of rows whose most probable class is right; of equally probable classes the first counts. */
function accuracy({ targets, predictions, rows }: Measured): number {
  const outputs = outputsOf(targets);
  let right = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    let best = 0;
    for (let output = 1; output < outputs; output++) {
      if ((predictions[row * outputs + output] as number) > (predictions[row * outputs + best] as number))
        best = output;
    }
    right += Number(classesOf(targets, row).includes(best));
  }
  return right / rows.length;
}

/**
 * The probability that a row of a class gets a higher probability of it than a row of another class; equal ones count half.
 * With more than two classes, or labels: the mean over the classes, each against all others. Classes that all of the rows
 * have, or none, are left out. If no class is left, it is 0.5, as for a model that cannot tell classes apart.
 */
function auc({ targets, predictions, rows }: Measured): number {
  const outputs = outputsOf(targets);
  const positive = Array.from({ length: outputs }, () => new Set<number>());
  for (let i = 0; i < rows.length; i++)
    for (const each of classesOf(targets, rows[i] as number)) positive[each]?.add(i);
  let [sum, count] = [0, 0];
  for (const [output, own] of positive.entries()) {
    if (own.size === 0 || own.size === rows.length) continue;
    const scores = Float32Array.from(rows, (row) => predictions[row * outputs + output] as number);
    sum += areaOf(scores, own);
    count += 1;
  }
  return count === 0 ? 0.5 : sum / count;
}

/** By the ranks of the positive ones (Mann and Whitney); equal scores share the mean of their ranks. */
function areaOf(scores: Float32Array, positive: ReadonlySet<number>): number {
  const order = Uint32Array.from(scores, (_, i) => i);
  order.sort((one, other) => (scores[one] as number) - (scores[other] as number));
  let ranks = 0;
  for (let first = 0; first < order.length;) {
    let next = first;
    let positives = 0;
    for (; next < order.length && scores[order[next] as number] === scores[order[first] as number]; next++) {
      positives += Number(positive.has(order[next] as number));
    }
    ranks += positives * ((first + 1 + next) / 2);
    first = next;
  }
  const count = positive.size;
  return (ranks - (count * (count + 1)) / 2) / (count * (scores.length - count));
}

function errorsOf({ targets, predictions, rows }: Measured): Float64Array {
  return Float64Array.from(rows, (row) => (predictions[row] as number) - (targets.rows[row] as number));
}

/** Returns the largest size among some numbers; 1 if all are 0. */
function unitOf(numbers: Float64Array): number {
  return numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0) || 1;
}

/** Squares numbers in a unit in which neither large nor tiny ones leave the range of double precision. */
function meanSquare(numbers: Float64Array, unit: number): number {
  return numbers.reduce((sum, number) => sum + (number / unit) ** 2, 0) / numbers.length;
}

/** As scikit-learn's `r2_score`: if all numbers are equal, 1 for predictions without any error, else 0. */
function rSquared(measured: Measured): number {
  const { targets, rows } = measured;
  const numbers = Float64Array.from(rows, (row) => targets.rows[row] as number);
  const mean = numbers.reduce((sum, number) => sum + number / numbers.length, 0);
  const differences = numbers.map((number) => number - mean);
  const errors = errorsOf(measured);
  const unit = unitOf(differences);
  if (numbers.every((number) => number === numbers[0])) return errors.every((error) => error === 0) ? 1 : 0;
  return 1 - meanSquare(errors, unit) / meanSquare(differences, unit);
}

function clipped(probability: number): number {
  return Math.min(1 - EPSILON, Math.max(EPSILON, probability));
}
