import type { ArchiveEntry } from './archive-entry.js';
import { type ArchiveFiles, FileSet } from './archive-files.js';
import { imbalanceFinding, missingValuesFinding } from './class-findings.js';
import { ColumnProfile, twoValues } from './column-profile.js';
import { columnType, isLowInformation } from './column-types.js';
import type { DatasetColumn, Survey } from './dataset.js';
import { FindingLog } from './finding.js';
import type { DatasetLimits } from './limits.js';
import { count, megabytes, quoted, refusal } from './refusal.js';
import type { TableHead } from './table-rows.js';

interface SurveyedColumn {
  name: string;
  profile: ColumnProfile;
  /** Files that the column names. */
  files: FileSet;
  /** Bytes of the files, as often as they are named. */
  fileBytes: number;
}

/** Collects what the survey of a table says, row by row. */
export class TableSurvey {
  private readonly columns: SurveyedColumn[];
  private rowCount = 0;

  constructor(
    { names, decimalComma }: Pick<TableHead, 'names' | 'decimalComma'>,
    private readonly files: ArchiveFiles | null,
    private readonly limits: DatasetLimits,
  ) {
    const maxMistyped = Math.max(10, Math.floor((2 * limits.findingsPerKind) / names.length));
    this.columns = names.map((name) => ({
      name,
      profile: new ColumnProfile(name, names.length, maxMistyped, decimalComma),
      files: new FileSet(files?.files.length ?? 0),
      fileBytes: 0,
    }));
  }

  add(cells: readonly string[]): void {
    this.rowCount += 1;
    if (this.rowCount > this.limits.rows) {
      throw refusal(`The table has more than ${count(this.limits.rows)} rows; at most that are allowed. Split it.`);
    }
    for (const [index, column] of this.columns.entries()) {
      const cell = cells[index] ?? '';
      const entry = this.files?.find(cell);
      if (entry !== undefined) {
        column.files.add(entry);
        column.fileBytes += entry.size;
      }
      column.profile.add(cell, this.rowCount, entry !== undefined);
    }
  }

  /** @param table the table's own file, if it is in an archive */
  result(table: ArchiveEntry | null): Survey {
    if (this.rowCount === 0) throw refusal('The table has a header, but no rows. Upload at least one row.');
    const columns = this.columns.map((column, index) => datasetColumn(column, index));
    const images = this.columns.filter((_, index) => columns[index]?.type === 'Image');
    const imageCount = images.reduce((sum, { profile }) => sum + profile.values, 0);
    this.checkImages(imageCount, images);
    const log = new FindingLog(this.limits.findingsPerKind);
    for (const column of columns) this.addFindings(log, column);
    this.addUnusedFiles(log, images, table);
    const { findings, omitted } = log;
    return { columns, rowCount: this.rowCount, imageCount, findings, omitted };
  }

  private checkImages(imageCount: number, images: readonly SurveyedColumn[]): void {
    const { images: maxImages, addresses: maxAddresses, inflatedBytes } = this.limits;
    if (imageCount > maxImages) {
      throw refusal(`The table has ${count(imageCount)} images; at most ${count(maxImages)} are allowed. Split it.`);
    }
    const bytes = images.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
    if (bytes > inflatedBytes) {
      const most = megabytes(inflatedBytes);
      throw refusal(
        `The files that the table names have ${megabytes(bytes)} together, some several times; at most ${most} are allowed. Split it.`,
      );
    }
    const addresses = images.reduce((sum, { profile }) => sum + profile.addresses, 0);
    if (addresses > maxAddresses) {
      throw refusal(
        `The table has ${count(addresses)} addresses of images; at most ${count(maxAddresses)} are allowed. Split it, or upload the images.`,
      );
    }
  }

  private addFindings(log: FindingLog, { index, name, type, missingCount }: DatasetColumn): void {
    // Missing cells of image columns are findings of their rows.
    if (type === 'Image') return;
    for (const finding of missingValuesFinding(name, missingCount, this.rowCount)) log.add(finding);
    const profile = this.columns[index]?.profile;
    if (profile === undefined) return;
    const classes = type === 'Categorical' || type === 'Numeric' || type === 'Boolean' ? profile.classes : null;
    for (const finding of imbalanceFinding(name, classes ?? new Map())) log.add(finding);
    if (type === 'Numeric') this.addMistyped(log, name, profile);
  }

  private addMistyped(log: FindingLog, column: string, profile: ColumnProfile): void {
    for (const { row, value } of profile.mistyped) {
      log.add({ kind: 'mistyped-number', row, column, file: null, message: `${quoted(value)} is not a number` });
    }
    log.omit('mistyped-number', profile.values - profile.numbers - profile.mistyped.length);
  }

  private addUnusedFiles(log: FindingLog, images: readonly SurveyedColumn[], table: ArchiveEntry | null): void {
    for (const file of this.files?.files ?? []) {
      if (file === table || images.some(({ files }) => files.has(file))) continue;
      const message = 'no row of the table names the file';
      log.add({ kind: 'unused-file', row: null, column: null, file: file.name, message });
    }
  }
}

function datasetColumn({ name, profile }: SurveyedColumn, index: number): DatasetColumn {
  const type = columnType(name, profile);
  const values = twoValues(profile, type);
  return {
    index,
    name,
    type,
    uniqueCount: profile.unique.count,
    missingCount: profile.missing,
    ...(values && { values }),
    lowInformation: isLowInformation(type, profile),
    statistics: type === 'Numeric' ? profile.statistics.result() : null,
  };
}
