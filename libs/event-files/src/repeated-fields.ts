import protobuf from 'protobufjs';

/** Wire types of protobuf that end here or lead into a message. */
const LENGTH_DELIMITED = 2;

/** Thrown for a message that has more elements of a repeated field than it may have. */
export class TooManyElements extends Error {
  constructor(
    /** The name of the field in the schema. */
    readonly field: string,
    readonly most: number,
  ) {
    super(`The field ${field} has more than ${String(most)} elements.`);
  }
}

/**
 * Counts the elements of repeated fields in a message without decoding it, in all messages within it together. An element of
 * two bytes takes some 70 bytes when it is decoded, so that a message of modest length could fill the memory.
 *
 * @param limits by the name of the field in the schema
 * @throws TooManyElements at the first element above a limit
 * @throws Error for bytes that are not such a message
 */
export function limitElements(bytes: Uint8Array, type: protobuf.Type, limits: ReadonlyMap<string, number>): void {
  const reader = protobuf.Reader.create(bytes);
  const room = new Map(limits);
  const walk = (message: protobuf.Type, end: number): void => {
    while (reader.pos < end) {
      const tag = reader.uint32();
      const wireType = tag & 7;
      const field = wireType === LENGTH_DELIMITED ? message.fieldsById[tag >>> 3] : undefined;
      if (field?.repeated) take(field.name);
      const { resolvedType } = field ?? {};
      if (resolvedType instanceof protobuf.Type) {
        const length = reader.uint32();
        walk(resolvedType, reader.pos + length);
      } else {
        reader.skipType(wireType);
      }
    }
  };
  const take = (field: string): void => {
    const left = (room.get(field) ?? 0) - 1;
    if (left < 0) throw new TooManyElements(field, limits.get(field) ?? 0);
    room.set(field, left);
  };
  walk(type, bytes.length);
}
