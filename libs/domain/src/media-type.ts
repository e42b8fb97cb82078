/** Bytes that `sniffMediaType` looks at: callers need not keep more of a stream's beginning. */
export const SNIFF_LENGTH = 32;

/** What is stored and served when the bytes are none of the known image types. */
export const UNKNOWN_MEDIA_TYPE = 'application/octet-stream';

const MAGIC: readonly (readonly [mediaType: string, start: string])[] = [
  ['image/png', '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', '\xff\xd8\xff'],
  ['image/gif', 'GIF87a'],
  ['image/gif', 'GIF89a'],
  ['image/tiff', 'II*\0'],
  ['image/tiff', 'MM\0*'],
  // BigTIFF
  ['image/tiff', 'II+\0'],
  ['image/tiff', 'MM\0+'],
];

/**
 * The media type of an image by its first bytes, never by its name or by what a client said.
 * Source of the signatures: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern, TIFF 6.0 and AVIF 1.1,
 * and netpbm's description of PPM and PGM.
 *
 * @param head at least `SNIFF_LENGTH` bytes, or all there are
 * @returns `application/octet-stream` for everything else
 */
export function sniffMediaType(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, SNIFF_LENGTH));
  const known = MAGIC.find(([, start]) => text.startsWith(start));
  if (known !== undefined) return known[0];
  if (text.startsWith('RIFF') && text.startsWith('WEBPVP', 8)) return 'image/webp';
  if (isBitmap(text)) return 'image/bmp';
  if (isAvif(text)) return 'image/avif';
  const portable = PORTABLE_MAPS.find(([, starts]) => starts.includes(text.slice(0, 2)));
  if (portable !== undefined && isPortableMap(text)) return portable[0];
  return UNKNOWN_MEDIA_TYPE;
}

const PORTABLE_MAPS: readonly (readonly [mediaType: string, starts: readonly string[]])[] = [
  ['image/x-portable-pixmap', ['P3', 'P6']],
  ['image/x-portable-graymap', ['P2', 'P5']],
];

/**
 * Returns whether width, height and the greatest sample follow, with blanks and comments between them. A head that ends before
 * counts, too, because a comment may be longer than `SNIFF_LENGTH`.
 */
function isPortableMap(text: string): boolean {
  const header = text.slice(2).replaceAll(/#[^\r\n]*/g, ' ');
  return /^[\t-\r ]+(?:(?:\d+[\t-\r ]+){2}\d+[\t-\r ]|(?:\d+[\t-\r ]+){0,2}\d*$)/.test(header);
}

/** Two letters would match much text: the header that follows has one of few lengths. */
function isBitmap(text: string): boolean {
  return text.startsWith('BM') && [12, 16, 40, 52, 56, 64, 108, 124].includes(text.charCodeAt(14));
}

/** An ISO file whose major or first compatible brands say AVIF, as a still or as a sequence. */
function isAvif(text: string): boolean {
  if (!text.startsWith('ftyp', 4)) return false;
  const end = Math.min(text.length, text.charCodeAt(2) * 256 + text.charCodeAt(3));
  for (let at = 8; at + 4 <= end; at += 4) {
    // After the major brand come four bytes of its version.
    if (at !== 12 && (text.startsWith('avif', at) || text.startsWith('avis', at))) return true;
  }
  return false;
}
