const MAJOR_BRAND = 8;

/**
 * An AVIF sequence, whose first frame is a picture of its own, as a still one. libvips goes by the major brand, and does not
 * know that of sequences.
 */
export function asAvif(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.toString('latin1', MAJOR_BRAND, MAJOR_BRAND + 4) !== 'avis') return bytes;
  const copy = Buffer.from(file);
  copy.write('avif', MAJOR_BRAND, 'latin1');
  return copy;
}
