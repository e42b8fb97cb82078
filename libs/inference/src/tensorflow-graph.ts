import { float32Bytes } from '@pentaprism/heads';

/** The parts of TensorFlow's GraphDef, written as JSON, that `tf.loadGraphModel` reads. Integers are strings there. */
interface Attribute {
  readonly type?: string;
  readonly s?: string;
  readonly b?: boolean;
  readonly shape?: object;
  readonly list?: { readonly i: readonly string[] };
  readonly tensor?: object;
}

interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

type WeightType = 'float32' | 'float16' | 'int32';

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly quantization?: { readonly dtype: 'float16'; readonly original_dtype: 'float32' };
}

const TYPES = { float32: 'DT_FLOAT', float16: 'DT_FLOAT', int32: 'DT_INT32' } as const;

/** The value of an attribute that is a text, a list of integers, or a type. */
export const textAttribute = (text: string): Attribute => ({ s: Buffer.from(text).toString('base64') });
export const listAttribute = (integers: readonly number[]): Attribute => ({ list: { i: integers.map(String) } });
export const FLOAT_TYPE: Attribute = { type: 'DT_FLOAT' };

/** Collects the nodes and the weights of a graph model of TensorFlow.js. */
export class TensorFlowGraph {
  private readonly nodes: GraphNode[] = [];
  private readonly weights: Weight[] = [];
  private readonly bytes: Uint8Array[] = [];

  /** Adds an input of single-precision floats. @param shape -1: of any size */
  placeholder(name: string, shape: readonly number[]): string {
    return this.add(name, 'Placeholder', [], { dtype: FLOAT_TYPE, shape: { shape: shapeOf(shape) } });
  }

  node(name: string, op: string, input: readonly string[], attr: Readonly<Record<string, Attribute>> = {}): string {
    return this.add(name, op, input, { T: FLOAT_TYPE, ...attr });
  }

  floats(name: string, shape: readonly number[], values: Float32Array): string {
    return this.constant(name, shape, 'float32', float32Bytes(values));
  }

  /** Adds half-precision floats (IEEE 754 binary16, little-endian) that are computed with in single precision. */
  halves(name: string, shape: readonly number[], values: Uint16Array): string {
    return this.constant(name, shape, 'float16', new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  integers(name: string, values: readonly number[]): string {
    return this.constant(name, [values.length], 'int32', new Uint8Array(Int32Array.from(values).buffer));
  }

  /** Returns the file `model.json` as an object, and the file `weights.bin`. */
  finish(
    input: { readonly name: string; readonly shape: readonly number[] },
    output: { readonly name: string; readonly shape: readonly number[] },
    metadata: object,
  ): { model: object; weights: Uint8Array } {
    const described = ({ name, shape }: typeof input) => ({
      [name]: { name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf(shape) },
    });
    const model = {
      format: 'graph-model',
      generatedBy: 'Pentaprism',
      convertedBy: null,
      modelTopology: { node: this.nodes, library: {}, versions: { producer: 27 } },
      signature: { inputs: described(input), outputs: described(output) },
      userDefinedMetadata: metadata,
      weightsManifest: [{ paths: ['weights.bin'], weights: this.weights }],
    };
    return { model, weights: new Uint8Array(Buffer.concat(this.bytes)) };
  }

  private constant(name: string, shape: readonly number[], kind: WeightType, bytes: Uint8Array): string {
    const dtype = kind === 'int32' ? 'int32' : 'float32';
    const quantization = { dtype: 'float16', original_dtype: 'float32' } as const;
    this.weights.push({ name, shape, dtype, ...(kind === 'float16' ? { quantization } : {}) });
    this.bytes.push(bytes);
    const type: Attribute = { type: TYPES[kind] };
    return this.add(name, 'Const', [], {
      dtype: type,
      value: { tensor: { dtype: type.type, tensorShape: shapeOf(shape) } },
    });
  }

  private add(name: string, op: string, input: readonly string[], attr: GraphNode['attr']): string {
    this.nodes.push({ name, op, ...(input.length > 0 ? { input } : {}), attr });
    return name;
  }
}

function shapeOf(sizes: readonly number[]) {
  return { dim: sizes.map((size) => ({ size: String(size) })) };
}
