import { Injectable } from '@nestjs/common';
import type { Image, Picture } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { ContentRepository } from '../contents/content.repository.js';
import type { ContentDocument } from '../contents/content.schema.js';
import { ImageRepository, type ImageKey } from './image.repository.js';
import { toImage, type ImageDocument } from './image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';

/** The reason given for bytes that cannot be decoded when no reason is stored. */
const NO_REASON = 'The file could not be decoded.';
/** Descriptions of contents that are remembered. */
const REMEMBERED_CONTENTS = 10_000;

type ContentDescription = Pick<ContentDocument, 'sha256' | 'size' | 'mediaType'> & {
  state: Exclude<ContentDocument['state'], 'unseen'>;
  reason: string | null;
};

/** Look-ups of single images, and of pictures. */
@Injectable()
export class FindImages {
  /** What was found out about bytes never changes; whether an image still points to them is looked up. */
  private readonly settled = new LRUCache<string, ContentDescription>({ max: REMEMBERED_CONTENTS });

  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly projects: ProjectRepository,
  ) {}

  async get(workspace: string, key: ImageKey): Promise<Image> {
    const image = await this.images.get(workspace, key);
    if ((await this.ofProjects(workspace, [image])).length === 0) throw notFound('image');
    return (await this.withReasons(workspace, [image]))[0] as Image;
  }

  /** Images as other services see them. Those that are no pictures say why. */
  async withReasons(workspace: string, images: readonly ImageDocument[]): Promise<Image[]> {
    const undecodable = images.filter(({ state }) => state === 'undecodable');
    const hashes = new Set(undecodable.flatMap(({ sha256 }) => sha256 ?? []));
    const contents = hashes.size === 0 ? undefined : await this.describe(workspace, [...hashes]);
    return images.map((image) =>
      image.state === 'undecodable'
        ? toImage(image, contents?.get(image.sha256 ?? '')?.reason ?? image.undecodable ?? NO_REASON)
        : toImage(image),
    );
  }

  async getContents(workspace: string, ids: readonly string[]) {
    const files = await this.ofProjects(workspace, await this.images.findFiles(workspace, ids));
    const contents = await this.describe(workspace, [...new Set(files.map(({ sha256 }) => sha256))]);
    return {
      contents: files.flatMap(({ _id, sha256, fileName, expiresAt }) => {
        const content = contents.get(sha256);
        const expires = expiresAt?.getTime() ?? null;
        return content ? [{ imageId: _id.toHexString(), fileName, expiresAt: expires, ...content }] : [];
      }),
    };
  }

  async getPicture(workspace: string, projectId: string, id: string): Promise<Picture> {
    const image = await this.images.get(workspace, { id });
    const content = image.sha256 ? await this.contents.find(workspace, image.sha256) : undefined;
    if (image.project.toHexString() !== projectId) throw notFound('image');
    if ((await this.ofProjects(workspace, [image])).length === 0) throw notFound('image');
    const picture = content ? toPicture(image, content) : null;
    if (!picture) throw noPicture(image, content?.reason ?? image.undecodable);
    return picture;
  }

  /** Leaves out images of deleted projects, whose records exist until they are removed. */
  private async ofProjects<T extends Pick<ImageDocument, 'project'>>(
    workspace: string,
    images: readonly T[],
  ): Promise<T[]> {
    const alive = await this.projects.aliveAmong(
      workspace,
      images.map(({ project }) => project),
    );
    return images.filter(({ project }) => alive.has(project.toHexString()));
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

  private async describe(workspace: string, hashes: readonly string[]): Promise<Map<string, ContentDescription>> {
    const keyOf = (sha256: string) => `${workspace}/${sha256}`;
    const found = new Map(
      hashes.flatMap((sha256) => {
        const known = this.settled.get(keyOf(sha256));
        return known ? [[sha256, known]] : [];
      }),
    );
    const missing = hashes.filter((sha256) => !found.has(sha256));
    if (missing.length === 0) return found;
    for (const { sha256, size, mediaType, state, reason = null } of await this.contents.findMany(workspace, missing)) {
      // It became an image's own a moment ago.
      if (state === 'unseen') continue;
      const description = { sha256, size, mediaType, state, reason };
      found.set(sha256, description);
      if (state !== 'pending') this.settled.set(keyOf(sha256), description);
    }
    return found;
  }
}

/** Where in [0, 1) the drawing of pictures begins for a seed. */
function startOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32;
}

/** Returns the error for an image that exists but has no picture. */
function noPicture({ state }: ImageDocument, reason = NO_REASON): DomainError {
  if (state === 'undecodable')
    return new DomainError('NOT_FOUND', `The image cannot be decoded. ${reason}`, { reason: 'undecodable' });
  if (state === 'pending')
    return new DomainError('NOT_FOUND', 'The image has not been decoded yet. Try again in some seconds.', {
      reason: 'pending',
    });
  return new DomainError('NOT_FOUND', 'The image has no file yet.', { reason: 'awaiting-file' });
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
