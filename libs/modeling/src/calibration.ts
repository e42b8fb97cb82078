import { probabilitiesOf, type HeadKind } from '@pentaprism/heads';

/** Scores of rows that were not used for the training of the head that scored them. */
export interface CalibrationRows {
  readonly kind: HeadKind;
  readonly count: number;
  readonly outputs: number;
  /** Returns the scores of a row. */
  readonly scoresOf: (index: number) => ArrayLike<number>;
  /** Returns what is added to the scores and not multiplied. */
  readonly priorOf: (index: number) => ArrayLike<number>;
  readonly classesOf: (index: number) => readonly number[];
}

/** The factor lies between 1/64 and 64. */
const BOUND = Math.log(64);
/** They narrow the exponent down to a ten-thousandth. */
const STEPS = 24;
/** Scores that are looked at: more rows hardly change the factor. */
const MAX_SCORES = 100_000;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Returns the factor of scores (the inverse of a temperature) that makes their probabilities fit best.
 *
 * As in Platt's scaling, classes count as certain to (rows + 1) / (rows + 2) only, so that the factor stays finite and
 * moderate for few rows that are all right. Without rows it is 1.
 */
export function fitFactor(rows: CalibrationRows): number {
  if (rows.count === 0) return 1;
  // The loss is convex in the factor, so that it has one minimum.
  let [low, high] = [-BOUND, BOUND];
  const lossAt = (exponent: number) => smoothedLoss(rows, Math.exp(exponent));
  let [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
  let [lossLeft, lossRight] = [lossAt(left), lossAt(right)];
  for (let step = 0; step < STEPS; step++) {
    if (lossLeft <= lossRight) {
      [high, right, lossRight] = [right, left, lossLeft];
      left = high - GOLDEN * (high - low);
      lossLeft = lossAt(left);
    } else {
      [low, left, lossLeft] = [left, right, lossRight];
      right = low + GOLDEN * (high - low);
      lossRight = lossAt(right);
    }
  }
  return Math.exp((low + high) / 2);
}

/** Returns the probabilities for scores times a factor, plus what the factor does not multiply. */
export function calibrated(
  kind: HeadKind,
  scores: ArrayLike<number>,
  factor: number,
  prior: ArrayLike<number>,
): Float32Array {
  return probabilitiesOf(
    kind,
    Float64Array.from(scores, (score, i) => score * factor + (prior[i] as number)),
  );
}

function smoothedLoss(rows: CalibrationRows, factor: number): number {
  const { kind, count, outputs } = rows;
  const doubt = 1 / (count + 2);
  const stride = Math.max(1, Math.ceil((count * outputs) / MAX_SCORES));
  let sum = 0;
  for (let index = 0; index < count; index += stride) {
    const right = rows.classesOf(index);
    const scores = Float64Array.from(
      rows.scoresOf(index),
      (score, i) => score * factor + (rows.priorOf(index)[i] as number),
    );
    sum += kind === 'multiclass' ? softmaxLoss(scores, right, doubt) : sigmoidLoss(scores, right, doubt);
  }
  return sum;
}

function softmaxLoss(scores: Float64Array, right: readonly number[], doubt: number): number {
  const highest = scores.reduce((one, other) => Math.max(one, other), -Infinity);
  const powers = scores.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  const all = scores.reduce((sum, score) => sum + score, 0);
  const own = scores[right[0] as number] as number;
  const others = scores.length === 1 ? own : (all - own) / (scores.length - 1);
  return highest + Math.log(powers) - (1 - doubt) * own - doubt * others;
}

function sigmoidLoss(scores: Float64Array, right: readonly number[], doubt: number): number {
  const loss = scores.map((score, output) => {
    const target = right.includes(output) ? 1 - doubt : doubt;
    return Math.max(score, 0) - score * target + Math.log1p(Math.exp(-Math.abs(score)));
  });
  return loss.reduce((sum, value) => sum + value, 0);
}
