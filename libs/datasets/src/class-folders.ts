import type { ArchiveEntry } from './archive-entry.js';
import { ArchiveImages } from './archive-images.js';
import type { LabelledImage } from './archive-layout.js';
import type { ByteSource } from './byte-source.js';
import { CLASS_COLUMN, imbalanceFinding, missingValuesFinding } from './class-findings.js';
import { shortPair } from './column-profile.js';
import type { DatasetColumn, DatasetRow, OpenedDataset, Survey } from './dataset.js';
import { FindingLog } from './finding.js';
import type { DatasetLimits } from './limits.js';
import { count, refusal } from './refusal.js';

const IMAGE_COLUMN = 'image';

/** An archive of images without a table: columns `class` and `image`, or `image` alone if no image lies in a folder. */
export class ClassFolders implements OpenedDataset {
  readonly hasTable = false;
  constructor(
    private readonly source: ByteSource,
    private readonly images: readonly LabelledImage[],
    private readonly others: readonly ArchiveEntry[],
    private readonly limits: DatasetLimits,
  ) {
    if (images.length <= limits.images) return;
    throw refusal(
      `The archive contains ${count(images.length)} images; at most ${count(limits.images)} are allowed. Split it.`,
    );
  }

  survey({ onProgress }: { signal: AbortSignal; onProgress?: (share: number) => void }): Promise<Survey> {
    const log = new FindingLog(this.limits.findingsPerKind);
    const columns = [...this.classColumn(log), this.imageColumn()];
    for (const { name } of this.others) {
      log.add({ kind: 'unused-file', row: null, column: null, file: name, message: 'the file is not an image' });
    }
    onProgress?.(1);
    const { findings, omitted } = log;
    const rowCount = this.images.length;
    return Promise.resolve({
      columns: columns.map((column, index) => ({ ...column, index })),
      rowCount,
      imageCount: rowCount,
      findings,
      omitted,
    });
  }

  private classColumn(log: FindingLog): DatasetColumn[] {
    const rowsOf = new Map<string, number>();
    for (const { label } of this.images) {
      if (label !== null) rowsOf.set(label, (rowsOf.get(label) ?? 0) + 1);
    }
    if (rowsOf.size === 0) return [];
    const missingCount = this.images.filter(({ label }) => label === null).length;
    const findings = missingValuesFinding(CLASS_COLUMN, missingCount, this.images.length);
    for (const finding of [...findings, ...imbalanceFinding(CLASS_COLUMN, rowsOf)]) log.add(finding);
    const lowInformation = rowsOf.size < 2;
    const column = { name: CLASS_COLUMN, uniqueCount: rowsOf.size, missingCount, lowInformation };
    const values = shortPair([...rowsOf.keys()]);
    return [{ index: 0, type: 'Categorical', statistics: null, ...column, ...(values && { values }) }];
  }

  private imageColumn(): DatasetColumn {
    const uniqueCount = this.images.length;
    const column = { name: IMAGE_COLUMN, uniqueCount, missingCount: 0, lowInformation: false };
    return { index: 0, type: 'Image', statistics: null, ...column };
  }

  async *rows(
    columns: readonly DatasetColumn[],
    options: { after: number; signal: AbortSignal },
  ): AsyncGenerator<DatasetRow, void, undefined> {
    const files = new ArchiveImages(this.source, this.limits);
    const column = columns.length - 1;
    for (const { number, values, entry } of this.plainRows(columns, options)) {
      const cell = await files.cell({ row: number, column, columnName: IMAGE_COLUMN }, entry);
      yield { number, values, images: [cell] };
    }
  }

  async *values(
    columns: readonly DatasetColumn[],
    options: { after: number; signal: AbortSignal },
  ): AsyncGenerator<Pick<DatasetRow, 'number' | 'values'>, void, undefined> {
    for (const { number, values } of this.plainRows(columns, options)) yield await Promise.resolve({ number, values });
  }

  private *plainRows(columns: readonly DatasetColumn[], { after, signal }: { after: number; signal: AbortSignal }) {
    for (let index = after; index < this.images.length; index++) {
      signal.throwIfAborted();
      const { entry, label } = this.images[index] as LabelledImage;
      yield { number: index + 1, values: columns.length === 1 ? [entry.name] : [label, entry.name], entry };
    }
  }
}
