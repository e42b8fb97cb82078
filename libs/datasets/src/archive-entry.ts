import { promisify } from 'node:util';
import { constants, crc32, createInflateRaw, inflateRaw, inflateRawSync } from 'node:zlib';
import { DomainError } from '@pentaprism/domain';
import type { ByteSource } from './byte-source.js';
import { quoted, refusal } from './refusal.js';

/** A file in an archive, as the central directory describes it. Local headers only say where the data start. */
export interface ArchiveEntry {
  /** Position among the files of the archive. */
  index: number;
  /** Safe: relative, with `/` between its parts. */
  name: string;
  /** Offset of the local header. */
  start: number;
  /** Offset of the first byte that is not part of this entry. */
  limit: number;
  /** Expected bytes of the local header. The real one may differ in its extra fields. */
  headerBytes: number;
  compressedSize: number;
  size: number;
  /** CRC-32 of the inflated bytes. */
  checksum: number;
  deflated: boolean;
}

/** The bytes of a file, or what is wrong with it. */
export type EntryContent = { bytes: Buffer } | { problem: string };

const LOCAL_HEADER_BYTES = 30;
const LOCAL_SIGNATURE = 0x04034b50;
/** Extra fields of a local header that the directory does not have, such as times: read together with the data. */
const EXTRA_BYTES = 64;
const INFLATE_CHUNK = 256 * 1024;

const DAMAGED_HEADER = 'the archive is damaged at this file';

const inflate = promisify<Buffer, object, Buffer>(inflateRaw);

/** Reads a whole file and checks its size and checksum. Inflates at most the size that the directory declares. */
export async function readEntry(source: ByteSource, entry: ArchiveEntry): Promise<EntryContent> {
  const data = await readCompressed(source, entry);
  if (data === null) return { problem: DAMAGED_HEADER };
  const content = entry.deflated ? await inflated(data, entry.size) : { bytes: data };
  if ('problem' in content) return content;
  if (content.bytes.length !== entry.size) {
    return {
      problem: `the file has ${content.bytes.length} bytes instead of ${entry.size}, so the archive is damaged`,
    };
  }
  return crc32(content.bytes) === entry.checksum ? content : { problem: 'the checksum of the file is wrong' };
}

/** Reads header and data at once in most cases. Returns null if the data would lie outside of the entry. */
async function readCompressed(source: ByteSource, entry: ArchiveEntry): Promise<Buffer | null> {
  const length = Math.min(entry.limit - entry.start, entry.headerBytes + EXTRA_BYTES + entry.compressedSize);
  const bytes = await source.read(entry.start, length);
  const dataStart = dataStartOf(bytes, entry);
  if (dataStart === null) return null;
  const data = bytes.subarray(dataStart, dataStart + entry.compressedSize);
  if (data.length === entry.compressedSize) return data;
  const rest = await source.read(entry.start + dataStart + data.length, entry.compressedSize - data.length);
  return Buffer.concat([data, rest]);
}

function dataStartOf(header: Buffer, entry: ArchiveEntry): number | null {
  if (header.length < LOCAL_HEADER_BYTES || header.readUInt32LE() !== LOCAL_SIGNATURE) return null;
  const dataStart = LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  return entry.start + dataStart + entry.compressedSize > entry.limit ? null : dataStart;
}

async function inflated(data: Buffer, size: number): Promise<EntryContent> {
  try {
    const chunkSize = Math.min(INFLATE_CHUNK, Math.max(1024, size));
    return { bytes: await inflate(data, { maxOutputLength: Math.max(1, size), chunkSize }) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      return { problem: 'the file inflates to more bytes than the archive declares' };
    return { problem: 'the compressed data of the file are damaged' };
  }
}

/** Reads the first bytes of a file without its checksum, or null if they are damaged. */
export async function readEntryHead(source: ByteSource, entry: ArchiveEntry, length: number): Promise<Buffer | null> {
  const bytes = await source.read(
    entry.start,
    Math.min(entry.limit - entry.start, entry.headerBytes + EXTRA_BYTES + length),
  );
  const dataStart = dataStartOf(bytes, entry);
  if (dataStart === null) return null;
  const wanted = Math.min(length, entry.compressedSize);
  let data = bytes.subarray(dataStart, dataStart + wanted);
  if (data.length < wanted) data = await source.read(entry.start + dataStart, wanted);
  return entry.deflated ? inflatedHead(data, length) : data;
}

/** Inflates what there is of a beginning. One byte of Deflate makes 1,032 at most, so that the result is small. */
function inflatedHead(data: Buffer, length: number): Buffer | null {
  try {
    return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, length);
  } catch {
    return null;
  }
}

/** Yields the bytes of a file of any size. Throws INVALID_ARGUMENT where they are damaged or more than declared. */
export async function* streamEntry(source: ByteSource, entry: ArchiveEntry): AsyncGenerator<Buffer, void, undefined> {
  const header = await source.read(entry.start, LOCAL_HEADER_BYTES);
  const dataStart = dataStartOf(header, entry);
  if (dataStart === null) throw damaged(entry);
  let size = 0;
  let checksum = 0;
  for await (const chunk of inflatedChunks(source, entry, entry.start + dataStart)) {
    size += chunk.length;
    if (size > entry.size) throw damaged(entry);
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (size !== entry.size || checksum !== entry.checksum) throw damaged(entry);
}

async function* inflatedChunks(source: ByteSource, entry: ArchiveEntry, start: number): AsyncGenerator<Buffer> {
  if (entry.compressedSize === 0) return;
  const stored = await source.stream(start, start + entry.compressedSize - 1);
  if (!entry.deflated) return yield* stored as AsyncIterable<Buffer>;
  const inflater = createInflateRaw({ chunkSize: INFLATE_CHUNK });
  let readError: unknown;
  stored.once('error', (error) => {
    readError = error;
    inflater.destroy(error);
  });
  try {
    yield* stored.pipe(inflater) as AsyncIterable<Buffer>;
  } catch (error) {
    if (error === readError || DomainError.is(error)) throw error;
    throw damaged(entry);
  } finally {
    stored.destroy();
    inflater.destroy();
  }
}

function damaged({ name }: ArchiveEntry): DomainError {
  return refusal(`${quoted(name)} in the archive is damaged. Pack and upload it again.`);
}
