export interface ImageSize {
  width: number;
  height: number;
}

/** Where each format has its size. BMP's height is negative if its first row is the top one. */
const HEADERS: { magic: string; bytes: number; size: (view: DataView) => ImageSize }[] = [
  {
    magic: '\x89PNG\r\n\x1a\n',
    bytes: 24,
    size: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  },
  { magic: 'GIF8', bytes: 10, size: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }) },
  {
    magic: 'BM',
    bytes: 26,
    size: (view) => ({ width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) }),
  },
];

/**
 * Returns the size in pixels that the header of a PNG, GIF or BMP declares, and 0 × 0 for anything else.
 * Nothing is decoded, so the size may differ from that of the pixels.
 */
export function sizeInHeader(image: Uint8Array): ImageSize {
  const start = Buffer.from(image.buffer, image.byteOffset, Math.min(image.byteLength, 26));
  const format = HEADERS.find(
    ({ magic, bytes }) => start.length >= bytes && start.toString('latin1').startsWith(magic),
  );
  if (format === undefined) return { width: 0, height: 0 };
  return format.size(new DataView(start.buffer, start.byteOffset, start.byteLength));
}

/** Returns the sizes that a writer declared as decimal text, or those of the header if either is not such a number. */
export function declaredSize(width: Uint8Array, height: Uint8Array, image: Uint8Array | undefined): ImageSize {
  const [declaredWidth, declaredHeight] = [wholeNumber(width), wholeNumber(height)];
  if (declaredWidth !== undefined && declaredHeight !== undefined) {
    return { width: declaredWidth, height: declaredHeight };
  }
  return image === undefined ? { width: 0, height: 0 } : sizeInHeader(image);
}

function wholeNumber(text: Uint8Array): number | undefined {
  // Ten digits hold each width that fits into the 32 bits of the older format.
  if (text.length === 0 || text.length > 10) return undefined;
  const decimal = Buffer.from(text).toString('latin1');
  return /^\d+$/.test(decimal) ? Number(decimal) : undefined;
}
