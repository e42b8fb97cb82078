import type { ByteSource } from './byte-source.js';

const END_SIGNATURE = Buffer.from('PK\x05\x06', 'latin1');
const END_BYTES = 22;
/** Bytes of a comment, which follows the end record. */
const MAX_COMMENT = 0xffff;

/**
 * Returns the archive behind a program or script that unpacks it, or null if the upload does not end as an archive. Offsets
 * in such an archive are counted from the start of the upload, or from that of the archive.
 */
export async function archiveBehindProgram(source: ByteSource): Promise<ByteSource | null> {
  const length = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tail = await source.read(source.size - length, length);
  for (let at = tail.length; at > 0;) {
    at = tail.lastIndexOf(END_SIGNATURE, at - 1);
    if (at === -1) return null;
    if (at + END_BYTES <= tail.length && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length) {
      const directoryEnd = source.size - tail.length + at;
      const shift = directoryEnd - tail.readUInt32LE(at + 12) - tail.readUInt32LE(at + 16);
      // Zip64 has its offsets elsewhere, and other wrong ones are refused when the directory is read.
      return shift > 0 ? behind(source, shift) : source;
    }
  }
  return null;
}

function behind(source: ByteSource, shift: number): ByteSource {
  const size = source.size - shift;
  return {
    size,
    read: (start, length) => source.read(start + shift, length),
    stream: (start = 0, end = size - 1) => source.stream(start + shift, end + shift),
  };
}
