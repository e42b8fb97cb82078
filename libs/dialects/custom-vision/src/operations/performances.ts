import { Injectable } from '@nestjs/common';
import { iterationContracts } from '@pentaprism/contracts';
import type { FastifyRequest } from 'fastify';
import type { ImagePerformance, IterationPerformance } from '../v3/models.js';
import { guidOf, idOrNothing, toDate } from '../wire/ids.js';
import { ImageViews, toPredictions } from './image-view.js';
import type { Page } from './images.js';
import { keyOf } from './iterations.js';
import { Services } from './services.js';

/** From which probability on a tag counts as seen, where a client does not say. */
const DEFAULT_THRESHOLD = 0.5;

type Filter = Pick<Page, 'tagIds' | 'orderBy' | 'take' | 'skip'>;

/** How well the model of an iteration does, with images that it had not seen. */
@Injectable()
export class Performances {
  constructor(
    private readonly services: Services,
    private readonly views: ImageViews,
  ) {}

  async get(project: string, iteration: string, threshold = DEFAULT_THRESHOLD): Promise<IterationPerformance> {
    const key = keyOf(project, iteration);
    const { tags, ...overall } = await this.services.call(iterationContracts.performance, { ...key, threshold });
    return {
      perTagPerformance: tags.map(({ tagId, name, ...figures }) => ({
        id: guidOf(tagId),
        name,
        ...toFigures(figures),
      })),
      ...toFigures(overall),
    };
  }

  async images(request: FastifyRequest, project: string, iteration: string, page: Filter): Promise<ImagePerformance[]> {
    const key = keyOf(project, iteration);
    const found: ImagePerformance[] = [];
    for (let end = false; !end && found.length < page.take;) {
      const part = await this.services.call(iterationContracts.imagePerformances, {
        ...key,
        ...(page.tagIds ? { anyOfTags: page.tagIds.map(idOrNothing) } : {}),
        order: page.orderBy === 'Newest' ? 'newest' : 'oldest',
        offset: page.skip + found.length,
        limit: page.take - found.length,
      });
      for (const { predictions, ...image } of part.images) {
        const { originalImageUri, thumbnailUri, tags, id, width, height } = await this.views.image(
          request,
          image,
          true,
        );
        found.push({
          predictions: toPredictions(predictions),
          id,
          created: toDate(image.createdAt),
          width,
          height,
          imageUri: originalImageUri,
          thumbnailUri,
          ...(tags ? { tags } : {}),
        });
      }
      end = part.end || part.images.length === 0;
    }
    return found;
  }

  /** Images that the iteration was trained on. */
  async count(project: string, iteration: string, tagIds: readonly string[] | undefined): Promise<number> {
    const { total } = await this.services.call(iterationContracts.imagePerformances, {
      ...keyOf(project, iteration),
      ...(tagIds ? { anyOfTags: tagIds.map(idOrNothing) } : {}),
      order: 'newest',
      offset: 0,
      limit: 0,
    });
    return total;
  }
}

interface Figures {
  readonly precision: number;
  readonly precisionDeviation: number;
  readonly recall: number;
  readonly recallDeviation: number;
  readonly averagePrecision: number | null;
}

function toFigures({ precision, precisionDeviation, recall, recallDeviation, averagePrecision }: Figures) {
  return {
    precision,
    precisionStdDeviation: precisionDeviation,
    recall,
    recallStdDeviation: recallDeviation,
    averagePrecision,
  };
}
