import { embeddingSizeOf, float32Bytes, type Head } from '@pentaprism/heads';
import { toOperatorSet7 } from './onnx-operator-set.js';
import {
  FLOAT,
  FLOAT16,
  INT64,
  intAttribute,
  intsAttribute,
  keepOnlyFor,
  readOnnx,
  writeOnnx,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-protobuf.js';

/** float32: the backbone's operator set. float16: half-precision input and output. onnx-1.2: operator set 7. */
export const ONNX_VARIANTS = ['float32', 'float16', 'onnx-1.2'] as const;
export type OnnxVariant = (typeof ONNX_VARIANTS)[number];

export interface OnnxExport {
  /** An ONNX model with an output `embedding`, see `openOnnxBackbone`. */
  readonly backbone: Uint8Array;
  readonly head: Head;
  /** One per tag. */
  readonly labels: readonly string[];
  /** Of the model, for people. */
  readonly name: string;
  readonly variant?: OnnxVariant;
}

const [INPUT, OUTPUT] = ['data', 'model_output'];
const EMBEDDING = 'embedding';
/** Of the names that come in, so that they cannot meet one of the backbone's. */
const PREFIX = 'pentaprism.';
const own = (value: string): string => PREFIX + value;
/** From 13 on, softmax works along the last axis by itself. */
const MIN_OPSET = 13;
/** How pictures are to be written into the input: https://github.com/onnx/onnx/blob/main/docs/MetadataProps.md */
const IMAGE_METADATA = {
  'Image.BitmapPixelFormat': 'Bgr8',
  'Image.ColorSpaceGamma': 'SRGB',
  'Image.NominalPixelRange': 'NominalRange_0_255',
};

/**
 * Returns one self-contained ONNX model: pixels, backbone, normalisation to length 1, head. Its one input is `data`, batch × 3
 * × height × width of BGR from 0 to 255, as exports of Custom Vision have it; its one output is `model_output`, batch × tags
 * probabilities. Whatever only other outputs of the backbone needed is left out.
 *
 * `metadata_props` says how pixels are written, and has `name`, `kind` and `labels` (a JSON array, in the order of the tags).
 *
 * @throws RangeError where labels or embedding have another number than the head; Error for another kind of backbone
 */
export function exportOnnx({ backbone, head, labels, name, variant = 'float32' }: OnnxExport): Uint8Array {
  const tags = head.bias.length;
  if (labels.length !== tags) throw new RangeError(`${tags} tags have ${labels.length} labels.`);
  const model = readOnnx(backbone);
  checkEmbedding(model, embeddingSizeOf(head));
  keepOnlyFor(EMBEDDING, model);
  const elemType = variant === 'float16' ? FLOAT16 : FLOAT;
  const pixels = pixelGraph(model, elemType);
  const { nodes, initializers } = headGraph(head, elemType);
  model.graph.node = [...pixels.nodes, ...model.graph.node, ...nodes];
  model.graph.initializer.push(...pixels.initializers, ...initializers);
  const batch = { dimParam: 'batch' };
  const shape = { dim: [batch, { dimValue: tags }] };
  model.graph.output = [{ name: OUTPUT, type: { tensorType: { elemType, shape } } }];
  setMetadata(model, { ...IMAGE_METADATA, name, kind: head.kind, labels: JSON.stringify(labels) });
  if (variant === 'onnx-1.2') toOperatorSet7(model);
  return writeOnnx(model);
}

function checkEmbedding(model: OnnxModel, size: number): void {
  const opset = model.opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx');
  if (opset === undefined || Number(opset.version) < MIN_OPSET) {
    throw new Error(`The backbone has to use ONNX's operator set ${MIN_OPSET} or a later one.`);
  }
  const output = model.graph.output.find(({ name }) => name === EMBEDDING);
  if (output === undefined) throw new Error(`The backbone has no output "${EMBEDDING}".`);
  const found = Number(output.type.tensorType?.shape?.dim[1]?.dimValue);
  if (found !== size) throw new RangeError(`The head is for embeddings of ${size} numbers, the backbone has ${found}.`);
}

/** Turns planes of BGR into the interleaved RGB that the backbone takes, and makes them the input of the model. */
function pixelGraph({ graph }: OnnxModel, elemType: number): { nodes: OnnxNode[]; initializers: OnnxTensor[] } {
  const [image] = graph.input;
  const { elemType: imageType = FLOAT, shape } = image?.type.tensorType ?? {};
  const [, height, width] = shape?.dim ?? [];
  if (image === undefined || height === undefined || width === undefined)
    throw new Error('The backbone has no input of batch × height × width × 3.');
  const order = { name: own('rgb'), dims: [3], dataType: INT64, rawData: int64Bytes([2, 1, 0]) };
  const planes = { dim: [{ dimParam: 'batch' }, { dimValue: 3 }, height, width] };
  graph.input = [{ name: INPUT, type: { tensorType: { elemType, shape: planes } } }];
  const nodes = [
    node('Gather', [INPUT, order.name], own('planes'), [intAttribute('axis', 1)]),
    node('Transpose', [own('planes')], own('pixels'), [intsAttribute('perm', [0, 2, 3, 1])]),
    // The cast of a model that takes single-precision floats is one of a type to itself.
    node('Cast', [own('pixels')], image.name, [intAttribute('to', imageType)]),
  ];
  return { nodes, initializers: [order] };
}

/**
 * x / √(‖x‖² + ε), weights, softmax or sigmoid. The length by a product with ones, from operators that every runtime and
 * converter has: not all know LpNormalization, and the attributes of ReduceL2 became inputs in operator set 18.
 */
function headGraph(head: Head, elemType: number): { nodes: OnnxNode[]; initializers: OnnxTensor[] } {
  const [size, tags] = [embeddingSizeOf(head), head.bias.length];
  const initializers = [
    tensor('ones', [size, 1], new Float32Array(size).fill(1)),
    tensor('epsilon', [1], Float32Array.of(1e-24)),
    tensor('weights', [size, tags], head.weights),
    tensor('bias', [tags], head.bias),
  ];
  const nodes = [
    node('Mul', [EMBEDDING, EMBEDDING], own('squares')),
    node('MatMul', [own('squares'), own('ones')], own('sum')),
    node('Add', [own('sum'), own('epsilon')], own('positive')),
    node('Sqrt', [own('positive')], own('length')),
    node('Div', [EMBEDDING, own('length')], own('normalised')),
    node('Gemm', [own('normalised'), own('weights'), own('bias')], own('scores')),
    node(head.kind === 'multiclass' ? 'Softmax' : 'Sigmoid', [own('scores')], own('probabilities')),
    node('Cast', [own('probabilities')], OUTPUT, [intAttribute('to', elemType)]),
  ];
  return { nodes, initializers };
}

function node(opType: string, input: string[], output: string, attribute: OnnxAttribute[] = []): OnnxNode {
  return { opType, input, output: [output], name: output === OUTPUT ? own('output') : output, attribute };
}

function tensor(name: string, dims: number[], values: Float32Array): OnnxTensor {
  return { name: own(name), dims, dataType: FLOAT, rawData: float32Bytes(values) };
}

function int64Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
}

function setMetadata(model: OnnxModel, entries: Readonly<Record<string, string>>): void {
  const others = model.metadataProps.filter(({ key }) => !(key in entries));
  model.metadataProps = [...others, ...Object.entries(entries).map(([key, value]) => ({ key, value }))];
}
