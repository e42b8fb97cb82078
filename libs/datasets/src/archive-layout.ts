import { type ArchiveEntry, readEntryHead } from './archive-entry.js';
import type { ByteSource } from './byte-source.js';
import { extensionOf, hasImageExtension, isImage } from './image-bytes.js';
import { quoted, refusal } from './refusal.js';

/** An image of an archive without a table. `label` is null for an image beside the class folders. */
export interface LabelledImage {
  entry: ArchiveEntry;
  label: string | null;
}

export type ArchiveLayout =
  | { kind: 'table'; table: ArchiveEntry; /** Folder of the table: empty, or ends with `/`. */ folder: string }
  | { kind: 'images'; images: LabelledImage[]; others: ArchiveEntry[] };

/** Bytes that `isImage` needs. */
const HEAD_BYTES = 64;
const TABLE_EXTENSIONS = new Set(['csv', 'tsv']);
/** File at the root of every document of Office, which is a zip, too. */
const OFFICE_FILE = '[Content_Types].xml';

/**
 * Decides what the files of an archive are: a table with files that it may name, if a CSV or TSV is at the root, and
 * otherwise images in class folders. The root is the innermost folder that contains all images and tables.
 */
export async function archiveLayout(
  source: ByteSource,
  files: readonly ArchiveEntry[],
  signal: AbortSignal,
): Promise<ArchiveLayout> {
  if (files.some(({ name }) => name === OFFICE_FILE)) {
    throw refusal('The upload is a document of an office program. Export the table as CSV.');
  }
  const tables = files.filter(({ name }) => TABLE_EXTENSIONS.has(extensionOf(name)));
  const named = files.filter(({ name }) => hasImageExtension(name));
  const root = commonFolders([...tables, ...named].map(foldersOf), 0);
  const [table, ...more] = tables.filter((file) => foldersOf(file).length === root);
  if (table !== undefined && more.length > 0) {
    const names = [table, ...more].slice(0, 5).map(({ name }) => quoted(name));
    throw refusal(`The archive has ${more.length + 1} tables at its root: ${names.join(', ')}. Leave one of them.`);
  }
  if (table !== undefined)
    return { kind: 'table', table, folder: table.name.slice(0, table.name.lastIndexOf('/') + 1) };
  return imagesLayout(source, files, signal);
}

async function imagesLayout(
  source: ByteSource,
  files: readonly ArchiveEntry[],
  signal: AbortSignal,
): Promise<ArchiveLayout> {
  const images: ArchiveEntry[] = [];
  const others: ArchiveEntry[] = [];
  for (const file of files) {
    const image = hasImageExtension(file.name) || (await beginsAsImage(source, file, signal));
    (image ? images : others).push(file);
  }
  if (images.length === 0) {
    throw refusal(
      'The archive contains neither images nor a table at its root. Pack folders of images, or a CSV file.',
    );
  }
  const folders = images.map(foldersOf);
  const wrappers = commonFolders(folders, 1);
  const labelled = images.map((entry, index) => ({
    entry,
    label: folders[index]?.[wrappers]?.normalize('NFC') ?? null,
  }));
  return { kind: 'images', images: labelled, others };
}

async function beginsAsImage(source: ByteSource, file: ArchiveEntry, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const head = file.size === 0 ? null : await readEntryHead(source, file, HEAD_BYTES);
  return head !== null && isImage(head);
}

function foldersOf({ name }: ArchiveEntry): string[] {
  return name.split('/').slice(0, -1);
}

/** Returns how many leading folders all paths share, if at least `kept` other folders are left in each of them. */
function commonFolders(paths: readonly string[][], kept: number): number {
  const [first] = paths;
  if (first === undefined) return 0;
  let common = Math.max(0, first.length - kept);
  for (const path of paths) {
    common = Math.min(common, Math.max(0, path.length - kept));
    const differs = first.findIndex((folder, index) => index < common && folder !== path[index]);
    if (differs !== -1) common = differs;
  }
  return common;
}
