import { Injectable } from '@nestjs/common';
import { fitting, largestText } from '@pentaprism/bus';
import type {
  Dataset,
  datasetContracts,
  Finding,
  FindingCounts,
  ParsedRequestOf,
  ResponseOf,
} from '@pentaprism/contracts';
import { FINDING_KINDS, findingNumber, systemDate, type FindingKind } from '@pentaprism/domain';
import { DatasetRepository } from './dataset.repository.js';
import { DatasetRowsRepository } from './dataset-rows.repository.js';
import { toDataset, type DatasetDocument } from './dataset.schema.js';
import { TendDatasets } from './tend-datasets.usecase.js';

type Requests = { [Name in keyof typeof datasetContracts]: ParsedRequestOf<(typeof datasetContracts)[Name]> };
type Page = Pick<Requests['findings'], 'offset' | 'limit'>;
type FindingLines = ResponseOf<typeof datasetContracts.findings>;
type Range = [rank: number, offset: number, limit: number];

/** Findings that are stored, by kind, in the order of rows. */
export interface FindingSource {
  readonly counts: FindingCounts;
  find(...range: Range): Promise<Omit<Finding, 'kind'>[]>;
}

/** Reads datasets, changes their names and categories, and deletes them. */
@Injectable()
export class ManageDatasets {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly tending: TendDatasets,
  ) {}

  async get(workspace: string, id: string): Promise<Dataset> {
    return toDataset(await this.datasets.get(workspace, id));
  }

  async list(workspace: string, request: Requests['list']) {
    const { datasets, total } = await this.datasets.list(workspace, request);
    return { datasets: fitting(datasets.map(toDataset), largestDataset), total };
  }

  async update(workspace: string, { datasetId, name, categories }: Requests['update']): Promise<Dataset> {
    const set = {
      ...(name === undefined ? {} : { name }),
      ...(categories === undefined ? {} : { categories }),
      modifiedAt: systemDate(),
    };
    return toDataset(await this.datasets.change(workspace, datasetId, set));
  }

  /** Throws NOT_FOUND. A removal that fails here is completed by a later round. */
  async delete(workspace: string, id: string): Promise<void> {
    const dataset = await this.datasets.get(workspace, id);
    await this.datasets.markDeleted(workspace, dataset._id);
    // The job of a dataset that is ready may still make a project of it, which keeps the dataset.
    if (dataset.state === 'importing') await this.tending.abortImport(dataset).catch(() => undefined);
  }

  async columns(workspace: string, { datasetId, ...page }: Requests['columns']) {
    return this.columnsOf(await this.datasets.get(workspace, datasetId), page);
  }

  async columnsOf(dataset: DatasetDocument, { offset, limit }: Page) {
    const [columns, total] = await Promise.all([
      this.rows.findColumns(dataset, offset, limit),
      this.rows.countColumns(dataset),
    ]);
    return { columns, total };
  }

  async images(workspace: string, { datasetId, after, limit }: Requests['images']) {
    const dataset = await this.datasets.get(workspace, datasetId);
    return { images: await this.rows.findImages(dataset, after, limit) };
  }

  async findings(workspace: string, { datasetId, ...page }: Requests['findings']): Promise<FindingLines> {
    return this.findingsOf(await this.datasets.get(workspace, datasetId), page);
  }

  /**
   * Returns a page of the log, in which each kind is followed by the number of its findings that are not stored.
   *
   * @param more findings that are listed after those of the dataset of the same kind
   */
  async findingsOf(dataset: DatasetDocument, { offset, limit }: Page, more?: FindingSource): Promise<FindingLines> {
    const sources = [
      {
        counts: dataset.findings,
        find: (...range: Range) => this.rows.findFindings(dataset, ...range),
      },
      ...(more ? [more] : []),
    ];
    const findings: FindingLines['findings'] = [];
    let skip = offset;
    let total = 0;
    for (const kind of FINDING_KINDS) {
      const omitted = sources.reduce((sum, { counts }) => sum + (counts[kind]?.omitted ?? 0), 0);
      for (const source of sources) {
        const stored = source.counts[kind]?.stored ?? 0;
        findings.push(...(await linesOf(source, kind, skip, Math.min(limit - findings.length, stored - skip))));
        total += stored;
        skip = Math.max(0, skip - stored);
      }
      if (omitted === 0) continue;
      if (skip === 0 && findings.length < limit) findings.push(omittedLine(kind, omitted));
      total += 1;
      skip = Math.max(0, skip - 1);
    }
    return { findings: fitting(findings, largestFinding), total };
  }
}

async function linesOf(
  { find }: FindingSource,
  kind: FindingKind,
  skip: number,
  count: number,
): Promise<FindingLines['findings']> {
  const found = count > 0 ? await find(findingNumber(kind), skip, count) : [];
  return found.map(({ row, column, file, message }) => ({ kind, row, column, file, message }));
}

function omittedLine(kind: FindingKind, omitted: number): FindingLines['findings'][number] {
  const message = `${omitted} more findings of this kind`;
  return { kind, row: null, column: null, file: null, message, omitted };
}

/** Returns the bytes of a dataset in an answer at most. */
function largestDataset({ name, fileName, createdBy, categories }: Dataset): number {
  const texts = [name, fileName, createdBy, ...categories];
  return texts.reduce((sum, text) => sum + 10 + largestText(text), 1000);
}

/** Returns the bytes of a finding in an answer at most. */
function largestFinding({ column, file, message }: FindingLines['findings'][number]): number {
  return 200 + largestText(column ?? '') + largestText(file ?? '') + largestText(message);
}
