/** The formats that TensorBoard names, by their first bytes. */
const FORMATS: readonly (readonly [magic: string, mediaType: string])[] = [
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['BM', 'image/bmp'],
];
const MAGIC_BYTES = 8;

/**
 * Returns the media type of an image by its first bytes, or `application/octet-stream` for anything else. Nothing else is
 * recognised, because formats such as SVG can hold scripts.
 */
export function imageMediaType(image: Uint8Array): string {
  const start = Buffer.from(image.buffer, image.byteOffset, Math.min(image.length, MAGIC_BYTES)).toString('latin1');
  return FORMATS.find(([magic]) => start.startsWith(magic))?.[1] ?? 'application/octet-stream';
}
