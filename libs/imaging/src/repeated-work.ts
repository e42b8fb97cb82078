import { MAX_JPEG_SCANS, MAX_PNG_TEXTS } from './limits.js';
import { undecodable } from './undecodable.js';

/**
 * Looks for what makes a small picture of a modest size costly: parts that a decoder works through again and again.
 * Counted without decoding anything, 1 ms per megabyte.
 *
 * @param format as `IMAGE_FORMATS` names it
 * @throws DomainError UNDECODABLE_IMAGE where there are too many
 */
export function checkRepeatedWork(format: string, bytes: Uint8Array): void {
  if (format === 'jpeg' && scansOf(bytes) > MAX_JPEG_SCANS) {
    throw undecodable('too_large', `It has more than ${MAX_JPEG_SCANS} scans.`);
  }
  if (format === 'png' && textsOf(bytes) > MAX_PNG_TEXTS) {
    throw undecodable('too_large', `It has more than ${MAX_PNG_TEXTS} texts that may be compressed.`);
  }
}

const [START_OF_SCAN, END_OF_IMAGE] = [0xda, 0xd9];
/** Frames that are not progressive. Their scans carry every block, so that the file is as long as the work. */
const OTHER_FRAMES = [0xc0, 0xc1, 0xc3, 0xc5, 0xc7, 0xc9, 0xcb, 0xcd, 0xcf];

/** Scans of a progressive JPEG: each walks all blocks of the picture, and may take 60 bytes. 0 for other JPEGs. */
function scansOf(bytes: Uint8Array): number {
  let scans = 0;
  let at = 2;
  while (at + 4 <= bytes.length && scans <= MAX_JPEG_SCANS) {
    const marker = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || !hasLength(marker)) {
      // Coded pixels, restart markers among them; or filling.
      if (bytes[at] === 0xff && marker === END_OF_IMAGE) break;
      at += 1;
      continue;
    }
    if (OTHER_FRAMES.includes(marker)) return 0;
    if (marker === START_OF_SCAN) scans += 1;
    // At least 2: the length counts itself.
    at += 2 + Math.max(2, ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }
  return scans;
}

/** Frames, tables, scans, and what programs add (0xE0 to 0xFE): not the pixel 0xFF, restarts and fill bytes. */
function hasLength(marker: number): boolean {
  const [bare, lone] = [marker < 0xc0 || marker === 0xff, marker >= 0xd0 && marker <= END_OF_IMAGE];
  return !bare && !lone;
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
