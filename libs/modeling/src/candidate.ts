import type { MetricName } from '@pentaprism/domain';
import type { Blueprint } from '@pentaprism/domain';
import type { FeaturePlan } from './feature-plan.js';
import type { FittedHead } from './fit-head.js';
import type { TableModel } from './model.js';
import type { Predictions, Targets } from './targets.js';
import type { AugmentedRows } from './training-rows.js';

export interface CandidateRequest {
  readonly blueprint: Blueprint;
  readonly targets: Targets;
  readonly backbone: string;
  /** The plan of the features. A blueprint without other columns uses the beginning of each row. */
  readonly plan: FeaturePlan;
  /** rows × plan.width. Shared with the thread if `allocateFeatures` made it, else copied. */
  readonly features: Float32Array;
  /** See `partitionsOf`. */
  readonly partitions: Uint8Array;
  /** Used by blueprints that need an augmentation list. */
  readonly augmented?: AugmentedRows | undefined;
  readonly seed: string;
}

export interface CandidateOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with a share from 0 to 1 that never falls. The last is 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
  /** Heads that an earlier call passed on, by their index. They are not fitted again. */
  readonly heads?: ReadonlyMap<number, FittedHead> | undefined;
  /**
   * Called with each head when it has been fitted, one after another: those of the folds, then the final one. The fitting of the next
   * one does not wait for it. If it rejects, so does the training.
   */
  readonly onHead?: ((index: number, head: FittedHead) => Promise<void>) | undefined;
}

/** The values of a metric on the parts of the rows. */
export interface MetricValues {
  /** On the first fold, by a head that was trained on the others. */
  readonly validation: number;
  /** The mean of the folds. */
  readonly crossValidation: number;
  /** On the hold-out, by the final head. Null without hold-out. */
  readonly holdout: number | null;
}

export type CandidateMetrics = Partial<Record<MetricName, MetricValues>>;

export interface Candidate {
  readonly model: TableModel;
  /** For each metric of the target type. */
  readonly metrics: CandidateMetrics;
  /**
   * rows × outputs. Rows of a fold are predicted by a head that was not trained on them, the hold-out and rows without a
   * value of the target by the final head.
   */
  readonly predictions: Predictions;
}

/** Trains and evaluates a candidate. */
export interface TrainCandidate {
  /**
   * The same request gives the same bytes on the same processor architecture, also if heads of an earlier call are used. The request's arrays stay as they are.
   *
   * @throws RangeError for sizes that contradict each other, and if no row has a value of the target; the signal's reason
   * if it aborts
   */
  (request: CandidateRequest, options?: CandidateOptions): Promise<Candidate>;
}
