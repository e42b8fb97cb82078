import { DomainError } from '@pentaprism/domain';
import { type Entry, fromRandomAccessReaderPromise, type ZipFile } from 'yauzl';
import type { ArchiveEntry } from './archive-entry.js';
import { decodeEntryName, isArchiveName, isHidden, safeEntryName } from './archive-names.js';
import { type ByteSource, ReadAhead } from './byte-source.js';
import { DirectoryReader } from './directory-reader.js';
import type { DatasetLimits } from './limits.js';
import { count, megabytes, quoted, refusal } from './refusal.js';

const STORED = 0;
const DEFLATED = 8;
/** Encryption of the entry, strong encryption, and encryption of the directory. */
const ENCRYPTED_FLAGS = 0x2041;
/** Bits of a Unix mode that hold the type of a file. */
const FILE_TYPE = 0xf000;
const REGULAR_FILE = 0x8000;
const FOLDER = 0x4000;
const LOCAL_HEADER_BYTES = 30;
const DIRECTORY_SIGNATURE = 0x02014b50;
const ENTRIES_BETWEEN_CHECKS = 1_000;

/**
 * Reads the central directory of an archive and returns its files in order, without hidden ones.
 * Throws INVALID_ARGUMENT if any entry, hidden or not, makes the archive unsafe. Inflates nothing.
 */
export async function readArchiveDirectory(
  source: ByteSource,
  limits: DatasetLimits,
  signal: AbortSignal,
): Promise<ArchiveEntry[]> {
  const reader = new DirectoryReader(new ReadAhead(source));
  try {
    const zip = await fromRandomAccessReaderPromise(reader, source.size, {
      decodeStrings: false,
      autoClose: false,
      validateEntrySizes: false,
    });
    if (zip.entryCount > limits.entries) {
      throw refusal(
        `The archive contains ${count(zip.entryCount)} entries; at most ${count(limits.entries)} are allowed. Split it.`,
      );
    }
    return await readEntries(zip, reader, limits, signal);
  } catch (error) {
    if (DomainError.is(error) || reader.failed(error) || signal.aborted) throw error;
    throw damagedDirectory(error);
  }
}

function damagedDirectory(error: unknown): DomainError {
  const message = String((error as Error).message);
  if (message.startsWith('strong encryption')) {
    return refusal('The archive is encrypted. Pack the files without a password.', error);
  }
  return message.startsWith('End of central directory')
    ? refusal('The archive is cut off: its directory, which is at the end, is missing. Upload it again.', error)
    : refusal('The directory of the archive is damaged. Pack the files again.', error);
}

async function readEntries(
  zip: ZipFile,
  reader: DirectoryReader,
  limits: DatasetLimits,
  signal: AbortSignal,
): Promise<ArchiveEntry[]> {
  const all: ArchiveEntry[] = [];
  const files: ArchiveEntry[] = [];
  reader.startDirectory();
  for await (const record of zip.eachEntry()) {
    if (all.length % ENTRIES_BETWEEN_CHECKS === 0) signal.throwIfAborted();
    const name = checkedName(record, limits);
    const entry = archiveEntry(record, name, files.length);
    all.push(entry);
    if (isFolder(record) || name === '' || isHidden(name)) continue;
    checkFile(record, entry, limits);
    files.push(entry);
  }
  checkSize(files, limits);
  if (all.length > 0) await checkLayout(all, reader);
  return files;
}

function checkSize(files: ArchiveEntry[], limits: DatasetLimits): void {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size <= limits.inflatedBytes) return;
  throw refusal(
    `The files in the archive have ${megabytes(size)} together; at most ${megabytes(limits.inflatedBytes)} are allowed. Split it.`,
  );
}

/** Checks what applies to folders and hidden files, too, and returns the entry's name in its safe form. */
function checkedName(record: Entry, limits: DatasetLimits): string {
  const name = decodeEntryName(record);
  const safe = safeEntryName(name, limits.entryNameLength);
  const type = (record.externalFileAttributes >>> 16) & FILE_TYPE;
  if (type !== 0 && type !== REGULAR_FILE && type !== FOLDER) {
    throw refusal(`${quoted(name)} in the archive is a link or a device. Pack the files themselves.`);
  }
  if ((record.generalPurposeBitFlag & ENCRYPTED_FLAGS) !== 0) {
    throw refusal(`${quoted(name)} in the archive is encrypted. Pack the files without a password.`);
  }
  return safe;
}

function isFolder(record: Entry): boolean {
  return (
    /[/\\]$/.test(record.fileNameRaw.toString('latin1')) ||
    ((record.externalFileAttributes >>> 16) & FILE_TYPE) === FOLDER
  );
}

function checkFile(record: Entry, { name, size, compressedSize }: ArchiveEntry, limits: DatasetLimits): void {
  const method = record.compressionMethod;
  if (method !== STORED && method !== DEFLATED) {
    throw refusal(
      `${quoted(name)} is compressed by method ${method}, which is not supported. Pack the files with Deflate.`,
    );
  }
  if (isArchiveName(name)) {
    throw refusal(`The archive contains another archive, ${quoted(name)}. Unpack it first.`);
  }
  if (size > limits.freeInflatedBytes && size > compressedSize * limits.inflationRatio) {
    const ratio = compressedSize === 0 ? 'infinitely many' : count(Math.floor(size / compressedSize));
    throw refusal(
      `${quoted(name)} in the archive inflates to ${ratio} times its size; at most ${limits.inflationRatio} times are allowed. Leave it out.`,
    );
  }
}

function archiveEntry(record: Entry, name: string, index: number): ArchiveEntry {
  return {
    index,
    name,
    start: record.relativeOffsetOfLocalHeader,
    limit: 0,
    headerBytes: LOCAL_HEADER_BYTES + record.fileNameLength + record.extraFieldLength,
    compressedSize: record.compressedSize,
    size: record.uncompressedSize,
    checksum: record.crc32,
    deflated: record.compressionMethod === DEFLATED,
  };
}

/** Throws INVALID_ARGUMENT if entries overlap each other or the directory. Sets where each entry must have ended. */
async function checkLayout(entries: ArchiveEntry[], reader: DirectoryReader): Promise<void> {
  const sorted = entries.toSorted((one, other) => one.start - other.start);
  for (const [index, entry] of sorted.entries()) {
    entry.limit = sorted[index + 1]?.start ?? reader.directoryStart;
    if (entry.start + LOCAL_HEADER_BYTES + entry.compressedSize > entry.limit) {
      throw refusal(`${quoted(entry.name)} overlaps another part of the archive. Pack the files again.`);
    }
  }
  if (await reader.isFollowedBy(DIRECTORY_SIGNATURE)) {
    throw refusal('The archive contains more entries than its directory declares. Pack the files again.');
  }
}
