import { type ArchiveEntry, readEntry } from './archive-entry.js';
import { type ByteSource, ReadAhead } from './byte-source.js';
import type { Finding, ImageCell } from './dataset.js';
import { isImage, notAnImage } from './image-bytes.js';
import type { DatasetLimits } from './limits.js';
import { megabytes, quoted, refusal } from './refusal.js';

/** Where a cell is, for its finding. */
export interface CellPlace {
  row: number;
  column: number;
  columnName: string;
}

type Problem = Pick<Finding, 'kind' | 'message'>;

/** Bytes of files that are kept between their check and `open`. Files that have been dropped are read again. */
const KEPT_BYTES = 32 * 1024 ** 2;

/** Files of an archive as cells of image columns. One instance reads the rows of one pass. */
export class ArchiveImages {
  private readonly source: ByteSource;
  /** Null for files without a problem. A table may name a file in many rows, which is checked once. */
  private readonly checked = new Map<number, Problem | null>();
  /** Files that have been checked last, oldest first. */
  private readonly kept = new Map<number, Buffer>();
  private keptBytes = 0;

  constructor(
    source: ByteSource,
    private readonly limits: DatasetLimits,
  ) {
    this.source = new ReadAhead(source);
  }

  /** Returns the cell of a file after all its bytes have been checked. */
  async cell(place: CellPlace, entry: ArchiveEntry): Promise<ImageCell> {
    const known = this.checked.get(entry.index);
    const problem = known === undefined ? await this.check(entry) : known;
    this.checked.set(entry.index, problem);
    const { column, columnName, row } = place;
    if (problem !== null) {
      return { kind: 'none', column, finding: { ...problem, row, column: columnName, file: entry.name } };
    }
    return { kind: 'bytes', column, name: entry.name, size: entry.size, open: () => this.open(entry) };
  }

  private async check(entry: ArchiveEntry): Promise<Problem | null> {
    if (entry.size === 0) return { kind: 'empty-file', message: 'the file is empty' };
    // More compressed bytes than inflated ones would be read into memory, too.
    const size = Math.max(entry.size, entry.compressedSize);
    if (size > this.limits.imageBytes) {
      const most = megabytes(this.limits.imageBytes);
      return { kind: 'too-large', message: `the file has ${megabytes(size)}; at most ${most} are read` };
    }
    const content = await readEntry(this.source, entry);
    if ('problem' in content) return { kind: 'unreadable', message: content.problem };
    if (!isImage(content.bytes)) return { kind: 'not-an-image', message: notAnImage(content.bytes) };
    this.keep(entry, content.bytes);
    return null;
  }

  private keep(entry: ArchiveEntry, bytes: Buffer): void {
    if (bytes.length > KEPT_BYTES) return;
    // A stored file is a part of what was read ahead, which would be kept with it.
    this.kept.set(entry.index, entry.deflated ? bytes : Buffer.from(bytes));
    this.keptBytes += bytes.length;
    for (const [index, oldest] of this.kept) {
      if (this.keptBytes <= KEPT_BYTES) return;
      this.kept.delete(index);
      this.keptBytes -= oldest.length;
    }
  }

  private async open(entry: ArchiveEntry): Promise<Buffer> {
    const kept = this.kept.get(entry.index);
    if (kept !== undefined) return kept;
    const content = await readEntry(this.source, entry);
    if ('problem' in content) throw refusal(`${quoted(entry.name)}: ${content.problem}. Upload the archive again.`);
    return content.bytes;
  }
}
