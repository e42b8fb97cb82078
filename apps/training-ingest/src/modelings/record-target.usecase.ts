import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  projectContracts,
  tagContracts,
  trainingImageContracts,
  type ParsedRequestOf,
  type TagReference,
  type targetContracts,
  type TargetValue,
} from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import {
  DomainError,
  findingNumber,
  MAX_TAGGINGS_PER_BATCH,
  MAX_TAGS_PER_IMAGE,
  type TargetType,
} from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { ProjectImageRepository } from './project-image.repository.js';
import { TargetRepository } from './target.repository.js';
import type { TargetRecord } from './target.schema.js';

type Requests = { [Name in keyof typeof targetContracts]: ParsedRequestOf<(typeof targetContracts)[Name]> };

/** What Custom Vision calls a project with such a target. A regression has no tags. */
const CLASSIFICATION_TYPES: Partial<Record<TargetType, 'multiclass' | 'multilabel'>> = {
  binary: 'multiclass',
  multiclass: 'multiclass',
  multilabel: 'multilabel',
};

/** Attempts to tag images while others change the tags. */
const TAG_ATTEMPTS = 5;

/** Records which values of the target the rows of a project have. Each call may be repeated. */
@Injectable()
export class RecordTarget {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly projectImages: ProjectImageRepository,
    private readonly targets: TargetRepository,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION if the project has no target of this job. */
  async begin(workspace: string, request: Requests['begin']) {
    const { modeling, target } = await this.targetOf(workspace, request);
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    const column = columns.find(({ name }) => name === target.column);
    if (!column || !dataset.table) throw notFound('column');
    return {
      type: target.type,
      column,
      positiveClass: target.positiveClass,
      imageColumns: (modeling.imageColumns ?? []).map(({ index, name }) => ({ index, name })),
      rowCount: dataset.rowCount ?? 0,
      table: dataset.table,
      tags: target.type !== 'regression' && modeling.isSnapshot !== true,
    };
  }

  /** Throws as `begin`. */
  async clear(workspace: string, request: Requests['clear']): Promise<{ left: boolean }> {
    const { modeling, target } = await this.targetOf(workspace, request);
    return { left: !(await this.targets.removeSome(modeling._id, target.id)) };
  }

  async rowImages(workspace: string, { projectId, after, limit }: Requests['rowImages']) {
    const modeling = await this.modelings.get(workspace, projectId);
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const images = await this.rows.findImages(dataset, after, limit);
    return { images: images.map(({ row, column, label, sha256 }) => ({ row, column, label, sha256 })) };
  }

  /** Throws as `begin`. */
  recordImages(workspace: string, { images, ...key }: Requests['recordImages']): Promise<void> {
    return this.record(workspace, key, async (ids, modeling) => {
      const known = await this.imagesOf(modeling, images);
      await this.targets.putImages(
        images.flatMap(({ sha256, column, position, place, rows, value }) => {
          const found = known.get(sha256);
          if (!found) return [];
          const { image, width, height } = found;
          return { ...ids, image, column, position, place, rows, width, height, ...toFields(value) };
        }),
      );
    });
  }

  /** Throws as `begin`. */
  recordBins(workspace: string, { bins, ...key }: Requests['recordBins']): Promise<void> {
    return this.record(workspace, key, (ids) => this.targets.putBins(bins.map((bin) => ({ ...bin, ...ids }))));
  }

  /** Throws as `begin`. */
  recordFindings(workspace: string, { findings, ...key }: Requests['recordFindings']): Promise<void> {
    return this.record(workspace, key, (ids) =>
      this.targets.putFindings(
        findings.map(({ kind, ...finding }) => ({ ...ids, rank: findingNumber(kind), ...finding })),
      ),
    );
  }

  /** Throws as `begin`. */
  async finish(workspace: string, { images, positiveClass, findings, ...key }: Requests['finish']): Promise<void> {
    const { modeling, target } = await this.targetOf(workspace, key);
    await this.modelings.finishTarget(workspace, modeling._id, target.id, { images, positiveClass, findings });
    const classificationType = CLASSIFICATION_TYPES[target.type];
    // The classes of a snapshot are the tags of its project.
    if (classificationType && modeling.isSnapshot !== true)
      await this.bus.call(projectContracts.update, { id: key.projectId, training: { classificationType } });
  }

