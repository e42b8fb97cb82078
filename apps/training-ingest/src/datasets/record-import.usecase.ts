import { Injectable } from '@nestjs/common';
import type { datasetContracts, Finding, ParsedRequestOf } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, FINDING_KINDS, MAX_FINDINGS_PER_KIND, systemDate, type FindingKind } from '@pentaprism/domain';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from './dataset.repository.js';
import { DatasetRowsRepository } from './dataset-rows.repository.js';
import type { DatasetDocument } from './dataset.schema.js';

type Requests = { [Name in keyof typeof datasetContracts]: ParsedRequestOf<(typeof datasetContracts)[Name]> };
type Omitted = Partial<Record<FindingKind, number>>;

/** Records what a worker has imported, step by step, so that an import that starts again goes on with the next step. */
@Injectable()
export class RecordImport {
  constructor(
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly transactions: Transactions,
  ) {}

  async state(workspace: string, datasetId: string) {
    const dataset = await this.datasets.get(workspace, datasetId);
    const { upload, table, rowCount, importedRows, findingParts, surveyParts } = dataset;
    return { upload, surveyed: table !== null, rowCount: rowCount ?? 0, importedRows, findingParts, surveyParts };
  }

  /** Also writes the dataset, so that a deletion at the same moment conflicts with the transaction and leaves no columns. */
  async columns(workspace: string, { datasetId, columns }: Requests['recordColumns']): Promise<void> {
    await this.transactions.run(async (session) => {
      const dataset = await this.datasets.change(workspace, datasetId, { modifiedAt: systemDate() }, session);
      await this.rows.putColumns(dataset, columns, session);
    });
  }

  /** Records the first survey of a dataset. Rows without images have nothing to be imported. */
  async survey(workspace: string, { datasetId, ...survey }: Requests['recordSurvey']): Promise<void> {
    const { findingParts: surveyParts } = await this.datasets.get(workspace, datasetId);
    const importedRows = survey.hasImages ? 0 : survey.rowCount;
    const update = { $set: { ...survey, surveyParts, importedRows } };
    await this.transactions.run((session) =>
      this.datasets.advance(workspace, datasetId, { table: null }, update, session),
    );
  }

  /** Throws FAILED_PRECONDITION if the rows before have not been recorded. Recorded rows are left as they are. */
  async recordRows(workspace: string, { datasetId, after, last, images, findings }: Requests['recordRows']) {
    await this.transactions.run(async (session) => {
      const update = {
        $set: { importedRows: last, modifiedAt: systemDate() },
        $inc: { imageCount: images.length },
      };
      const before = await this.datasets.advance(workspace, datasetId, { importedRows: after }, update, session);
      if (!before) {
        const { importedRows } = await this.datasets.get(workspace, datasetId);
        if (importedRows >= last) return;
        throw new DomainError('FAILED_PRECONDITION', `Row ${importedRows + 1} has not been recorded.`);
      }
      await this.rows.addImages(before, images, session);
      await this.addFindings(before, findings, {}, session);
    });
  }

  /** Throws FAILED_PRECONDITION if the part before has not been recorded. A recorded part is left as it is. */
  async recordFindings(workspace: string, { datasetId, part, findings, omitted }: Requests['recordFindings']) {
    await this.transactions.run(async (session) => {
      const update = { $inc: { findingParts: 1 } };
      const before = await this.datasets.advance(workspace, datasetId, { findingParts: part }, update, session);
      if (before) return this.addFindings(before, findings, omitted, session);
      const { findingParts } = await this.datasets.get(workspace, datasetId);
      if (findingParts <= part)
        throw new DomainError('FAILED_PRECONDITION', `Part ${findingParts} of the findings has not been recorded.`);
    });
  }

  private async addFindings(
    dataset: DatasetDocument,
    findings: readonly Finding[],
    omitted: Omitted,
    session: ClientSession,
  ): Promise<void> {
    const counted = countFindings(dataset.findings, findings, omitted);
    await this.rows.addFindings(dataset, counted.stored, session);
    const { workspace, _id } = dataset;
    await this.datasets.change(workspace, _id.toHexString(), { findings: counted.counts }, session);
  }
}

/** Returns which findings are stored, up to `MAX_FINDINGS_PER_KIND` of each kind, and the counts with them. */
function countFindings(
  before: DatasetDocument['findings'],
  findings: readonly Finding[],
  omitted: Omitted,
): { stored: Finding[]; counts: DatasetDocument['findings'] } {
  const counts = structuredClone(before);
  const of = (kind: FindingKind) => (counts[kind] ??= { stored: 0, omitted: 0 });
  const stored = findings.filter(({ kind }) => {
    const count = of(kind);
    const fits = count.stored < MAX_FINDINGS_PER_KIND;
    if (fits) count.stored++;
    else count.omitted++;
    return fits;
  });
  for (const kind of FINDING_KINDS) if (omitted[kind]) of(kind).omitted += omitted[kind];
  return { stored, counts };
}
