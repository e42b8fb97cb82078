/**
 * UUIDs for APIs that show them: the 12 bytes of an ObjectId and a kind, in a UUIDv8 (RFC 9562). Nothing is looked up to
 * go either way.
 *
 * Layout: 6 bytes of the id; `8` and 12 bits of the kind; the variant `8` and 12 bits of zeros; 6 bytes of the id.
 */
const PATTERN = /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8000-([0-9a-f]{12})$/;
const ANY_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @param kind tells UUIDs of one ObjectId apart that stand for different things; 0 to 4095 */
export function toUuid(objectId: string, kind = 0): string {
  const [a, b, c] = [objectId.slice(0, 8), objectId.slice(8, 12), objectId.slice(12)];
  return `${a}-${b}-8${kind.toString(16).padStart(3, '0')}-8000-${c}`;
}

/** The ObjectId inside, of a UUID in any case; undefined for any other UUID, which stands for nothing here. */
export function fromUuid(uuid: string, kind = 0): string | undefined {
  const match = PATTERN.exec(uuid.toLowerCase());
  if (!match || parseInt(match[3] as string, 16) !== kind) return undefined;
  return `${match[1]}${match[2]}${match[4]}`;
}

/** Whether it looks like a UUID of any version, in any case. */
export function isUuid(text: string): boolean {
  return ANY_UUID.test(text);
}
