/** Nest's token for the pool of decode processes. */
export const DECODE_POOL = Symbol('DecodePool');
/** Nest's token for the number of jobs of one queue that run at once. */
export const CONCURRENCY = Symbol('Concurrency');
/** Nest's token for a pool of its own for pictures of requests, which never wait behind jobs there. */
export const PROMPT_POOL = Symbol('PromptPool');
/** Nest's token for the path of the ONNX file of the backbone; undefined for the one that comes along. */
export const BACKBONE_PATH = Symbol('BackbonePath');
/** Nest's token for the backend of TensorFlow.js that trains. */
export const TENSORFLOW_BACKEND = Symbol('TensorFlowBackend');
/** Nest's token for the `TrainAndEvaluate`. */
export const TRAIN_AND_EVALUATE = Symbol('TrainAndEvaluate');
/** Nest's token for the `TrainCandidate`. */
export const TRAIN_CANDIDATE = Symbol('TrainCandidate');
/** Nest's token for the processors of all queues. */
export const QUEUE_PROCESSORS = Symbol('QueueProcessors');
