import type { ArchiveEntry } from './archive-entry.js';
import { hasImageExtension } from './image-bytes.js';

/** Looks up the files that cells of a table name. */
export class ArchiveFiles {
  private readonly exact = new Map<string, ArchiveEntry>();
  /** By name in one case and normal form. Null where several names differ in these only. */
  private readonly foldedFolder: string;
  private readonly folded = new Map<string, ArchiveEntry | null>();
  /** The same by the last part of names. Made when the first cell needs it. */
  private lastParts: Map<string, ArchiveEntry | null> | null = null;

  /**
   * @param files where names are equal, the last one counts, as for programs that unpack
   * @param folder the table's, which names are relative to: empty, or ends with `/`
   */
  constructor(
    readonly files: readonly ArchiveEntry[],
    private readonly folder: string,
    private readonly maxNameLength: number,
  ) {
    this.foldedFolder = folded(folder);
    for (const file of files) this.exact.set(file.name, file);
    for (const file of this.exact.values()) addOnly(this.folded, folded(file.name), file);
  }

  /**
   * Returns the file that a cell names, relative to the table or to the archive: `images/0.png`, `.\images\0.png`. The name of an
   * image without a folder is that of a file in any folder, if there is only one.
   */
  find(cell: string): ArchiveEntry | undefined {
    if (cell.length > this.maxNameLength + 2 || cell.includes('\n')) return undefined;
    const name = normalised(cell);
    if (name === '') return undefined;
    return this.exactly(cell) ?? this.exactly(name) ?? this.byFold(folded(name)) ?? this.byLastPart(name);
  }

  private exactly(name: string): ArchiveEntry | undefined {
    const file = this.exact.get(this.folder + name);
    return file === undefined && this.folder !== '' ? this.exact.get(name) : file;
  }

  private byLastPart(name: string): ArchiveEntry | undefined {
    if (name.includes('/') || !hasImageExtension(name)) return undefined;
    this.lastParts ??= this.byLastParts();
    return this.lastParts.get(folded(name)) ?? undefined;
  }

  private byLastParts(): Map<string, ArchiveEntry | null> {
    const found = new Map<string, ArchiveEntry | null>();
    for (const file of this.exact.values())
      addOnly(found, folded(file.name.slice(file.name.lastIndexOf('/') + 1)), file);
    return found;
  }

  private byFold(name: string): ArchiveEntry | undefined {
    return this.folded.get(this.foldedFolder + name) ?? this.folded.get(name) ?? undefined;
  }
}

/** Characters that names in the directory do not begin with, or do not have in their middle. */
const UNUSUAL = /[\\\s]|\/\.?\/|^\.?\//;

function normalised(cell: string): string {
  if (!UNUSUAL.test(cell)) return cell;
  return cell
    .trim()
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** Adds a file by its name, or null if there is another one of this name. */
function addOnly(files: Map<string, ArchiveEntry | null>, name: string, file: ArchiveEntry): void {
  files.set(name, files.has(name) ? null : file);
}

/** A set of files, with one bit for each. */
export class FileSet {
  private bits = new Uint8Array(0);

  constructor(private readonly size: number) {}

  add({ index }: ArchiveEntry): void {
    if (this.bits.length === 0) this.bits = new Uint8Array(Math.ceil(this.size / 8));
    this.bits[index >> 3] = (this.bits[index >> 3] ?? 0) | (1 << (index & 7));
  }

  has({ index }: ArchiveEntry): boolean {
    return ((this.bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }
}
