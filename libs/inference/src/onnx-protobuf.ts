import protobuf from 'protobufjs';

/**
 * The parts of ONNX's format that are read or changed here, with the field numbers of its specification
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). All other fields are carried through as they are.
 */
const SCHEMA = `
syntax = "proto2";
package onnx;
message ModelProto {
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message GraphProto {
  repeated NodeProto node = 1;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto output = 12;
  repeated ValueInfoProto value_info = 13;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
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

/** `TensorProto.DataType.FLOAT` */
export const FLOAT = 1;

export interface OnnxNode {
  input: string[];
  output: string[];
  name?: string;
  opType: string;
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

export interface OnnxModel {
  graph: { node: OnnxNode[]; initializer: OnnxTensor[]; output: OnnxValueInfo[]; valueInfo: OnnxValueInfo[] };
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
