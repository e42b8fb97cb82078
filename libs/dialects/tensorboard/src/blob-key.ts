import { DomainError } from '@pentaprism/domain';

const PREFIX = 'blob_key=';
const ID_BYTES = 12;
const KEY_BYTES = ID_BYTES + 2;

/** One image of an event. */
export interface ImageKey {
  /** An ObjectId in hexadecimal digits. */
  readonly eventId: string;
  readonly sample: number;
}

/** Returns the query of an image, which the frontend sends back with parameters of its own. */
export function queryOf({ eventId, sample }: ImageKey): string {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.write(eventId, 'hex');
  bytes.writeUInt16BE(sample, ID_BYTES);
  return PREFIX + bytes.toString('base64url');
}

/**
 * Returns the image that a key names. A key has one spelling.
 * @throws DomainError INVALID_ARGUMENT
 */
export function imageKeyOf(text: string | undefined): ImageKey {
  const bytes = Buffer.from(text ?? '', 'base64url');
  if (text === undefined || bytes.length !== KEY_BYTES || bytes.toString('base64url') !== text)
    throw new DomainError('INVALID_ARGUMENT', 'Invalid run, tag, index, or sample');
  return { eventId: bytes.toString('hex', 0, ID_BYTES), sample: bytes.readUInt16BE(ID_BYTES) };
}
