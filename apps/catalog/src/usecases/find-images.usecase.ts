import { Injectable } from '@nestjs/common';
import type { Image, Picture } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { createHash } from 'node:crypto';
import { ContentRepository, type ContentDocument } from '../adapters/mongo/content.repository.js';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository, type ImageKey } from '../adapters/mongo/image.repository.js';
import { toImage, type ImageDocument } from '../adapters/mongo/image.schema.js';
import { ProjectRepository } from '../adapters/mongo/project.repository.js';

export interface ImageQuery {
  readonly projectId?: string | undefined;
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  readonly uploadedOnly: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** Every look-up of images. */
@Injectable()
export class FindImages {
  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly counts: ImageCountRepository,
    private readonly projects: ProjectRepository,
  ) {}

  async get(workspace: string, key: ImageKey): Promise<Image> {
    return toImage(await this.images.get(workspace, key));
  }

  async getContent(workspace: string, id: string) {
    const image = await this.images.get(workspace, { id });
    const content = image.sha256 && (await this.contents.find(workspace, image.sha256));
    if (!content) throw notFound('file');
    const { sha256, size, mediaType, state, reason } = content;
    return { sha256, size, mediaType, state, reason: reason ?? null, fileName: image.fileName };
  }

  async list(workspace: string, query: ImageQuery): Promise<{ images: Image[]; total: number }> {
    const project = await this.projects.resolveId(workspace, query.projectId);
    const filter = {
      project,
      createdFrom: query.createdFrom,
      createdTo: query.createdTo,
      uploadedOnly: query.uploadedOnly,
    };
    const [images, total] = await Promise.all([
      this.images.list(workspace, filter, query.offset, query.limit),
      this.count(workspace, filter),
    ]);
    return { images: fitting(images).map(toImage), total };
  }

  async getPicture(workspace: string, projectId: string, id: string): Promise<Picture> {
    const image = await this.images.get(workspace, { id });
    const content = image.sha256 && (await this.contents.find(workspace, image.sha256));
    const picture = content ? toPicture(image, content) : null;
    if (!picture || picture.projectId !== projectId) throw notFound('image');
    return picture;
  }

  async choosePictures(workspace: string, request: { projectId: string; count: number; seed: string }) {
    const project = await this.projects.resolveId(workspace, request.projectId);
    const [chosen, decoded, pending] = await Promise.all([
      request.count > 0 ? this.images.draw(workspace, project, startOf(request.seed), request.count) : [],
      this.images.countState(workspace, project, 'decoded'),
      this.images.countState(workspace, project, 'pending'),
    ]);
    const contents = await this.contents.findMany(workspace, [
      ...new Set(chosen.flatMap((image) => image.sha256 ?? [])),
    ]);
    const byHash = new Map(contents.map((content) => [content.sha256, content]));
    const pictures = chosen.flatMap((image) => {
      const content = byHash.get(image.sha256 ?? '');
      return (content && toPicture(image, content)) ?? [];
    });
    return { pictures, decoded, pending };
  }

  /** Bounds of time are counted in the index; without them the totals are kept. */
  private async count(workspace: string, filter: Parameters<ImageRepository['count']>[1]): Promise<number> {
    if (filter.createdFrom !== undefined || filter.createdTo !== undefined) return this.images.count(workspace, filter);
    const counts = await this.counts.get(workspace, filter.project);
    return filter.uploadedOnly ? counts.uploaded : counts.total;
  }
}

/** Bytes of images in one answer: half of what a message of the bus holds by default. */
export const ANSWER_BYTES = 512 * 1024;

/** As many of the images, from the first, as surely fit into one answer; never none. */
function fitting(images: ImageDocument[]): ImageDocument[] {
  let bytes = 0;
  const end = images.findIndex((image, i) => (bytes += largestSize(image)) > ANSWER_BYTES && i > 0);
  return end === -1 ? images : images.slice(0, end);
}

/** A character takes at most six bytes in JSON (`\u0001`); ids, numbers and member names are counted generously. */
function largestSize({ fileName, createdBy, tags }: ImageDocument): number {
  return tags.reduce((sum, { name }) => sum + 100 + 6 * name.length, 600 + 6 * (fileName.length + createdBy.length));
}

/** Where in [0, 1) the drawing of pictures begins for a seed. */
function startOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;
}

/** Null for what is no picture (yet). */
function toPicture(image: ImageDocument, content: ContentDocument): Picture | null {
  const { state, sha256, size, mediaType, width, height } = content;
  if (state !== 'decoded' || width === undefined || height === undefined) return null;
  return {
    id: image._id.toHexString(),
    projectId: image.project.toHexString(),
    sha256,
    size,
    mediaType,
    width,
    height,
  };
}
