import { embeddingSizeOf, type Head } from '@pentaprism/heads';
import { keepOnlyFor, readOnnx } from './onnx-protobuf.js';
import { OnnxToTensorFlow } from './onnx-to-tensorflow.js';
import { TensorFlowGraph } from './tensorflow-graph.js';

export interface TensorFlowJsExport {
  /** An ONNX model with an output `embedding`, see `openOnnxBackbone`. */
  readonly backbone: Uint8Array;
  readonly head: Head;
  /** One per tag. */
  readonly labels: readonly string[];
  /** Of the model, for people. */
  readonly name: string;
}

const [INPUT, OUTPUT, EMBEDDING] = ['data', 'model_output', 'embedding'];
/** Below any length that an embedding has, and above nothing. */
const EPSILON = 1e-24;

/**
 * Returns a whole graph model of TensorFlow.js, for `tf.loadGraphModel`: backbone and head. Its input `data` is batch ×
 * height × width × 3 of RGB from 0 to 255 (the clients of Custom Vision find that out from `Image.BitmapPixelFormat`), its
 * output `model_output` batch × tags probabilities. Weights that the backbone keeps in half precision stay so.
 *
 * @returns file name → bytes: `model.json` and `weights.bin`
 * @throws RangeError where labels have another number than the head; Error where the backbone has an operator that
 *   cannot be written for TensorFlow.js
 */
export function exportTensorFlowJs({ backbone, head, labels, name }: TensorFlowJsExport): Record<string, Uint8Array> {
  const tags = head.bias.length;
  if (labels.length !== tags) throw new RangeError(`${tags} tags have ${labels.length} labels.`);
  const model = readOnnx(backbone);
  keepOnlyFor(EMBEDDING, model);
  const [image] = model.graph.input;
  const [, height, width] = (image?.type.tensorType?.shape?.dim ?? []).map(({ dimValue }) => Number(dimValue));
  if (!image || !height || !width) throw new Error('The backbone has no input of batch × height × width × 3.');
  const graph = new TensorFlowGraph();
  const input = { name: INPUT, shape: [-1, height, width, 3] };
  const converter = new OnnxToTensorFlow(model.graph, graph);
  converter.bind(image.name, graph.placeholder(input.name, input.shape));
  for (const node of model.graph.node) converter.convert(node);
  addHead(graph, converter.nodeOf(EMBEDDING), head);
  const metadata = { 'Image.BitmapPixelFormat': 'Rgb8', 'Image.NominalPixelRange': 'NominalRange_0_255' };
  const { model: described, weights } = graph.finish(
    input,
    { name: OUTPUT, shape: [-1, tags] },
    { ...metadata, name, kind: head.kind, labels },
  );
  return { 'model.json': new TextEncoder().encode(JSON.stringify(described)), 'weights.bin': weights };
}

/** x / √(‖x‖² + ε), weights, softmax or sigmoid. */
function addHead(graph: TensorFlowGraph, embedding: string, head: Head): void {
  const [size, tags] = [embeddingSizeOf(head), head.bias.length];
  const own = (name: string) => `head/${name}`;
  graph.node(own('squares'), 'Square', [embedding]);
  const sum = graph.node(own('sum'), 'Sum', [own('squares'), graph.integers(own('axis'), [1])], {
    keep_dims: { b: true },
  });
  const epsilon = graph.floats(own('epsilon'), [], Float32Array.of(EPSILON));
  graph.node(own('length'), 'Sqrt', [graph.node(own('positive'), 'AddV2', [sum, epsilon])]);
  graph.node(own('normalised'), 'RealDiv', [embedding, own('length')]);
  const weights = graph.floats(own('weights'), [size, tags], head.weights);
  graph.node(own('products'), 'MatMul', [own('normalised'), weights], {
    transpose_a: { b: false },
    transpose_b: { b: false },
  });
  graph.node(own('scores'), 'AddV2', [own('products'), graph.floats(own('bias'), [tags], head.bias)]);
  graph.node(OUTPUT, head.kind === 'multiclass' ? 'Softmax' : 'Sigmoid', [own('scores')]);
}
