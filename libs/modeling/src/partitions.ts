import type { Targets } from './targets.js';

/** The partition of rows that no training and no choice of a model uses. Smaller values are folds. */
export const HOLD_OUT = 254;
/** The partition of rows without a value of the target. */
export const NO_TARGET = 255;

export interface PartitionsRequest {
  readonly targets: Targets;
  /** For each image column the content id of each row; undefined if the image is missing. */
  readonly contents: readonly (readonly (string | undefined)[])[];
  readonly seed: string;
}

export function partitionsOf(_request: PartitionsRequest): Uint8Array {
  throw new Error('to follow');
}
