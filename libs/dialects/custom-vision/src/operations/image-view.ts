import { Injectable } from '@nestjs/common';
import type { ContentReference, Prediction as ServicePrediction, TrainingImage } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { FileUrls, originOf, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Image, Prediction } from '../v3/models.js';
import { guidOf, toDate } from '../wire/ids.js';
import { TAG_TYPE_NAMES } from './tags.js';

/** The URLs of the pictures of an image, which need no key. */
export interface ImageUrls {
  /** The original, by its name of before v2.2. */
  readonly imageUri: string;
  readonly originalImageUri: string;
  readonly resizedImageUri: string;
  readonly thumbnailUri: string;
}

/** Pages whose views are kept, for a second. */
const KEPT_PAGES = 60;
const SECOND_MS = 1000;

/** Views, and when and for whom their URLs were signed. */
interface KeptViews {
  readonly key: string;
  readonly views: Promise<readonly Image[]>;
}

/** Images as clients see them. */
@Injectable()
export class ImageViews {
  private readonly kept = new LRUCache<readonly TrainingImage[], KeptViews>({
    max: KEPT_PAGES,
    ttl: SECOND_MS,
    // Not only when they are looked for: a page of 256 takes about a megabyte, its text included.
    ttlAutopurge: true,
  });

  constructor(private readonly urls: FileUrls) {}

  /**
   * The views of a page that is kept are kept with it for a second: within it, fresh URLs are the same URLs.
   *
   * @param inSnapshot the images are those of an iteration, which keeps its pictures when an image is deleted
   */
  images(request: FastifyRequest, images: readonly TrainingImage[], inSnapshot: boolean): Promise<readonly Image[]> {
    const key = `${originOf(request)} ${Math.floor(systemNow() / SECOND_MS)} ${inSnapshot}`;
    const kept = this.kept.get(images);
    if (kept?.key === key) return kept.views;
    const views = Promise.all(images.map((image) => this.image(request, image, inSnapshot)));
    this.kept.set(images, { key, views });
    return views;
  }

  async image(request: FastifyRequest, image: TrainingImage, inSnapshot: boolean): Promise<Image> {
    const { id, createdAt, width, height, tags, metadata } = image;
    return {
      id: guidOf(id),
      created: toDate(createdAt),
      width,
      height,
      ...(await this.urlsOf(request, image, inSnapshot)),
      ...(tags.length === 0 ? {} : { tags: tags.map(toImageTag) }),
      ...(metadata === undefined ? {} : { metadata }),
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
      imageUri: originalImageUri,
      originalImageUri,
      resizedImageUri: resized ? await sign('thumbnails', resized) : originalImageUri,
      thumbnailUri: await sign('thumbnails', thumbnail),
    };
  }

  /** The URLs of a picture that nothing smaller has been made of yet. */
  async urlsOfContent(request: FastifyRequest, content: ContentReference): Promise<ImageUrls> {
    const { workspace } = principalOf(request);
    const uri = await this.urls.signContent(request, { area: 'originals', workspace, ...content });
    return { imageUri: uri, originalImageUri: uri, resizedImageUri: uri, thumbnailUri: uri };
  }
}

function toImageTag({ id, name, taggedAt }: TrainingImage['tags'][number]) {
  return { tagId: guidOf(id), tagName: name, created: toDate(taggedAt) };
}

export function toPredictions(tags: ServicePrediction['tags']): Prediction[] {
  return tags.map(({ tagId, name, type, probability }) => ({
    probability,
    tagId: guidOf(tagId),
    tagName: name,
    tagType: TAG_TYPE_NAMES[type],
  }));
}
