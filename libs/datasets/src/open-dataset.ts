import { readArchiveDirectory } from './archive-directory.js';
import { streamEntry } from './archive-entry.js';
import { ArchiveFiles } from './archive-files.js';
import { archiveLayout } from './archive-layout.js';
import { archiveBehindProgram } from './archive-start.js';
import { type ByteSource, ReadAhead } from './byte-source.js';
import { ClassFolders } from './class-folders.js';
import type { OpenedDataset } from './dataset.js';
import { isImage } from './image-bytes.js';
import { DATASET_LIMITS, type DatasetLimits } from './limits.js';
import { refusal } from './refusal.js';
import { TableDataset } from './table-dataset.js';
import { readTableHead, type TableBytes } from './table-rows.js';

const HEAD_BYTES = 512;

/** First bytes of an archive with files, of one without any, and of one that was made to be split. */
const ZIP = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];

/** Uploads that are mistaken for what can be read, by bytes at an offset. */
const OTHER_FORMATS: readonly (readonly [offset: number, start: string, sentence: string])[] = [
  [0, '\x1f\x8b', 'The upload is compressed by gzip. Unpack it, and upload a ZIP or CSV file.'],
  [0, '7z\xbc\xaf', 'The upload is a 7z archive. Upload a ZIP file.'],
  [0, 'Rar!\x1a', 'The upload is a RAR archive. Upload a ZIP file.'],
  [0, '\xfd7zXZ', 'The upload is compressed by xz. Upload a ZIP or CSV file.'],
  [4, '1AY&SY', 'The upload is compressed by bzip2. Upload a ZIP or CSV file.'],
  [0, '\x28\xb5\x2f\xfd', 'The upload is compressed by zstd. Upload a ZIP or CSV file.'],
  [257, 'ustar', 'The upload is a TAR archive. Upload a ZIP file.'],
  [0, 'PAR1\x15', 'The upload is a Parquet file. Upload a ZIP or CSV file.'],
  [0, '\xd0\xcf\x11\xe0', 'The upload is a document of an office program. Export the table as CSV.'],
  [0, '%PDF-', 'The upload is a PDF document. Upload a ZIP or CSV file.'],
];

/**
 * Recognises an upload by its bytes and reads how it is laid out: the directory of an archive, the header of a table.
 * Throws INVALID_ARGUMENT with one sentence if it cannot be read as a dataset, or must not be.
 */
export async function openDataset(
  source: ByteSource,
  options: { signal: AbortSignal; limits?: Partial<DatasetLimits> },
): Promise<OpenedDataset> {
  const { signal } = options;
  const limits = { ...DATASET_LIMITS, ...options.limits };
  signal.throwIfAborted();
  const head = await source.read(0, HEAD_BYTES);
  const start = head.toString('latin1');
  if (start === '') throw refusal('The upload is empty. Upload a ZIP or CSV file.');
  if (ZIP.some((signature) => start.startsWith(signature))) return openArchive(source, limits, signal);
  const other = OTHER_FORMATS.find(([offset, signature]) => start.startsWith(signature, offset));
  if (other !== undefined) throw refusal(other[2]);
  if (isImage(head)) throw refusal('The upload is a single image. Upload a ZIP file of images, or a CSV file.');
  const archive = await archiveBehindProgram(source);
  if (archive !== null) return openArchive(archive, limits, signal);
  const bytes = { size: source.size, open: () => readStream(source) };
  return new TableDataset(bytes, await readTableHead(bytes, limits), null, limits);
}

async function* readStream(source: ByteSource): AsyncGenerator<Buffer, void, undefined> {
  yield* (await source.stream()) as AsyncIterable<Buffer>;
}

async function openArchive(source: ByteSource, limits: DatasetLimits, signal: AbortSignal): Promise<OpenedDataset> {
  const files = await readArchiveDirectory(source, limits, signal);
  if (files.length === 0) throw refusal('The archive contains no files. Pack folders of images, or a CSV file.');
  const layout = await archiveLayout(new ReadAhead(source), files, signal);
  if (layout.kind === 'images') return new ClassFolders(source, layout.images, layout.others, limits);
  const { table, folder } = layout;
  const bytes: TableBytes = { size: table.size, open: () => streamEntry(source, table) };
  const archive = { source, table, files: new ArchiveFiles(files, folder, limits.entryNameLength) };
  return new TableDataset(bytes, await readTableHead(bytes, limits), archive, limits);
}
