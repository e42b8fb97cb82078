import type { ArchiveEntry } from './archive-entry.js';

/** Looks up the files that cells of a table name. */
export class ArchiveFiles {
  private readonly exact = new Map<string, ArchiveEntry>();
  /** By name in one case and normal form. Null where several names differ in these only. */
  private readonly folded = new Map<string, ArchiveEntry | null>();

  /**
   * @param files where names are equal, the last one counts, as for programs that unpack
   * @param folder the table's, which names are relative to: empty, or ends with `/`
   */
  constructor(
    readonly files: readonly ArchiveEntry[],
    private readonly folder: string,
    private readonly maxNameLength: number,
  ) {
    for (const file of files) this.exact.set(file.name, file);
    for (const file of this.exact.values()) {
      const name = folded(file.name);
      this.folded.set(name, this.folded.has(name) ? null : file);
    }
  }

  /** Returns the file that a cell names, relative to the table or to the archive: `images/0.png`, `.\images\0.png`. */
  find(cell: string): ArchiveEntry | undefined {
    if (cell.length > this.maxNameLength + 2 || cell.includes('\n')) return undefined;
    return this.byName(cell) ?? this.byName(normalised(cell));
  }

  private byName(name: string): ArchiveEntry | undefined {
    if (name === '') return undefined;
    const inFolder = this.folder + name;
    return (
      this.exact.get(inFolder) ??
      this.exact.get(name) ??
      this.folded.get(folded(inFolder)) ??
      this.folded.get(folded(name)) ??
      undefined
    );
  }
}

function normalised(cell: string): string {
  return cell
    .trim()
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
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
