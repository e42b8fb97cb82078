/**
 * Neural networks: a frozen backbone in ONNX Runtime that turns pictures into embeddings, linear heads over them that are
 * trained here with TensorFlow.js, how good they are, and models to take along.
 *
 * Both runtimes are loaded when they are first used, so importing this costs little.
 */
export type { AugmentedExamples } from './augmented-examples.js';
export type { Backbone, BackboneOutput, FeatureMaps } from './backbone.js';
export { crossValidate, type CrossValidationRequest } from './cross-validation.js';
export { backbonePath, DEFAULT_BACKBONE_PATH } from './default-backbone.js';
export { decodeEvaluation, encodeEvaluation, type Evaluation } from './evaluation.js';
export { decodeHead, embeddingSizeOf, encodeHead, HEAD_KINDS, predict, type Head, type HeadKind } from './head.js';
export type { HeadTrainer, TrainingData, TrainingRequest } from './head-trainer.js';
export { openOnnxBackbone } from './onnx-backbone.js';
export { exportOnnx, type OnnxExport } from './onnx-export.js';
export {
  measurePerformance,
  type ModelPerformance,
  type PerformanceMeasures,
  type PerformanceRequest,
} from './performance.js';
export { TENSORFLOW_BACKENDS, type TensorFlowBackend } from './tensorflow.js';
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
export { fromVectorText, toVectorText } from './vector-text.js';
