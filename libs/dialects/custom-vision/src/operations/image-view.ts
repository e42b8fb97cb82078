import { Injectable } from '@nestjs/common';
import type { ContentReference, Prediction as ServicePrediction, TrainingImage } from '@pentaprism/contracts';
import { FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { Image, Prediction } from '../v3/models.js';
import { guidOf, toDate } from '../wire/ids.js';
import { TAG_TYPE_NAMES } from './tags.js';

/** Where the pictures of an image are, for whoever has the URL. */
export interface ImageUrls {
  readonly originalImageUri: string;
  readonly resizedImageUri: string;
  readonly thumbnailUri: string;
}

/** Images as clients see them. */
@Injectable()
export class ImageViews {
  constructor(private readonly urls: FileUrls) {}

  /** @param inSnapshot the image is that of an iteration, which keeps its pictures when the image is deleted */
  async images(request: FastifyRequest, images: readonly TrainingImage[], inSnapshot: boolean): Promise<Image[]> {
    return Promise.all(images.map((image) => this.image(request, image, inSnapshot)));
  }

  async image(request: FastifyRequest, image: TrainingImage, inSnapshot: boolean): Promise<Image> {
    const { id, createdAt, width, height, tags } = image;
    return {
      id: guidOf(id),
      created: toDate(createdAt),
      width,
      height,
      ...(await this.urlsOf(request, image, inSnapshot)),
      tags: tags.map((tag) => ({ tagId: guidOf(tag.id), tagName: tag.name, created: toDate(tag.taggedAt) })),
      regions: [],
      metadata: {},
    };
  }

  async urlsOf(request: FastifyRequest, image: TrainingImage, inSnapshot: boolean): Promise<ImageUrls> {
    const { workspace } = principalOf(request);
    const { original, thumbnail, resized, id, fileName } = image;
    const expiresAt = image.expiresAt ?? undefined;
    const sign = (area: 'originals' | 'thumbnails', content: ContentReference) =>
      this.urls.signContent(request, { area, workspace, ...content, expiresAt });
    const ofImage = { id, fileName, sha256: original.sha256, mediaType: original.mediaType, ...(expiresAt === undefined ? {} : { expiresAt }) }; // prettier-ignore
    const originalImageUri = inSnapshot
      ? await sign('originals', original)
      : await this.urls.sign(request, 'GET', workspace, ofImage);
    return {
      originalImageUri,
      resizedImageUri: resized ? await sign('thumbnails', resized) : originalImageUri,
      thumbnailUri: await sign('thumbnails', thumbnail),
    };
  }
}

export function toPredictions(tags: ServicePrediction['tags']): Prediction[] {
  return tags.map(({ tagId, name, type, probability }) => ({
    probability,
    tagId: guidOf(tagId),
    tagName: name,
    boundingBox: null,
    tagType: TAG_TYPE_NAMES[type],
  }));
}
