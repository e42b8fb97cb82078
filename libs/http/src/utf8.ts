import { DomainError } from '@pentaprism/domain';
import { isAscii, isUtf8 } from 'node:buffer';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Returns the text of a body. Megabytes of base64 are ASCII, which is recognised and turned into a string of single bytes
 * faster than it is decoded.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function decodeUtf8(body: Buffer): string {
  if (isAscii(body)) return body.toString('latin1');
  if (!isUtf8(body)) throw new DomainError('INVALID_ARGUMENT', 'The body is not valid UTF-8.');
  return body.subarray(0, 3).equals(BYTE_ORDER_MARK) ? body.toString('utf8', 3) : body.toString('utf8');
}
