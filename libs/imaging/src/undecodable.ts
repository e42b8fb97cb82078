import { DomainError } from '@pentaprism/domain';

/** Why bytes are no picture here, in `details.reason`; for programs, as the message is for people. */
export type UndecodableReason =
  | 'empty'
  | 'too_large'
  /** Its header claims more pixels, or longer sides, than are decoded. */
  | 'too_many_pixels'
  | 'unknown_format'
  /** A known format in a variant that is not decoded here: JPEG of 12 bits, TIFF of complex numbers. */
  | 'unsupported'
  | 'damaged'
  /** The file ends before the image does. */
  | 'cut_off'
  | 'too_slow'
  | 'too_much_memory';

export function undecodable(reason: UndecodableReason, message: string, cause?: unknown): DomainError {
  return new DomainError('UNDECODABLE_IMAGE', message, { reason }, { cause });
}

/** @param what what the file is, in a whole sentence */
export function unsupported(what: string): DomainError {
  return undecodable('unsupported', what);
}

/**
 * Returns the error for a file that ends before its image does.
 *
 * @param part of the image that the file contains, from 0 to 1; undefined if it is not known
 */
export function cutOff(part?: number, cause?: unknown): DomainError {
  const end = part === undefined ? '' : ` (ends after ${Math.floor(part * 100)} %)`;
  return undecodable('cut_off', `The file is cut off${end}.`, cause);
}

/** One sentence for both: most decoders cannot tell a file that was cut from one that was altered. */
export function damaged(cause?: unknown): DomainError {
  return undecodable('damaged', 'The file is truncated or damaged.', cause);
}
