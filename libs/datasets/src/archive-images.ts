import { type ArchiveEntry, readEntry } from './archive-entry.js';
import { type ByteSource, ReadAhead } from './byte-source.js';
import type { Finding, ImageCell } from './dataset.js';
import { isImage, notAnImage } from './image-bytes.js';
import type { DatasetLimits } from './limits.js';
import { megabytes, refusal } from './refusal.js';

/** Where a cell is, for its finding. */
export interface CellPlace {
  row: number;
  column: number;
  columnName: string;
}

type Problem = Pick<Finding, 'kind' | 'message'>;

/** Bytes of files of one row that are kept for `open`. Larger files are read again. */
const KEPT_BYTES_PER_ROW = 32 * 1024 ** 2;

/** Files of an archive as cells of image columns. One instance reads the rows of one pass. */
export class ArchiveImages {
  private readonly source: ByteSource;
  /** Null for files without a problem. A table may name a file in many rows, which is checked once. */
  private readonly checked = new Map<number, Problem | null>();
  private inflatedBytes = 0;
  private row = 0;
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
    const { problem, bytes } = known === undefined ? await this.check(entry) : { problem: known, bytes: null };
    this.checked.set(entry.index, problem);
    const { column, columnName, row } = place;
    if (problem !== null) {
      return { kind: 'none', column, finding: { ...problem, row, column: columnName, file: entry.name } };
    }
    const kept = bytes !== null && this.keep(row, bytes) ? bytes : null;
    const open = () => (kept === null ? this.open(entry) : Promise.resolve(kept));
    return { kind: 'bytes', column, name: entry.name, size: entry.size, open };
  }

  private keep(row: number, bytes: Buffer): boolean {
    if (this.row !== row) this.keptBytes = 0;
    this.row = row;
    if (this.keptBytes + bytes.length > KEPT_BYTES_PER_ROW) return false;
    this.keptBytes += bytes.length;
    return true;
  }

  private async check(entry: ArchiveEntry): Promise<{ problem: Problem | null; bytes: Buffer | null }> {
    if (entry.size === 0) return { problem: { kind: 'empty-file', message: 'the file is empty' }, bytes: null };
    // More compressed bytes than inflated ones would be read into memory, too.
    const size = Math.max(entry.size, entry.compressedSize);
    if (size > this.limits.imageBytes) {
      const message = `the file has ${megabytes(size)}; at most ${megabytes(this.limits.imageBytes)} are read`;
      return { problem: { kind: 'too-large', message }, bytes: null };
    }
    const content = await this.read(entry);
    if ('problem' in content) return { problem: { kind: 'unreadable', message: content.problem }, bytes: null };
    if (isImage(content.bytes)) return { problem: null, bytes: content.bytes };
    return { problem: { kind: 'not-an-image', message: notAnImage(content.bytes) }, bytes: null };
  }

  private async open(entry: ArchiveEntry): Promise<Buffer> {
    const content = await this.read(entry);
    if ('problem' in content) throw refusal(`${entry.name}: ${content.problem}.`);
    return content.bytes;
  }

  private read(entry: ArchiveEntry) {
    this.inflatedBytes += entry.size;
    if (this.inflatedBytes > this.limits.inflatedBytes) {
      const most = megabytes(this.limits.inflatedBytes);
      throw refusal(`The images that the rows name have more than ${most} together. Split the dataset.`);
    }
    return readEntry(this.source, entry);
  }
}
