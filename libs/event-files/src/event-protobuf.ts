import protobuf from 'protobufjs';
import { limitElements } from './repeated-fields.js';

/** Values of an event. Writers put one into an event for each tag that they log at a step. */
export const MAX_VALUES = 10_000;

/** Strings in the tensors of an event, and dimensions of their shapes. Images have one string each, and two for their size. */
export const MAX_STRINGS = 100_000;

const LIMITS = new Map([
  ['value', MAX_VALUES],
  ['stringVal', MAX_STRINGS],
  ['dim', MAX_STRINGS],
]);

/**
 * The parts of an Event that images need, with the field numbers of TensorFlow's event.proto, summary.proto and
 * tensor.proto. Members of the two oneofs that are not read are bytes, since the last member of a oneof counts.
 */
const SCHEMA = `
syntax = "proto3";
package tensorboard;
message Event {
  double wall_time = 1;
  int64 step = 2;
  oneof what {
    string file_version = 3;
    bytes graph_def = 4;
    Summary summary = 5;
    bytes log_message = 6;
    SessionLog session_log = 7;
    bytes tagged_run_metadata = 8;
    bytes meta_graph_def = 9;
  }
}
message SessionLog {
  int32 status = 1;
}
message Summary {
  message Image {
    int32 height = 1;
    int32 width = 2;
    bytes encoded_image_string = 4;
  }
  message Value {
    string tag = 1;
    string node_name = 7;
    SummaryMetadata metadata = 9;
    oneof value {
      float simple_value = 2;
      bytes obsolete_old_style_histogram = 3;
      Image image = 4;
      bytes histo = 5;
      bytes audio = 6;
      TensorProto tensor = 8;
    }
  }
  repeated Value value = 1;
}
message SummaryMetadata {
  message PluginData {
    string plugin_name = 1;
    bytes content = 2;
  }
  PluginData plugin_data = 1;
  string display_name = 2;
  string summary_description = 3;
  int32 data_class = 4;
}
message TensorProto {
  int32 dtype = 1;
  TensorShapeProto tensor_shape = 2;
  repeated bytes string_val = 8;
}
message TensorShapeProto {
  message Dim {
    int64 size = 1;
  }
  repeated Dim dim = 2;
  bool unknown_rank = 3;
}
message ImagePluginData {
  int32 version = 1;
}
`;

/** Of `SessionLog.SessionStatus`. */
export const START = 1;

/** Of `DataType`: a tensor of strings. */
export const DT_STRING = 7;

/** Of `DataClass`. */
export const [DATA_CLASS_UNKNOWN, DATA_CLASS_BLOB_SEQUENCE] = [0, 3] as const;

/** Bytes as protobufjs reads them: an empty array if the field is absent. */
export type Bytes = Uint8Array | [];

export function bytesOf(read: Bytes): Uint8Array {
  return Array.isArray(read) ? new Uint8Array() : read;
}

/** A 64-bit integer as protobufjs reads it. */
interface Long {
  low: number;
  high: number;
}

export interface SummaryMetadata {
  pluginData?: { pluginName: string; content: Bytes } | null;
  displayName: string;
  summaryDescription: string;
  dataClass: number;
}

export interface StringTensor {
  dtype: number;
  tensorShape?: { dim: { size: Long }[]; unknownRank: boolean } | null;
  stringVal: Uint8Array[];
}

export interface SummaryValue {
  tag: string;
  nodeName: string;
  metadata?: SummaryMetadata | null;
  image?: { height: number; width: number; encodedImageString: Bytes } | null;
  tensor?: StringTensor | null;
}

/** An event of a log file. `wallTime` is in seconds since 1970 and may be NaN or infinite. */
export interface LoggedEvent {
  wallTime: number;
  step: bigint;
  fileVersion?: string | null;
  sessionLog?: { status: number } | null;
  summary?: { value: SummaryValue[] } | null;
}

const { root } = protobuf.parse(SCHEMA);
const Event = root.lookupType('tensorboard.Event');
const PluginContent = root.lookupType('tensorboard.ImagePluginData');
root.resolveAll();

/**
 * @throws TooManyElements for an Event above the limits
 * @throws Error for bytes that are not an Event
 */
export function decodeEvent(bytes: Uint8Array): LoggedEvent {
  limitElements(bytes, Event, LIMITS);
  const event = Event.decode(readerOf(bytes)) as unknown as LoggedEvent & { step: unknown };
  return Object.assign(event, { step: toBigInt(event.step as unknown as Long) });
}

/** Returns the bytes of an event. The opposite of {@link decodeEvent}, for tests and tools that write event files. */
export function encodeEvent(event: Record<string, unknown>): Uint8Array {
  return new Uint8Array(Event.encode(Event.fromObject(event)).finish());
}

/**
 * Returns the version that the image plugin's content claims, or undefined for bytes that are not such content.
 * Old writers gave `{}` as content, which stands for version 0.
 */
export function imagePluginVersion(content: Bytes): number | undefined {
  const bytes = Buffer.from(content);
  if (bytes.toString('latin1') === '{}') return 0;
  try {
    return (PluginContent.decode(readerOf(bytes)) as unknown as { version: number }).version;
  } catch {
    return undefined;
  }
}

/** Fields that are not in the schema would take more memory than the bytes of a message. */
function readerOf(bytes: Uint8Array): protobuf.Reader {
  return Object.assign(protobuf.Reader.create(bytes), { discardUnknown: true });
}

export function toBigInt({ low, high }: Long): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
