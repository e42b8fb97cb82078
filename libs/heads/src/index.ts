/**
 * Linear heads over embeddings: how they predict, how they and their evaluation are stored, and how good they are. It needs
 * no runtime for neural networks; those are in `@pentaprism/inference`.
 */
export { BinaryReader, BinaryWriter, float32Bytes } from './binary.js';
export { decodeEvaluation, encodeEvaluation, type Evaluation } from './evaluation.js';
export {
  decodeHead,
  embeddingSizeOf,
  encodeHead,
  HEAD_KINDS,
  predict,
  probabilitiesOf,
  scoresOf,
  type Head,
  type HeadKind,
  type LinearLayer,
} from './head.js';
export { pauses, type Pause } from './pauses.js';
export {
  measurePerformance,
  type ModelPerformance,
  type PerformanceMeasures,
  type PerformanceRequest,
} from './performance.js';
export { fromVectorText, toVectorText } from './vector-text.js';
