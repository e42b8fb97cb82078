import {
  FLOAT,
  FLOAT16,
  floatsOf,
  intOf,
  intsOf,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-protobuf.js';
import { listAttribute, textAttribute, type TensorFlowGraph } from './tensorflow-graph.js';

/** Weights in the precision that the file keeps them in. */
type Values = Float32Array | Uint16Array;

const CHANNELS_LAST = textAttribute('NHWC');

/**
 * Writes the nodes of a convolutional network in ONNX as nodes of TensorFlow. Its values are batch × channels × height × width
 * in ONNX and batch × height × width × channels in TensorFlow, where runtimes are fastest with it; so the transposition behind
 * the input disappears, and weights are transposed instead.
 */
export class OnnxToTensorFlow {
  private readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** Names of values in ONNX → names of nodes in TensorFlow. */
  private readonly names = new Map<string, string>();
  /** Names of values that are weights in another type → their weights. */
  private readonly casts = new Map<string, OnnxTensor>();

  constructor(
    { initializer }: OnnxGraph,
    private readonly graph: TensorFlowGraph,
  ) {
    this.tensors = new Map(initializer.map((tensor) => [tensor.name, tensor]));
  }

  /** Makes a node of TensorFlow, batch × height × width × channels, the value of this name in ONNX. */
  bind(value: string, node: string): void {
    this.names.set(value, node);
  }

  /** Returns the node that has a value of ONNX. @throws Error where none has */
  nodeOf(value: string): string {
    const node = this.names.get(value);
    if (node === undefined) throw new Error(`The value ${value} has no node.`);
    return node;
  }

  /** @throws Error for an operator, or for a use of one, that cannot be written in TensorFlow */
  convert(node: OnnxNode): void {
    const [input = ''] = node.input;
    switch (node.opType) {
      case 'Cast':
        return this.cast(node, input);
      case 'Transpose':
        if (intsOf(node, 'perm', []).join() !== '0,3,1,2') throw unsupported(node);
        return this.alias(node, input);
      case 'Add':
        return this.binary(node, 'AddV2');
      case 'Sub':
        return this.binary(node, 'Sub');
      case 'Mul':
        return this.binary(node, 'Mul');
      case 'Div':
        return this.binary(node, 'RealDiv');
      case 'Relu':
        return this.unary(node, 'Relu');
      case 'Clip':
        return this.clip(node);
      case 'Conv':
        return this.convolution(node);
      case 'GlobalAveragePool':
        return this.mean(node, input);
      case 'Flatten':
        // What came out of the pooling has no height and width any more.
        if (intOf(node, 'axis', 1) !== 1) throw unsupported(node);
        return this.alias(node, input);
      default:
        throw unsupported(node);
    }
  }

  private cast(node: OnnxNode, input: string): void {
    const tensor = this.tensors.get(input);
    if (intOf(node, 'to', 0) !== FLOAT) throw unsupported(node);
    if (tensor) this.casts.set(outputOf(node), tensor);
    else this.alias(node, input);
  }

  private alias(node: OnnxNode, input: string): void {
    this.bind(outputOf(node), this.nodeOf(input));
  }

  private unary(node: OnnxNode, op: string): void {
    this.emit(node, op, [this.nodeOf(node.input[0] ?? '')]);
  }

  private binary(node: OnnxNode, op: string): void {
    this.emit(
      node,
      op,
      node.input.map((value) => this.operand(node, value)),
    );
  }

  /** A value, or a weight that is one number: other shapes would have to be transposed. */
  private operand(node: OnnxNode, value: string): string {
    const tensor = this.tensors.get(value);
    if (!tensor) return this.nodeOf(value);
    const values = floatsOf(tensor);
    if (values.length !== 1) throw unsupported(node);
    return this.graph.floats(`${outputOf(node)}/${value}`, [], values);
  }

  private clip(node: OnnxNode): void {
    const [input = '', ...bounds] = node.input;
    const [low, high] = bounds.map((value) => this.tensors.get(value)).map((tensor) => tensor && floatsOf(tensor)[0]);
    if (low !== 0 || (high !== 6 && high !== undefined)) throw unsupported(node);
    this.emit(node, high === 6 ? 'Relu6' : 'Relu', [this.nodeOf(input)]);
  }

  private mean(node: OnnxNode, input: string): void {
    const axes = this.graph.integers(`${outputOf(node)}/axes`, [1, 2]);
    this.emit(node, 'Mean', [this.nodeOf(input), axes], { keep_dims: { b: false } });
  }

  private convolution(node: OnnxNode): void {
    const [input = '', weight = '', bias] = node.input;
    const { dims, values } = this.weightsOf(node, weight);
    const [out = 0, perGroup = 0, height = 0, width = 0] = dims.map(Number);
    const groups = intOf(node, 'group', 1);
    const dilations = intsOf(node, 'dilations', [1, 1]);
    const depthwise = groups > 1;
    if (dims.length !== 4 || dilations.some((each) => each !== 1) || (depthwise && perGroup !== 1))
      throw unsupported(node);
    const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(node, 'pads', [0, 0, 0, 0]);
    const [down = 1, across = 1] = intsOf(node, 'strides', [1, 1]);
    // height × width × in × out; of depthwise ones height × width × in × multiplier.
    const shape = depthwise ? [height, width, groups, out / groups] : [height, width, perGroup, out];
    const name = outputOf(node);
    const kernel = this.constant(`${name}/kernel`, shape, transposed(values, out, perGroup, height * width));
    const filtered = this.graph.node(
      bias ? `${name}/filtered` : name,
      depthwise ? 'DepthwiseConv2dNative' : 'Conv2D',
      [this.nodeOf(input), kernel],
      {
        strides: listAttribute([1, down, across, 1]),
        dilations: listAttribute([1, 1, 1, 1]),
        padding: textAttribute('EXPLICIT'),
        explicit_paddings: listAttribute([0, 0, top, bottom, left, right, 0, 0]),
        data_format: CHANNELS_LAST,
      },
    );
    if (bias) {
      const { values: offsets } = this.weightsOf(node, bias);
      const added = this.constant(`${name}/bias`, [out], offsets);
      this.graph.node(name, 'BiasAdd', [filtered, added], { data_format: CHANNELS_LAST });
    }
    this.bind(name, name);
  }

  private weightsOf(node: OnnxNode, value: string): { dims: readonly unknown[]; values: Values } {
    const tensor = this.casts.get(value) ?? this.tensors.get(value);
    if (!tensor) throw unsupported(node);
    if (tensor.dataType !== FLOAT16) return { dims: tensor.dims, values: floatsOf(tensor) };
    return { dims: tensor.dims, values: new Uint16Array(Uint8Array.from(tensor.rawData).buffer) };
  }

  private constant(name: string, shape: readonly number[], values: Values): string {
    if (values instanceof Float32Array) return this.graph.floats(name, shape, values);
    return this.graph.halves(name, shape, values);
  }

  private emit(node: OnnxNode, op: string, input: string[], attr: Parameters<TensorFlowGraph['node']>[3] = {}): void {
    const name = outputOf(node);
    this.bind(name, this.graph.node(name, op, input, attr));
  }
}

/**
 * out × in × area → area × in × out. A depthwise kernel has one channel in; its area × 1 × out is in memory what
 * area × in × multiplier is, since the outputs of one channel stand together.
 */
function transposed<T extends Values>(values: T, out: number, perGroup: number, area: number): T {
  const result = values.slice() as T;
  for (let o = 0, from = 0; o < out; o++) {
    for (let i = 0; i < perGroup; i++) {
      for (let at = 0; at < area; at++) result[(at * perGroup + i) * out + o] = values[from++] as number;
    }
  }
  return result;
}

function outputOf({ output: [name = ''] }: OnnxNode): string {
  return name;
}

function unsupported({ opType, name = '' }: OnnxNode): Error {
  return new Error(`The operator ${opType} (${name}) of the backbone cannot be written for TensorFlow.js.`);
}
