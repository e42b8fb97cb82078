import { Injectable } from '@nestjs/common';
import type { modelingContracts, ParsedRequestOf, ResponseOf } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { MAX_SAMPLED_IMAGES } from '@pentaprism/domain';
import { imageColumnsOf, noImageColumn } from './image-columns.js';
import { LIVE_IMAGE_COLUMN, LiveTables } from './live-tables.js';
import { ModelingRepository } from './modeling.repository.js';
import { listRevision } from './modeling.schema.js';
import { ProjectImageRepository, type ShownProjectImage } from './project-image.repository.js';
import { DuplicateImages } from './duplicate-images.js';
import { sampledPositions } from './sampled-positions.js';

type Requests = { [Name in keyof typeof modelingContracts]: ParsedRequestOf<(typeof modelingContracts)[Name]> };
type ImagesPage = ResponseOf<typeof modelingContracts.images>;
type ContentsPage = ResponseOf<typeof modelingContracts.contents>;
type DuplicatesPage = ResponseOf<typeof modelingContracts.duplicates>;

/** Lists the images of projects. */
@Injectable()
export class ListProjectImages {
  constructor(
    private readonly modelings: ModelingRepository,
    private readonly projectImages: ProjectImageRepository,
    private readonly duplicateImages: DuplicateImages,
    private readonly live: LiveTables,
  ) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for a column that is no image column. */
  async images(workspace: string, { projectId, column, offset, limit }: Requests['images']): Promise<ImagesPage> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      if (column !== undefined && column !== LIVE_IMAGE_COLUMN) await this.refuseLive(projectId);
      return this.live.images(projectId, { offset, limit });
    }
    const images: ShownProjectImage[] = [];
    let total = 0;
    for (const { index, images: count } of imageColumnsOf(modeling, column)) {
      const shown = Math.min(count, MAX_SAMPLED_IMAGES);
      const first = Math.max(0, offset - total);
      const end = Math.min(shown, offset + limit - total);
      total += shown;
      if (first < end)
        images.push(
          ...(await this.projectImages.atPositions(modeling._id, index, sampledPositions(count, first, end))),
        );
    }
    return {
      images: images.map(({ image, width, height }) => ({ imageId: image.toHexString(), width, height })),
      total,
    };
  }

  /** Throws as `images`. */
  async duplicates(workspace: string, request: Requests['duplicates']): Promise<DuplicatesPage> {
    const { projectId, column, ...page } = request;
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      if (column !== LIVE_IMAGE_COLUMN) await this.refuseLive(projectId);
      await this.live.columns(projectId);
      // Each image is a row of its own.
      return { images: [], total: 0 };
    }
    const [found] = imageColumnsOf(modeling, column);
    if (!found) throw noImageColumn();
    const { images, total } = await this.duplicateImages.page(modeling, found, page);
    return { images: images.map(({ image, rows }) => ({ imageId: image.toHexString(), rowCount: rows })), total };
  }

  /** Throws INVALID_ARGUMENT for a column that is no image column. */
  async contents(workspace: string, request: Requests['contents']): Promise<ContentsPage> {
    const { projectId, column, offset, limit, known } = request;
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (!modeling) {
      if (column !== undefined && column !== LIVE_IMAGE_COLUMN) await this.refuseLive(projectId);
      return { list: null };
    }
    const [found] = imageColumnsOf(modeling, column);
    if (!found) throw noImageColumn();
    const { name, index, images: total } = found;
    const revision = listRevision(modeling, found);
    const unchanged = known === revision;
    const images = unchanged
      ? []
      : await this.projectImages.inRange(modeling._id, index, { first: offset, end: offset + limit });
    return {
      list: {
        column: name,
        images: images.map(({ image, sha256, rows }) => ({ imageId: image.toHexString(), sha256, rowCount: rows })),
        total,
        revision,
        unchanged,
      },
    };
  }

  /** Throws NOT_FOUND. */
  async image(workspace: string, { projectId, imageId }: Requests['image']) {
    const { _id } = await this.modelings.get(workspace, projectId);
    const found = await this.projectImages.findImage(_id, imageId);
    if (!found) throw notFound('image');
    const { sha256, size, mediaType, width, height } = found;
    return { imageId, sha256, size, mediaType, width, height };
  }

  /** Throws NOT_FOUND rather than INVALID_ARGUMENT if there is no such project. */
  private async refuseLive(projectId: string): Promise<never> {
    await this.live.columns(projectId);
    throw noImageColumn();
  }
}
