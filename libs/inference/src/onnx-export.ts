import { embeddingSizeOf, float32Bytes, type Head } from '@pentaprism/heads';
import { FLOAT, readOnnx, writeOnnx, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx-protobuf.js';

export interface OnnxExport {
  /** An ONNX model with an output `embedding`, see `openOnnxBackbone`. */
  readonly backbone: Uint8Array;
  readonly head: Head;
  /** One per tag. */
  readonly labels: readonly string[];
  /** Of the model, for people. */
  readonly name: string;
}

const EMBEDDING = 'embedding';
const PROBABILITIES = 'probabilities';
/** Of the names that come in, so that they cannot meet one of the backbone's. */
const PREFIX = 'pentaprism.head.';
/** From 13 on, softmax works along the last axis by itself. */
const MIN_OPSET = 13;
/** Their inner graphs may use values of the outer one, which the search for what is needed would not see. */
const WITH_INNER_GRAPHS = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/**
 * One self-contained ONNX model: backbone, normalisation to length 1, head. Its inputs are the backbone's, its one output
 * is `probabilities` (float32, batch × tags). What only other outputs of the backbone needed is left out.
 *
 * `metadata_props` has `name`, `kind` and `labels` (a JSON array, in the order of the tags).
 *
 * @throws RangeError where labels or embedding have another number than the head; Error for another kind of backbone
 */
export function exportOnnx({ backbone, head, labels, name }: OnnxExport): Uint8Array {
  const tags = head.bias.length;
  if (labels.length !== tags) throw new RangeError(`${tags} tags have ${labels.length} labels.`);
  const model = readOnnx(backbone);
  const embedding = checkedEmbedding(model, embeddingSizeOf(head));
  keepOnlyFor(EMBEDDING, model);
  const { nodes, initializers } = headGraph(head);
  model.graph.node.push(...nodes);
  model.graph.initializer.push(...initializers);
  const batch = embedding[0] ?? { dimParam: 'batch' };
  const shape = { dim: [batch, { dimValue: tags }] };
  model.graph.output = [{ name: PROBABILITIES, type: { tensorType: { elemType: FLOAT, shape } } }];
  setMetadata(model, { name, kind: head.kind, labels: JSON.stringify(labels) });
  return writeOnnx(model);
}

/** The dimensions of the embedding. */
function checkedEmbedding(model: OnnxModel, size: number) {
  const opset = model.opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx');
  if (opset === undefined || Number(opset.version) < MIN_OPSET) {
    throw new Error(`The backbone has to use ONNX's operator set ${MIN_OPSET} or a later one.`);
  }
  const output = model.graph.output.find(({ name }) => name === EMBEDDING);
  if (output === undefined) throw new Error(`The backbone has no output "${EMBEDDING}".`);
  const dimensions = output.type.tensorType?.shape?.dim ?? [];
  const found = Number(dimensions[1]?.dimValue);
  if (found !== size) throw new RangeError(`The head is for embeddings of ${size} numbers, the backbone has ${found}.`);
  return dimensions;
}

/** Drops nodes, weights and descriptions of values that this output does not need. */
function keepOnlyFor(output: string, { graph }: OnnxModel): void {
  if (graph.node.some(({ opType }) => WITH_INNER_GRAPHS.has(opType))) return;
  const needed = new Set([output]);
  // From the end, since nodes stand behind those whose values they use.
  for (const node of graph.node.toReversed()) {
    if (node.output.some((value) => needed.has(value))) node.input.forEach((value) => needed.add(value));
  }
  graph.node = graph.node.filter((node) => node.output.some((value) => needed.has(value)));
  graph.initializer = graph.initializer.filter(({ name }) => needed.has(name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => needed.has(name));
}

/**
 * x / max(‖x‖, ε), weights, softmax or sigmoid. The length by a product with ones, from operators that every runtime and
 * converter has: not all know LpNormalization, and the attributes of ReduceL2 became inputs in operator set 18.
 */
function headGraph(head: Head): { nodes: OnnxNode[]; initializers: OnnxTensor[] } {
  const [size, tags] = [embeddingSizeOf(head), head.bias.length];
  const initializers = [
    tensor('ones', [size, 1], new Float32Array(size).fill(1)),
    tensor('epsilon', [], Float32Array.of(1e-12)),
    tensor('weights', [size, tags], head.weights),
    tensor('bias', [tags], head.bias),
  ];
  const own = (value: string) => PREFIX + value;
  const nodes = [
    node('Mul', [EMBEDDING, EMBEDDING], own('squares')),
    node('MatMul', [own('squares'), own('ones')], own('sum')),
    node('Sqrt', [own('sum')], own('length')),
    node('Max', [own('length'), own('epsilon')], own('divisor')),
    node('Div', [EMBEDDING, own('divisor')], own('normalised')),
    node('Gemm', [own('normalised'), own('weights'), own('bias')], own('scores')),
    node(head.kind === 'multiclass' ? 'Softmax' : 'Sigmoid', [own('scores')], PROBABILITIES),
  ];
  return { nodes, initializers };
}

function node(opType: string, input: string[], output: string): OnnxNode {
  return { opType, input, output: [output], name: output === PROBABILITIES ? PREFIX + output : output };
}

function tensor(name: string, dims: number[], values: Float32Array): OnnxTensor {
  return { name: PREFIX + name, dims, dataType: FLOAT, rawData: float32Bytes(values) };
}

function setMetadata(model: OnnxModel, entries: Readonly<Record<string, string>>): void {
  const others = model.metadataProps.filter(({ key }) => !(key in entries));
  model.metadataProps = [...others, ...Object.entries(entries).map(([key, value]) => ({ key, value }))];
}
