import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, trainingImageContracts, type DatasetImage, type TrainingImage } from '@pentaprism/contracts';
import { notFound, Transactions } from '@pentaprism/database';
import {
  DEFAULT_TRAINING_SETTINGS,
  DomainError,
  MAX_FILE_NAME_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_TRAINING_IMAGES_PER_PROJECT,
} from '@pentaprism/domain';
import { Types } from 'mongoose';
import { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import { DatasetRepository } from '../datasets/dataset.repository.js';
import type { DatasetDocument } from '../datasets/dataset.schema.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ImageColumn, ModelingDocument, ProjectImageDocument } from './modeling.schema.js';
import { ProjectImageRepository } from './project-image.repository.js';

/** Images of rows of one step: a few calls of the catalog. */
const IMAGES_PER_STEP = 4 * MAX_IMAGES_PER_BATCH;

export type KnownImage = Pick<ProjectImageDocument, 'image' | 'sha256' | 'size' | 'mediaType' | 'width' | 'height'>;

/** Makes the catalog's project of a dataset, step by step. Each step may be repeated. */
@Injectable()
export class FillProject {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: ModelingRepository,
    private readonly images: ProjectImageRepository,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Creates the catalog's project as soon as the dataset has been imported. Throws NOT_FOUND; FAILED_PRECONDITION. */
  async open(workspace: string, projectId: string, imported: boolean): Promise<{ imported: boolean }> {
    const modeling = await this.modelings.get(workspace, projectId);
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    if (dataset.state === 'importing') {
      if (!imported) return { imported: false };
      if (dataset.rowCount === null || dataset.importedRows < dataset.rowCount)
        throw new DomainError('FAILED_PRECONDITION', 'The dataset has rows that have not been imported.');
      await this.transactions.run((session) => this.datasets.finishImport(workspace, dataset._id, session));
    }
    await this.createInCatalog(modeling);
    if (!modeling.imageColumns) {
      const imageColumns = await this.imageColumnsOf(dataset);
      // It has been deleted since. What removes it removes the project of the catalog as well.
      if (!(await this.modelings.change(workspace, modeling._id, { imageColumns }))) throw notFound('project');
    }
    return { imported: true };
  }

  /** Adds the images of the next rows. Throws NOT_FOUND; FAILED_PRECONDITION if the project would have too many images. */
  async addImages(workspace: string, projectId: string): Promise<{ done: boolean; share: number }> {
    const modeling = await this.modelings.get(workspace, projectId);
    const dataset = await this.datasets.getKept(workspace, modeling.dataset);
    const images = await this.rows.findImages(dataset, modeling.after, IMAGES_PER_STEP);
    const last = images.at(-1);
    if (!last) return { done: true, share: 1 };
    const recorded = await this.images.withHashes(modeling._id, [...new Set(images.map(({ sha256 }) => sha256))]);
    const known = new Map<string, KnownImage>(recorded.map((image) => [image.sha256, image]));
    await this.addToCatalog(modeling, images, known);
    const { counted, columns } = countRows(modeling, images, { known, recorded });
    await this.transactions.run(async (session) => {
      const { row, column } = last;
      if (await this.modelings.advance(modeling, { row, column }, columns, session))
        await this.images.count(counted, session);
    });
    const share = dataset.rowCount ? last.row / dataset.rowCount : 1;
    return { done: images.length < IMAGES_PER_STEP, share: Math.min(1, share) };
  }

  private async createInCatalog({ _id, name }: ModelingDocument): Promise<void> {
    await this.bus.call(projectContracts.create, {
      id: _id.toHexString(),
      name,
      description: '',
      training: { ...DEFAULT_TRAINING_SETTINGS, exportPlatforms: [] },
      sameName: 'number',
    });
  }

  private async imageColumnsOf(dataset: DatasetDocument): Promise<ImageColumn[]> {
    const columns = await this.rows.findColumns(dataset, 0, dataset.columnCount ?? 0);
    return columns.flatMap(({ index, name, type }) => (type === 'Image' ? { index, name, images: 0 } : []));
  }

  /** Adds those of the images to the catalog's project that are not known yet, each content once. */
  private async addToCatalog(
    { _id, workspace, createdBy: actor }: ModelingDocument,
    images: readonly DatasetImage[],
    known: Map<string, KnownImage>,
  ): Promise<void> {
    const added = new Map(images.filter(({ sha256 }) => !known.has(sha256)).map((image) => [image.sha256, image]));
    for (let waiting = [...added.values()]; waiting.length > 0;) {
      const batch = waiting.slice(0, MAX_IMAGES_PER_BATCH).map(({ label, sha256, size }) => ({
        fileName: fileNameOf(label),
        content: { sha256, size, mediaType: 'application/octet-stream' },
        tags: [],
      }));
      const request = { projectId: _id.toHexString(), images: batch };
      const { outcomes } = await this.bus.call(trainingImageContracts.add, request, { context: { workspace, actor } });
      if (outcomes.length === 0) throw new DomainError('INTERNAL', 'A batch has no outcome.');
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === 'too-many-images')
          throw new DomainError(
            'FAILED_PRECONDITION',
            `A project has at most ${MAX_TRAINING_IMAGES_PER_PROJECT} images.`,
            { limit: MAX_TRAINING_IMAGES_PER_PROJECT },
          );
        // Bytes that were lost since the import are missing from the project, as they are from the dataset.
        if ('image' in outcome) known.set(batch[i]?.content.sha256 ?? '', toKnown(outcome.image));
      }
      waiting = waiting.slice(outcomes.length);
    }
  }
}

/** Returns the base name of a file in an archive, or of the path of an address, whose query may have secrets. */
function fileNameOf(label: string | null): string {
  const path = label !== null && /^https?:/i.test(label) ? (label.split(/[?#]/)[0] ?? '') : (label ?? '');
  // Half of a surrogate pair may be left where the name is cut.
  return (path.split('/').at(-1) ?? '').slice(0, MAX_FILE_NAME_LENGTH).replace(/[\ud800-\udbff]$/, '');
}

function toKnown({ id, width, height, original }: TrainingImage): KnownImage {
  const { sha256, size, mediaType } = original;
  return { image: new Types.ObjectId(id), sha256, size, mediaType, width, height };
}

/** Counts the rows of each image in each column, and gives a position to images that a column has not had before. */
export function countRows(
  { _id: project, imageColumns }: ModelingDocument,
  images: readonly DatasetImage[],
  { known, recorded }: { known: ReadonlyMap<string, KnownImage>; recorded: readonly ProjectImageDocument[] },
): { counted: ProjectImageDocument[]; columns: ImageColumn[] } {
  const columns = (imageColumns ?? []).map((column) => ({ ...column }));
  const keyOf = (column: number, sha256: string) => `${column}/${sha256}`;
  const positions = new Map(recorded.map(({ column, sha256, position }) => [keyOf(column, sha256), position]));
  const counted = new Map<string, ProjectImageDocument>();
  for (const { column, sha256 } of images) {
    const image = known.get(sha256);
    const owner = columns.find(({ index }) => index === column);
    if (!image || !owner) continue;
    const key = keyOf(column, sha256);
    const found = counted.get(key);
    if (found) found.rows++;
    else counted.set(key, { ...image, project, column, position: positions.get(key) ?? owner.images++, rows: 1 });
  }
  return { counted: [...counted.values()], columns };
}
