/**
 * Candidate models of a table with image columns: partitions of its rows, features, blueprints, training and comparison
 * by metrics, and the file of a model. Heads are trained by `@pentaprism/inference`.
 */
export type {
  Candidate,
  CandidateMetrics,
  CandidateOptions,
  CandidateRequest,
  MetricValues,
  TrainCandidate,
} from './candidate.js';
export {
  allocateFeatures,
  encodeRow,
  FeaturePlanner,
  type ColumnValue,
  type FeaturePlan,
  type PlanRequest,
  type RowValues,
} from './feature-plan.js';
export type { FittedHead } from './fit-head.js';
export { decodeFittedHead, encodeFittedHead } from './fitted-head-file.js';
export { decodeModel, encodeModel } from './model-file.js';
export { predictRow, weightsOf, type ColumnWeights, type TableModel } from './model.js';
export { HOLD_OUT, MAX_HEADS, NO_TARGET, partitionsOf, type PartitionsRequest } from './partitions.js';
export { outputsOf, targetsOf, type Predictions, type Target, type Targets, type TargetsRequest } from './targets.js';
export { createThreadedCandidates } from './threaded-candidates.js';
export { trainCandidate } from './train-candidate.js';
export type { AugmentedRows } from './training-rows.js';
