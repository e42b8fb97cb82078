import { MAX_PNG_TEXTS } from './limits.js';
import { undecodable } from './undecodable.js';

/**
 * Looks for what makes a small PNG of a modest size costly: texts that are inflated again and again. Counted without
 * decoding anything. Of a JPEG, `checkJpeg` does the same.
 *
 * @throws DomainError UNDECODABLE_IMAGE where there are too many
 */
export function checkTextsOfPng(bytes: Uint8Array): void {
  if (textsOf(bytes) > MAX_PNG_TEXTS) {
    throw undecodable('too_large', `It has more than ${MAX_PNG_TEXTS} texts that may be compressed.`);
  }
}

/** `zTXt` and `iTXt` chunks of a PNG: each is inflated, to up to 8 MB, each time that the header is read. */
function textsOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let texts = 0;
  // Length, type, data, checksum; behind a signature of 8 bytes.
  for (let at = 8; at + 8 <= bytes.length && texts <= MAX_PNG_TEXTS; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === 'zTXt' || type === 'iTXt') texts += 1;
  }
  return texts;
}
