import { Injectable } from '@nestjs/common';
import type { Modeling, modelingContracts, ParsedRequestOf, Target } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import type { DatasetDocument } from '../datasets/dataset.schema.js';
import { ManageDatasets, type FindingSource } from '../datasets/manage-datasets.usecase.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { LIVE_IMAGE_COLUMN, LiveTables } from './live-tables.js';
import { TargetRepository } from './target.repository.js';

type Requests = { [Name in keyof typeof modelingContracts]: ParsedRequestOf<(typeof modelingContracts)[Name]> };

/** Describes projects as tables. */
@Injectable()
export class ManageModelings {
  constructor(
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly tables: ManageDatasets,
    private readonly live: LiveTables,
    private readonly targets: TargetRepository,
  ) {}

  async describe(workspace: string, { projectIds }: Requests['describe']): Promise<{ modelings: Modeling[] }> {
    const found = await this.modelings.findMany(workspace, projectIds);
    const datasets = await this.datasets.findKept(
      workspace,
      found.map(({ dataset }) => dataset),
    );
    const datasetById = new Map(datasets.map((dataset) => [dataset._id.toHexString(), dataset]));
    const modelingById = new Map(found.map((modeling) => [modeling._id.toHexString(), modeling]));
    return {
      modelings: projectIds.map((projectId) => {
        const modeling = modelingById.get(projectId);
        const dataset = modeling && datasetById.get(modeling.dataset.toHexString());
        return modeling && dataset ? toModeling(modeling, dataset) : liveModeling(projectId);
      }),
    };
  }

  /** Throws NOT_FOUND; FAILED_PRECONDITION for a project without a hold-out. */
  async update(workspace: string, { projectId, holdoutUnlocked }: Requests['update']): Promise<Modeling> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      await this.live.columns(projectId);
      throw new DomainError('FAILED_PRECONDITION', 'A project has no hold-out before it has a target.');
    }
    const changed =
      holdoutUnlocked === undefined
        ? modeling
        : await this.modelings.change(workspace, modeling._id, { holdoutUnlocked });
    return toModeling(changed ?? modeling, await this.datasets.getKept(workspace, modeling.dataset));
  }

  async ofDataset(workspace: string, { datasetId, ...page }: Requests['ofDataset']) {
    const { _id } = await this.datasets.get(workspace, datasetId);
    return this.modelings.ofDataset(workspace, _id, page);
  }

  /** Throws NOT_FOUND. */
  async columns(workspace: string, { projectId, ...page }: Requests['columns']) {
    const dataset = await this.datasetOf(workspace, projectId);
    if (dataset) return this.tables.columnsOf(dataset, page);
    const columns = await this.live.columns(projectId);
    return { columns: columns.slice(page.offset, page.offset + page.limit), total: columns.length };
  }

  /** Throws NOT_FOUND; FAILED_PRECONDITION if the project has no image column. */
  async findings(workspace: string, { projectId, ...page }: Requests['findings']) {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      await this.live.columns(projectId);
      return { findings: [], total: 0 };
    }
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    if (!dataset.hasImages)
      throw new DomainError('FAILED_PRECONDITION', 'Not a data quality enabled project: it has no image column.');
    return this.tables.findingsOf(dataset, page, this.findingsOfTarget(modeling));
  }

  private findingsOfTarget({ target }: ModelingDocument): FindingSource | undefined {
    if (!target?.ready || !target.findings) return undefined;
    return { counts: target.findings, find: (...range) => this.targets.findFindings(target.id, ...range) };
  }

  private async datasetOf(workspace: string, projectId: string): Promise<DatasetDocument | null> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    return modeling && this.datasets.getKept(workspace, modeling.dataset);
  }
}

function toModeling(modeling: ModelingDocument, dataset: DatasetDocument): Modeling {
  const { _id, state, imageColumns, holdoutUnlocked, target } = modeling;
  const { version, fileName, deletedAt, rowCount } = dataset;
  return {
    projectId: _id.toHexString(),
    state,
    dataset: {
      id: dataset._id.toHexString(),
      versionId: version.toHexString(),
      fileName,
      deleted: deletedAt !== null,
    },
    rowCount,
    imageColumn: imageColumns?.[0]?.name ?? null,
    holdoutUnlocked,
    target: target?.ready ? shownTarget(target) : null,
    searching: target?.search ?? false,
  };
}

function liveModeling(projectId: string): Modeling {
  return {
    projectId,
    state: 'ready',
    dataset: null,
    rowCount: null,
    imageColumn: LIVE_IMAGE_COLUMN,
    holdoutUnlocked: false,
    target: null,
    searching: false,
  };
}

function shownTarget({ column, type, metric, positiveClass, mode }: Target): Target {
  return { column, type, metric, positiveClass, mode };
}
