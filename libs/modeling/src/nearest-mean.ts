import type { LinearLayer, Pause } from '@pentaprism/heads';
import { standardise, type Rows, type Standardisation } from '@pentaprism/inference';

export interface NearestMeanRequest {
  readonly kind: 'multiclass' | 'multilabel';
  readonly rows: Rows;
  readonly standardisation: Standardisation;
  /** rows × outputs, 0 or 1 */
  readonly labels: Uint8Array;
  readonly outputs: number;
  readonly pause: Pause;
}

/**
 * Returns a layer that compares squared distances to means. For multiclass, the scores of two classes differ by how much
 * nearer one mean is than the other. For multilabel, a score is how much nearer the mean of the rows with the label is than
 * the mean of those without it.
 *
 * Squared distances are divided by the variance of all features together: the scores are too low rather than too high, and
 * calibration multiplies them.
 */
export async function nearestMeans(request: NearestMeanRequest): Promise<LinearLayer> {
  const { kind, rows, labels, outputs } = request;
  const { size } = rows;
  const { sums, counts, total } = await sumsOf(request);
  const weights = new Float32Array(size * outputs);
  const bias = new Float64Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const own = counts[output] as number;
    const others = labels.length / outputs - own;
    for (let feature = 0; feature < size; feature++) {
      const sum = sums[output * size + feature] as number;
      const mean = own === 0 ? 0 : sum / own;
      const other = kind === 'multiclass' || others === 0 ? 0 : ((total[feature] as number) - sum) / others;
      weights[feature * outputs + output] = (mean - other) / size;
      bias[output] = (bias[output] as number) - (mean ** 2 - other ** 2) / (2 * size);
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}

/**
 * Returns the scores of how often each class occurs, in which half an example is added to each: what remains of a prediction
 * that is not sure.
 */
export function priorScores(kind: 'multiclass' | 'multilabel', labels: Uint8Array, outputs: number): Float64Array {
  const counts = new Float64Array(outputs).fill(0.5);
  labels.forEach((label, i) => (counts[i % outputs] = (counts[i % outputs] as number) + label));
  const all = labels.length / outputs + (kind === 'multiclass' ? outputs / 2 : 1);
  return counts.map((count) => Math.log(count / (kind === 'multiclass' ? all : all - count)));
}

interface Sums {
  /** outputs × features */
  readonly sums: Float64Array;
  /** Rows of each output. */
  readonly counts: Float64Array;
  /** Of all rows. */
  readonly total: Float64Array;
}

async function sumsOf({ rows, standardisation, labels, outputs, pause }: NearestMeanRequest): Promise<Sums> {
  const { size } = rows;
  const [sums, counts] = [new Float64Array(outputs * size), new Float64Array(outputs)];
  const total = new Float64Array(size);
  const row = new Float32Array(size);
  for (let index = 0; index < rows.count; index++) {
    standardise(standardisation, rows.at(index), row);
    addTo(total, row);
    for (let output = 0; output < outputs; output++) {
      if (labels[index * outputs + output] !== 1) continue;
      counts[output] = (counts[output] as number) + 1;
      addTo(sums.subarray(output * size, (output + 1) * size), row);
    }
    await pause();
  }
  return { sums, counts, total };
}

function addTo(sums: Float64Array, row: Float32Array): void {
  for (let i = 0; i < row.length; i++) sums[i] = (sums[i] as number) + (row[i] as number);
}
