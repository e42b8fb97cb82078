/**
 * Neural networks: a frozen backbone in ONNX Runtime that turns pictures into embeddings, the training of linear heads over
 * them with TensorFlow.js, and models to take along. The heads themselves are in `@pentaprism/heads`.
 *
 * Both runtimes are loaded when they are first used, so importing this costs little.
 */
export {
  activationMap,
  contributionMap,
  type ActivationMap,
  type ContributionMap,
  type ContributionPart,
} from './activation-map.js';
export type { AugmentedExamples } from './augmented-examples.js';
export type { Backbone, BackboneOutput, FeatureMaps } from './backbone.js';
export { crossValidate, type CrossValidationRequest } from './cross-validation.js';
export { backbonePath, DEFAULT_BACKBONE_PATH } from './default-backbone.js';
export type {
  HeadTrainer,
  LayerKind,
  LayerRequest,
  LayerTrainer,
  TrainingData,
  TrainingRequest,
} from './head-trainer.js';
export { openOnnxBackbone } from './onnx-backbone.js';
export { exportOnnx, ONNX_VARIANTS, type OnnxExport, type OnnxVariant } from './onnx-export.js';
export { modelArchive, type ModelArchive } from './model-archive.js';
export { binCount } from './objective.js';
export { matrixRows, type Rows } from './rows.js';
export { forRawRows, isMissing, standardisationOf, standardise, type Standardisation } from './standardisation.js';
export { quantileBins, stratify, type Stratification } from './stratified-folds.js';
export { onTensorFlow, TENSORFLOW_BACKENDS, type TensorFlow, type TensorFlowBackend } from './tensorflow.js';
export { chooseThreadedBackend } from './threaded-backend.js';
export { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
export { exportTensorFlowJs, type TensorFlowJsExport } from './tensorflow-js-export.js';
export { createThreadedTraining } from './threaded-training.js';
export {
  trainAndEvaluate,
  type TrainAndEvaluate,
  type TrainAndEvaluateOptions,
  type TrainAndEvaluateRequest,
  type Trained,
} from './train-and-evaluate.js';
export { transferable } from './transferable.js';