  /** Images that are no longer in the catalog are passed over. */
  async tagImages(workspace: string, { taggings, ...key }: Requests['tagImages']): Promise<void> {
    const { modeling } = await this.targetOf(workspace, key);
    const images = await this.imagesOf(modeling, taggings);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tagOnce(key.projectId, taggings, images);
      } catch (error) {
        // A tag was renamed or deleted since it was looked up.
        if (!DomainError.is(error, 'CONFLICT') || attempt === TAG_ATTEMPTS) throw error;
      }
    }
  }

  private async tagOnce(
    projectId: string,
    taggings: Requests['tagImages']['taggings'],
    images: ReadonlyMap<string, { readonly image: Types.ObjectId }>,
  ): Promise<void> {
    const tagByName = await this.ensureTags(projectId, [...new Set(taggings.flatMap(({ tags }) => tags))]);
    const wanted = taggings.flatMap(({ sha256, tags: given }) => {
      const image = images.get(sha256)?.image.toHexString();
      return image === undefined ? [] : given.flatMap((name) => pairOf(image, tagByName.get(name)));
    });
    for (let i = 0; i < wanted.length; i += MAX_TAGGINGS_PER_BATCH)
      await this.addTags(projectId, wanted.slice(i, i + MAX_TAGGINGS_PER_BATCH));
  }

  private async ensureTags(projectId: string, names: readonly string[]): Promise<Map<string, TagReference>> {
    const found: TagReference[] = [];
    for (let i = 0; i < names.length; i += MAX_TAGS_PER_IMAGE) {
      const part = names.slice(i, i + MAX_TAGS_PER_IMAGE);
      found.push(...(await this.bus.call(tagContracts.ensure, { projectId, names: part })).tags);
    }
    return new Map(found.map((tag) => [tag.name, tag]));
  }

  /** Images that were deleted, or that a negative tag allows no other tags, are left out. */
  private async addTags(projectId: string, taggings: { imageId: string; tag: TagReference }[]): Promise<void> {
    if (taggings.length === 0) return;
    try {
      await this.bus.call(trainingImageContracts.addTags, { projectId, taggings });
    } catch (error) {
      const isRefused = DomainError.is(error, 'NOT_FOUND') || DomainError.is(error, 'FAILED_PRECONDITION');
      const refused = isRefused ? error.details['imageIds'] : undefined;
      if (!Array.isArray(refused) || refused.length === 0) throw error;
      await this.addTags(
        projectId,
        taggings.filter(({ imageId }) => !refused.includes(imageId)),
      );
    }
  }

  private async imagesOf({ _id }: ModelingDocument, images: readonly { readonly sha256: string }[]) {
    const found = await this.projectImages.withHashes(_id, [...new Set(images.map(({ sha256 }) => sha256))]);
    return new Map<string, { image: Types.ObjectId; width: number; height: number }>(
      found.map((image) => [image.sha256, image]),
    );
  }

  /**
   * Writes what belongs to a target. If the target is given up at the same time, what was written is removed again: the record
   * of an aborted snapshot goes at once, so that another target can be set, and nothing would remove what is written after it.
   */
  private async record(
    workspace: string,
    key: Requests['begin'],
    write: (ids: { project: Types.ObjectId; target: Types.ObjectId }, modeling: ModelingDocument) => Promise<void>,
  ): Promise<void> {
    const { modeling, target } = await this.targetOf(workspace, key);
    await write({ project: modeling._id, target: target.id }, modeling);
    try {
      await this.targetOf(workspace, key);
    } catch (error) {
      const isGivenUp = DomainError.is(error, 'NOT_FOUND') || DomainError.is(error, 'FAILED_PRECONDITION');
      while (isGivenUp && !(await this.targets.removeSomeOf(target.id)));
      throw error;
    }
  }

  private async targetOf(
    workspace: string,
    { projectId, jobId }: Requests['begin'],
  ): Promise<{ modeling: ModelingDocument; target: TargetRecord }> {
    const modeling = await this.modelings.get(workspace, projectId);
    const { target } = modeling;
    if (!target || target.id.toHexString() !== jobId)
      throw new DomainError('FAILED_PRECONDITION', 'The project has no target whose values this job reads.');
    return { modeling, target };
  }
}

function pairOf(imageId: string, tag: TagReference | undefined) {
  return tag ? [{ imageId, tag: { id: tag.id, number: tag.number, name: tag.name } }] : [];
}

function toFields(value: TargetValue): { label?: string; labels?: string[]; number?: number } {
  if (typeof value === 'number') return { number: value };
  return typeof value === 'string' ? { label: value } : { labels: value };
}
