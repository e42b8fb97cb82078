import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  datasetContracts,
  holderOfDataset,
  projectContracts,
  snapshotContracts,
  tagContracts,
  targetContracts,
  trainingImageContracts,
  type DatasetColumn,
  type LiveRow,
  type TrainingImage,
} from '@pentaprism/contracts';
import { writeTable } from '@pentaprism/datasets';
import {
  DomainError,
  MAX_IMAGES_PER_BATCH,
  MAX_INFLATED_BYTES,
  MAX_PAGE_SIZE,
  MAX_TRAINING_PAGE_SIZE,
} from '@pentaprism/domain';
import type { JobControl } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { Turn } from '../datasets/turn.js';
import { partsOf } from './parts.js';

interface Request {
  readonly workspace: string;
  readonly projectId: string;
  /** Also the id of the snapshot. */
  readonly datasetId: string;
  readonly jobId: string;
}

/** A row with the cell of its tags. */
interface TaggedRow {
  readonly row: LiveRow;
  readonly tags: string | null;
}

/** Makes a dataset of a snapshot of a project's images and tags. Another start goes on with the next rows. */
@Injectable()
export class LiveRows {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  async import(request: Request, control: Pick<JobControl, 'signal' | 'checkpoint'>): Promise<void> {
    const { signal } = control;
    const { projectId, datasetId, jobId } = request;
    const turn = new Turn();
    const state = await this.bus.call(datasetContracts.importState, { datasetId });
    if (state.surveyed && state.importedRows >= state.rowCount) return;
    await this.bus.call(snapshotContracts.create, { projectId, snapshotId: datasetId });
    const { training } = await this.bus.call(projectContracts.get, { id: projectId });
    const isMultilabel = training.classificationType === 'multilabel';
    const rows = await this.rowsOf(request, isMultilabel, signal);
    if (!state.surveyed) await this.survey(request, rows, columnsOf(rows, isMultilabel), signal);
    else if (rows.length !== state.rowCount) throw changed();
    turn.begin();
    let after = state.importedRows;
    for (const part of partsOf(rows.slice(after), MAX_IMAGES_PER_BATCH)) {
      signal.throwIfAborted();
      await this.hold(datasetId, part);
      const recorded = { projectId, jobId, after, rows: part.map(({ row }) => row) };
      await this.bus.call(targetContracts.recordRows, recorded);
      after += part.length;
      await turn.letOthersGoFirst(control);
    }
  }

  /** Returns the images in the order in which they were added. Those that expire are left out: their bytes go when they do. */
  private async rowsOf({ projectId, datasetId }: Request, isMultilabel: boolean, signal: AbortSignal) {
    const rows: TaggedRow[] = [];
    const negative = isMultilabel ? await this.negativeTagsOf(projectId) : null;
    for (let offset = 0; ;) {
      signal.throwIfAborted();
      const page = {
        projectId,
        snapshotId: datasetId,
        order: 'oldest',
        offset,
        limit: MAX_TRAINING_PAGE_SIZE,
      } as const;
      const { images, end } = await this.bus.call(trainingImageContracts.list, page);
      for (const image of images)
        if (image.expiresAt === null) rows.push({ row: toRow(image), tags: cellOf(image, negative) });
      offset += images.length;
      if (end || images.length === 0) return rows;
    }
  }

  /** Returns the ids of negative tags. Images do not have the types of their tags. */
  private async negativeTagsOf(projectId: string): Promise<Set<string>> {
    const negative = new Set<string>();
    for (let offset = 0; ;) {
      const { tags, total } = await this.bus.call(tagContracts.list, { projectId, offset, limit: MAX_PAGE_SIZE });
      for (const { id, type } of tags) if (type === 'negative') negative.add(id);
      offset += tags.length;
      if (tags.length === 0 || offset >= total) return negative;
    }
  }

  private async survey(
    { workspace, datasetId }: Request,
    rows: readonly TaggedRow[],
    columns: readonly DatasetColumn[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.bus.call(datasetContracts.recordColumns, { datasetId, columns: [...columns] });
    const bytes = writeTable(columns, valuesOf(rows));
    const { sha256, size } = await this.blobs.put('datasets', workspace, bytes, {
      maxBytes: MAX_INFLATED_BYTES,
      signal,
    });
    await this.bus.call(datasetContracts.recordSurvey, {
      datasetId,
      rowCount: rows.length,
      columnCount: columns.length,
      hasImages: true,
      table: { sha256, size, mediaType: 'text/csv' },
    });
  }

  private async hold(datasetId: string, rows: readonly TaggedRow[]): Promise<void> {
    const contents = new Map(rows.map(({ row: { sha256, size, mediaType } }) => [sha256, { sha256, size, mediaType }]));
    const { unknown } = await this.bus.call(contentContracts.hold, {
      holder: holderOfDataset(datasetId),
      contents: [...contents.values()].map((content) => ({ content, analysis: null })),
    });
    if (unknown.length > 0) throw changed();
  }
}

function toRow({ id: imageId, fileName, width, height, original }: TrainingImage): LiveRow {
  const { sha256, size, mediaType } = original;
  return { imageId, fileName, width, height, sha256, size, mediaType };
}

/**
 * Returns the class of an image, or its labels as JSON. Null without a tag, and for an image with several classes.
 *
 * @param negative tags that are no labels; null unless the project is multilabel
 */
function cellOf({ tags }: TrainingImage, negative: ReadonlySet<string> | null): string | null {
  if (tags.length === 0) return null;
  if (negative === null) return tags.length === 1 ? (tags[0]?.name ?? null) : null;
  return JSON.stringify(tags.filter(({ id }) => !negative.has(id)).map(({ name }) => name));
}

function columnsOf(rows: readonly TaggedRow[], isMultilabel: boolean): DatasetColumn[] {
  const hashes = new Set(rows.map(({ row: { sha256 } }) => sha256)).size;
  const cells = rows.flatMap(({ tags }) => tags ?? []);
  const values = new Set(cells).size;
  const image = { index: 0, name: 'image', type: 'Image', uniqueCount: hashes, missingCount: 0 } as const;
  const type = isMultilabel ? 'Multicategorical' : 'Categorical';
  const tag = { index: 1, name: 'tag', type, uniqueCount: values, missingCount: rows.length - cells.length } as const;
  return [image, tag].map((column) => ({ ...column, lowInformation: column.uniqueCount < 2, statistics: null }));
}

async function* valuesOf(rows: readonly TaggedRow[]) {
  for (const { row, tags } of rows) yield { values: [row.fileName, tags] };
}

function changed(): DomainError {
  return new DomainError('UNAVAILABLE', 'Images of the snapshot were removed while it was read.');
}
