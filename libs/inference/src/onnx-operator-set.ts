import { FLOAT, floatAttribute, floatsOf, type OnnxModel, type OnnxNode } from './onnx-protobuf.js';

/** Operators that mean the same in operator set 7, which runtimes of ONNX 1.2 know. */
const SAME_IN_7: ReadonlySet<string> = new Set([
  'Add',
  'Cast',
  'Conv',
  'Div',
  'Flatten',
  'Gather',
  'Gemm',
  'GlobalAveragePool',
  'MatMul',
  'Mul',
  'Relu',
  'Sigmoid',
  // Its axis, which is the last one later on, is 1 by default: the same for batch × tags.
  'Softmax',
  'Sqrt',
  'Sub',
  'Transpose',
]);
/** The format version of ONNX 1.2. */
const IR_VERSION = 3;

/**
 * Rewrites a model for operator set 7, in place.
 * @throws Error where it has an operator that would mean something else there
 */
export function toOperatorSet7(model: OnnxModel): void {
  const { graph } = model;
  graph.node = graph.node.map((node) => (node.opType === 'Clip' ? withBounds(node, model) : node));
  const other = graph.node.find(({ opType }) => !SAME_IN_7.has(opType) && opType !== 'Clip');
  if (other) throw new Error(`The operator ${other.opType} cannot be written for operator set 7.`);
  const used = new Set(graph.node.flatMap(({ input }) => input));
  graph.initializer = graph.initializer.filter(({ name }) => used.has(name));
  model.irVersion = IR_VERSION;
  model.opsetImport = [{ domain: '', version: 7 }];
  // Before format version 4, whatever has a first value is an input that may be replaced.
  const weights = graph.initializer.map(({ name, dims, dataType }) => {
    const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
    return { name, type: { tensorType: { elemType: dataType, shape } } };
  });
  graph.input = [...graph.input, ...weights];
}

/** The bounds of Clip became inputs in operator set 11. */
function withBounds(node: OnnxNode, { graph }: OnnxModel): OnnxNode {
  const [input = '', ...bounds] = node.input;
  const attribute = bounds.flatMap((name, i) => {
    if (name === '') return [];
    const tensor = graph.initializer.find((each) => each.name === name);
    if (tensor?.dataType !== FLOAT) throw new Error(`The bounds of ${node.name ?? 'Clip'} are not constant.`);
    return [floatAttribute(i === 0 ? 'min' : 'max', floatsOf(tensor)[0] ?? NaN)];
  });
  return { ...node, input: [input], attribute };
}
