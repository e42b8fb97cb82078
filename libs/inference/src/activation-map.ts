import type { FeatureMaps } from './backbone.js';

/** What each place of a picture contributes to the output of a linear head, row by row. */
export interface ContributionMap {
  readonly rows: number;
  readonly columns: number;
  /** rows × columns. */
  readonly values: Float64Array;
}

/** How strongly each place of a picture speaks for a prediction: rows × columns whole numbers from 0 to 255, row by row. */
export interface ActivationMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array;
}

/**
 * What an activation map shows of a contribution: `positive` cuts negative ones to 0, because they speak against the class;
 * `size` takes the absolute value, because a number is explained by what raises it and by what lowers it.
 */
export type ContributionPart = 'positive' | 'size';

/**
 * Divides the output of a linear head among the places of a picture. The division is exact: the mean of the map is the
 * product of the weights and the normalised embedding.
 *
 * @param weights one for each number of the embedding: of two classes, the difference of their weights
 * @throws RangeError for weights of another length than the embedding
 */
export function contributionMap(activations: FeatureMaps, weights: Float32Array): ContributionMap {
  const { data, channels, height, width } = activations;
  if (weights.length !== channels) {
    throw new RangeError(`An embedding of ${channels} numbers needs as many weights, not ${weights.length}.`);
  }
  const places = height * width;
  const values = new Float64Array(places);
  let squares = 0;
  for (let channel = 0; channel < channels; channel++) {
    const weight = weights[channel] as number;
    let sum = 0;
    for (let place = 0; place < places; place++) {
      const activation = data[channel * places + place] as number;
      sum += activation;
      values[place] = (values[place] as number) + weight * activation;
    }
    squares += (sum / places) ** 2;
  }
  const length = Math.sqrt(squares);
  // An embedding of zeros stays zeros when it is normalised.
  return { rows: height, columns: width, values: values.map((value) => (length === 0 ? 0 : value / length)) };
}

/** Scales contributions so that the largest is 255. Without any that counts, all are 0. */
export function activationMap({ rows, columns, values }: ContributionMap, part: ContributionPart): ActivationMap {
  const strengths = values.map((value) => (part === 'size' ? Math.abs(value) : Math.max(0, value)));
  const largest = strengths.reduce((max, strength) => Math.max(max, strength), 0);
  const scaled = Uint8Array.from(strengths, (strength) => (largest === 0 ? 0 : Math.round((strength / largest) * 255)));
  return { rows, columns, values: scaled };
}
