import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { listRevision, type ImageColumn, type ModelingDocument } from './modeling.schema.js';
import { ProjectImageRepository, type ShownProjectImage } from './project-image.repository.js';

interface Question {
  readonly project: ModelingDocument['_id'];
  readonly column: number;
}

/** Memory of all lists together. A list of 100,000 images takes 400 kB. */
const MAX_BYTES = 16 * 1024 ** 2;
const BYTES_PER_LIST = 500;

/**
 * Images that two rows or more have. Their positions are kept as long as the project has the same images, so that all pages cost the
 * same.
 */
@Injectable()
export class DuplicateImages {
  private readonly lists = new LRUCache<string, Int32Array, Question>({
    maxSize: MAX_BYTES,
    sizeCalculation: (positions) => BYTES_PER_LIST + positions.byteLength,
    fetchMethod: (_key, _stale, { context: { project, column } }) =>
      this.projectImages.duplicatePositions(project, column),
  });

  constructor(private readonly projectImages: ProjectImageRepository) {}

  /** Returns a page of them, those of most rows first, and how many there are. */
  async page(
    modeling: ModelingDocument,
    column: ImageColumn,
    { offset, limit }: { offset: number; limit: number },
  ): Promise<{ images: ShownProjectImage[]; total: number }> {
    const { _id: project } = modeling;
    const key = `${project.toHexString()} ${listRevision(modeling, column)}`;
    const positions = await this.lists.forceFetch(key, { context: { project, column: column.index } });
    const part = [...positions.subarray(offset, offset + limit)];
    const found = part.length > 0 ? await this.projectImages.atPositions(project, column.index, part) : [];
    const byPosition = new Map(found.map((image) => [image.position, image]));
    return { images: part.flatMap((position) => byPosition.get(position) ?? []), total: positions.length };
  }
}
