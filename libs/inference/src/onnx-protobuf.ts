import protobuf from 'protobufjs';

/**
 * The parts of ONNX's format that are read or changed here, with the field numbers of its specification
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). All other fields are carried through as they are.
 */
const SCHEMA = `
syntax = "proto2";
package onnx;
message ModelProto {
  optional int64 ir_version = 1;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message GraphProto {
  repeated NodeProto node = 1;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  repeated int64 ints = 8;
  optional int32 type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional string name = 8;
  optional bytes raw_data = 9;
}
message ValueInfoProto {
  optional string name = 1;
  optional TypeProto type = 2;
}
message TypeProto {
  message Tensor {
    optional int32 elem_type = 1;
    optional TensorShapeProto shape = 2;
  }
  optional Tensor tensor_type = 1;
}
message TensorShapeProto {
  message Dimension {
    optional int64 dim_value = 1;
    optional string dim_param = 2;
  }
  repeated Dimension dim = 1;
}
message OperatorSetIdProto {
  optional string domain = 1;
  optional int64 version = 2;
}
message StringStringEntryProto {
  optional string key = 1;
  optional string value = 2;
}
`;

/** Of `TensorProto.DataType`. */
export const [FLOAT, UINT8, INT64, FLOAT16] = [1, 2, 7, 10] as const;

/** Of `AttributeProto.AttributeType`. */
const [FLOAT_ATTRIBUTE, INT_ATTRIBUTE, INTS_ATTRIBUTE] = [1, 2, 7] as const;

/** Integers are objects where they were read. */
export interface OnnxAttribute {
  name: string;
  type: number;
  f?: number;
  i?: unknown;
  ints?: unknown[];
}

export interface OnnxNode {
  input: string[];
  output: string[];
  name?: string;
  opType: string;
  attribute?: OnnxAttribute[];
}

export interface OnnxTensor {
  dims: number[];
  dataType: number;
  name: string;
  /** Little-endian. */
  rawData: Uint8Array;
}

/** A number, or the name of one that is known only when the model runs; objects where they were read. */
export interface OnnxDimension {
  dimValue?: unknown;
  dimParam?: string;
}

export interface OnnxValueInfo {
  name: string;
  type: { tensorType?: { elemType: number; shape?: { dim: OnnxDimension[] } } };
}

export interface OnnxGraph {
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValueInfo[];
  output: OnnxValueInfo[];
  valueInfo: OnnxValueInfo[];
}

export interface OnnxModel {
  irVersion: unknown;
  graph: OnnxGraph;
  opsetImport: { domain?: string; version: unknown }[];
  metadataProps: { key: string; value: string }[];
}

const Model = protobuf.parse(SCHEMA).root.lookupType('onnx.ModelProto');

/** @throws Error for bytes that are no ONNX model */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const reader = protobuf.Reader.create(bytes);
  // Otherwise everything that the schema above leaves out would be lost, attributes of nodes among it.
  reader.discardUnknown = false;
  const model = Model.decode(reader) as unknown as OnnxModel;
  if (!Array.isArray(model.graph?.node)) throw new Error('This is not an ONNX model: it has no graph.');
  return model;
}

export function writeOnnx(model: OnnxModel): Uint8Array {
  return new Uint8Array(Model.encode(model as unknown as protobuf.Message).finish());
}

/** Returns an attribute that is a float, an integer, or a list of integers. */
export const floatAttribute = (name: string, f: number): OnnxAttribute => ({ name, f, type: FLOAT_ATTRIBUTE });
export const intAttribute = (name: string, i: number): OnnxAttribute => ({ name, i, type: INT_ATTRIBUTE });
export const intsAttribute = (name: string, ints: number[]): OnnxAttribute => ({ name, ints, type: INTS_ATTRIBUTE });

/** Returns an integer attribute of a node, or `otherwise` where it has none of this name. */
export function intOf(node: OnnxNode, name: string, otherwise: number): number {
  const found = node.attribute?.find((attribute) => attribute.name === name);
  return found?.i === undefined || found.i === null ? otherwise : Number(found.i);
}

/** Returns a list of integers of a node, or `otherwise` where it has none of this name. */
export function intsOf(node: OnnxNode, name: string, otherwise: readonly number[]): number[] {
  const found = node.attribute?.find((attribute) => attribute.name === name);
  return found?.ints === undefined || found.ints.length === 0 ? [...otherwise] : found.ints.map(Number);
}

/** Returns the floats of a tensor in single precision, whatever precision it is kept in. */
export function floatsOf({ dataType, rawData, name }: OnnxTensor): Float32Array {
  // A copy, since nothing says that the bytes start at a multiple of four.
  const bytes = Uint8Array.from(rawData);
  if (dataType === FLOAT) return new Float32Array(bytes.buffer);
  throw new Error(`The tensor ${name} is not of float32.`);
}

/** Their inner graphs may use values of the outer one, which the search for what is needed would not see. */
const WITH_INNER_GRAPHS = new Set(['If', 'Loop', 'Scan', 'SequenceMap']);

/** Drops nodes, weights and descriptions of values that this output does not need. */
export function keepOnlyFor(output: string, { graph }: OnnxModel): void {
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
