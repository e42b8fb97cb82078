/** Bytes of the items of one call: a message of the bus holds 1 MB. */
const MAX_PART_BYTES = 500_000;

/** Divides items into parts for calls: at most so many items, and so few bytes that they fit into a message. */
export function* partsOf<T>(items: Iterable<T>, most: number): Generator<T[], void> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (part.length > 0 && (part.length === most || bytes + size > MAX_PART_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
