import { open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';

/** Bytes of the archive. That of TensorBoard 2.21 has 4.4 MB. */
const MAX_ARCHIVE_BYTES = 64 * 1024 ** 2;
/** Entries, with folders. That of TensorBoard 2.21 has 94. */
const MAX_ENTRIES = 2_000;
/** Bytes of all files together, uncompressed. Those of TensorBoard 2.21 have 15 MB. */
const MAX_INFLATED_BYTES = 256 * 1024 ** 2;

const STORED = 0;
const DEFLATED = 8;
/** The method DEFLATE, no flags, no time, an unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

const zip = promisify<Buffer, Buffer>(gzip);
const unzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** Limits of an archive; smaller ones in tests. */
export interface WebArchiveLimits {
  readonly archiveBytes: number;
  readonly entries: number;
  readonly inflatedBytes: number;
}

const LIMITS: WebArchiveLimits = {
  archiveBytes: MAX_ARCHIVE_BYTES,
  entries: MAX_ENTRIES,
  inflatedBytes: MAX_INFLATED_BYTES,
};

/** A file of an archive, compressed with gzip. */
export class WebFile {
  constructor(
    readonly gzip: Buffer,
    private readonly size: number,
  ) {}

  /** Returns the bytes of the file. */
  inflated(): Promise<Buffer> {
    // One byte more, because zlib takes no limit of 0.
    return unzip(this.gzip, { maxOutputLength: this.size + 1 });
  }
}

/** Says that a file is not an archive of web files, or a damaged or too large one. */
export class UnfitArchive extends Error {}

/**
 * Reads an archive and checks every file in it. The files are inflated in the thread pool, and what the archive has
 * compressed stays as it is in memory: a gzip file is a header, the same compressed bytes, and their checksum.
 *
 * @returns files by name; undefined if there is no file at the path, or an empty one
 * @throws UnfitArchive; errors of the file system
 */
export async function readWebArchive(path: string, limits = LIMITS): Promise<ReadonlyMap<string, WebFile> | undefined> {
  const bytes = await readBounded(path, limits.archiveBytes);
  if (bytes.length === 0) return undefined;
  try {
    const archive = await fromBufferPromise(bytes, { strictFileNames: true });
    if (archive.entryCount > limits.entries) throw new UnfitArchive(`it has ${archive.entryCount} entries`);
    return await readFiles(archive, bytes, limits);
  } catch (error) {
    throw error instanceof UnfitArchive ? error : new UnfitArchive((error as Error).message, { cause: error });
  }
}

/** Containers mount an empty device or folder where the operator has named no file. */
async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (!status?.isFile()) return Buffer.alloc(0);
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new UnfitArchive(`it has ${size} bytes, more than ${maxBytes}`);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readFiles(archive: ZipFile, bytes: Buffer, limits: WebArchiveLimits): Promise<Map<string, WebFile>> {
  const files = new Map<string, WebFile>();
  let inflatedBytes = 0;
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue;
    inflatedBytes += entry.uncompressedSize;
    if (inflatedBytes > limits.inflatedBytes)
      throw new UnfitArchive(`its files have more than ${limits.inflatedBytes} bytes`);
    files.set(entry.fileName, await readFile(archive, entry, bytes));
  }
  return files;
}

async function readFile(archive: ZipFile, entry: Entry, bytes: Buffer): Promise<WebFile> {
  const { compressionMethod: method, compressedSize, uncompressedSize, crc32, fileName } = entry;
  if (entry.isEncrypted() || (method !== STORED && method !== DEFLATED))
    throw new UnfitArchive(`${fileName} is encrypted, or compressed by another method than Deflate`);
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true });
  const data = bytes.subarray(fileDataStart, fileDataStart + compressedSize);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32, 0);
  trailer.writeUInt32LE(uncompressedSize, 4);
  const compressed = method === STORED ? await zip(data) : Buffer.concat([GZIP_HEADER, data, trailer]);
  const file = new WebFile(compressed, uncompressedSize);
  const inflated = await file.inflated().catch(() => undefined);
  // A stored file has a checksum of its own compression only.
  const isWhole =
    inflated?.length === uncompressedSize &&
    (method === DEFLATED || compressed.readUInt32LE(compressed.length - 8) === crc32);
  if (!isWhole) throw new UnfitArchive(`${fileName} is damaged`);
  return file;
}
