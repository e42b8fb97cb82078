import { Injectable } from '@nestjs/common';
import type { Image, Picture } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { createHash } from 'node:crypto';
import { ContentRepository, type ContentDocument } from '../adapters/mongo/content.repository.js';
import { ImageRepository, type ImageKey } from '../adapters/mongo/image.repository.js';
import { toImage, type ImageDocument } from '../adapters/mongo/image.schema.js';
import { ProjectRepository } from '../adapters/mongo/project.repository.js';

/** Look-ups of single images, and of pictures. */
@Injectable()
export class FindImages {
  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
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
