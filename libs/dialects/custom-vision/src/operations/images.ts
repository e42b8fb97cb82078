import { Injectable } from '@nestjs/common';
import {
  iterationContracts,
  projectContracts,
  taggingContracts,
  trainingImageContracts,
  type TrainingImage,
} from '@pentaprism/contracts';
import {
  DomainError,
  MAX_IMAGES_PER_BATCH,
  MAX_TAGGINGS_PER_BATCH,
  MAX_TAGS_PER_BATCH,
  MAX_TRAINING_PAGE_SIZE,
} from '@pentaprism/domain';
import { principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import {
  METADATA_STATUSES,
  type Image,
  type ImageMetadataUpdateSummary,
  type ImageTagCreateSummary,
  type Prediction,
} from '../v3/models.js';
import { refusal } from '../wire/codes.js';
import { guidOf, idInPath, idOrNothing, knownIds } from '../wire/ids.js';
import { required } from '../wire/query.js';
import type { ImageMetadata } from './inputs.js';
import { ImagePages } from './image-pages.js';
import { ImageViews, toPredictions } from './image-view.js';
import { Snapshots, type Snapshot } from './iteration-view.js';
import { Services } from './services.js';

export const TAGGINGS = ['All', 'Tagged', 'Untagged'] as const;
export type Tagging = (typeof TAGGINGS)[number];

/** Which images: GUIDs are parsed already. */
export interface Selection {
  readonly iterationId?: string | undefined;
  readonly tagging: Tagging;
  readonly tagIds?: readonly string[] | undefined;
}

export interface Page extends Selection {
  readonly orderBy: 'Newest' | 'Oldest';
  readonly take: number;
  readonly skip: number;
}

/** One tag for one image, as GUIDs. */
export interface TagPair {
  readonly imageId: string;
  readonly tagId: string;
}

const TAGGING = { All: 'all', Tagged: 'tagged', Untagged: 'untagged' } as const;
const ORDER = { Newest: 'newest', Oldest: 'oldest' } as const;

/** The images of a project, now or as they were when an iteration was trained. */
@Injectable()
export class Images {
  constructor(
    private readonly services: Services,
    private readonly pages: ImagePages,
    private readonly snapshots: Snapshots,
    private readonly views: ImageViews,
  ) {}

  async list(request: FastifyRequest, project: string, page: Page): Promise<readonly Image[]> {
    const snapshot = await this.snapshots.find(project, page.iterationId);
    const images = await this.pages.read(principalOf(request).workspace, {
      ...selectionOf(snapshot, page),
      order: ORDER[page.orderBy],
      offset: page.skip,
      limit: page.take,
    });
    return this.views.images(request, images, snapshot.snapshotId !== undefined);
  }

  /**
   * What the iteration of a page predicted for its images, by their GUIDs; empty in the workspace, and before the
   * iteration has been trained.
   */
  async predictionsFor(project: string, page: Page): Promise<Map<string, Prediction[]>> {
    const { projectId, snapshotId: iterationId } = await this.snapshots.find(project, page.iterationId);
    const seen = new Map<string, Prediction[]>();
    if (iterationId === undefined || page.take === 0) return seen;
    try {
      for (let [end, offset] = [false, page.skip]; !end && offset < page.skip + page.take;) {
        const part = await this.services.call(iterationContracts.imagePerformances, {
          projectId,
          iterationId,
          ...(page.tagIds ? { anyOfTags: page.tagIds.map(idOrNothing) } : {}),
          order: ORDER[page.orderBy],
          offset,
          limit: page.skip + page.take - offset,
        });
        for (const { id, predictions } of part.images) seen.set(guidOf(id), toPredictions(predictions));
        offset += part.images.length;
        end = part.end || part.images.length === 0;
      }
    } catch (error) {
      if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
    }
    return seen;
  }

  async count(project: string, selection: Selection): Promise<number> {
    const snapshot = await this.snapshots.find(project, selection.iterationId);
    return (await this.services.call(trainingImageContracts.count, selectionOf(snapshot, selection))).count;
  }

  /** Oldest first, as the original answers; ids that nothing has are left out. */
  async byIds(
    request: FastifyRequest,
    project: string,
    imageIds: readonly string[],
    iterationId: string | undefined,
  ): Promise<readonly Image[]> {
    const snapshot = await this.snapshots.find(project, iterationId);
    const ids = knownIds(imageIds);
    const images: TrainingImage[] = [];
    for (let at: number | null = 0; at !== null;) {
      const rest: string[] = ids.slice(at);
      const part = await this.services.call(trainingImageContracts.getMany, { ...snapshot, ids: rest });
      images.push(...part.images);
      // Places of what was asked for: those before it are answered.
      at = part.next === null || part.next === 0 ? null : at + part.next;
    }
    images.sort((a, b) => a.createdAt - b.createdAt);
    return this.views.images(request, images, snapshot.snapshotId !== undefined);
  }

  /** Those that do not exist are passed over. */
  async delete(project: string, imageIds: readonly string[]): Promise<void> {
    const projectId = idInPath(project, 'project');
    const ids = knownIds(imageIds);
    if (ids.length > 0) await this.services.call(trainingImageContracts.deleteMany, { projectId, ids });
    else await this.requireProject(projectId);
  }

  /** All images of the project, a page at a time; a second call goes on with what the first one left. */
  async deleteAll(project: string): Promise<void> {
    const projectId = idInPath(project, 'project');
    for (;;) {
      const page = { projectId, limit: MAX_TRAINING_PAGE_SIZE };
      const { images } = await this.services.call(trainingImageContracts.list, page);
      if (images.length === 0) return;
      await this.services.call(trainingImageContracts.deleteMany, { projectId, ids: images.map(({ id }) => id) });
    }
  }

  /** @throws DomainError BadRequestExceededBatchSize, BadRequestImageBatch */
  async addMetadata(
    project: string,
    imageIds: readonly string[],
    metadata: ImageMetadata,
  ): Promise<ImageMetadataUpdateSummary> {
    const projectId = idInPath(project, 'project');
    const guids = [...new Set(imageIds)];
    if (guids.length === 0) throw refusal('BadRequestImageBatch', 'There is no id of an image.');
    if (guids.length > MAX_IMAGES_PER_BATCH)
      throw refusal('BadRequestExceededBatchSize', `A batch has at most ${MAX_IMAGES_PER_BATCH} images.`);
    const ids = guids.map(idOrNothing);
    const { outcomes } = await this.services.call(trainingImageContracts.addMetadata, { projectId, ids, metadata });
    const images = outcomes.map((outcome, i) => ({
      imageId: guids[i] ?? '',
      status: METADATA_STATUSES[outcome.status],
      metadata: outcome.status === 'not-found' ? null : outcome.metadata,
    }));
    return { isBatchSuccessful: images.every(({ status }) => status === 'OK'), images };
  }

  /** @throws DomainError BadRequestImageBatch, BadRequestExceededBatchSize; BadRequestInvalidIds for what does not exist */
  async addTags(project: string, pairs: readonly TagPair[]): Promise<ImageTagCreateSummary> {
    const projectId = idInPath(project, 'project');
    if (pairs.length === 0) throw refusal('BadRequestImageBatch', 'The batch is empty.');
    if (pairs.length > MAX_TAGGINGS_PER_BATCH)
      throw refusal('BadRequestExceededBatchSize', `A batch has at most ${MAX_TAGGINGS_PER_BATCH} tags.`);
    const taggings = pairs.map((pair) => ({ imageId: idOrNothing(pair.imageId), tagId: idOrNothing(pair.tagId) }));
    const { statuses } = await this.services.call(taggingContracts.tagImages, { projectId, taggings });
    const those = (status: (typeof statuses)[number]) =>
      pairs.filter((_, i) => statuses[i] === status).map(({ imageId, tagId }) => ({ imageId, tagId }));
    return { created: those('created'), duplicated: those('present'), exceeded: those('exceeded') };
  }

  /** Takes each tag from each image; those that do not exist are passed over. */
  async removeTags(
    project: string,
    imageGuids: readonly string[] | undefined,
    tagGuids: readonly string[] | undefined,
  ): Promise<void> {
    const projectId = idInPath(project, 'project');
    const imageIds = knownIds(required(imageGuids, 'imageIds')).slice(0, MAX_IMAGES_PER_BATCH);
    const tagIds = knownIds(required(tagGuids, 'tagIds')).slice(0, MAX_TAGS_PER_BATCH);
    if (imageIds.length === 0 || tagIds.length === 0) await this.requireProject(projectId);
    else await this.services.call(trainingImageContracts.removeTags, { projectId, imageIds, tagIds });
  }

  /** @throws DomainError NotFoundProject, where nothing else would find out */
  private async requireProject(projectId: string): Promise<void> {
    await this.services.call(projectContracts.resolve, { id: projectId });
  }
}

function selectionOf(snapshot: Snapshot, { tagging, tagIds }: Selection) {
  return {
    ...snapshot,
    tagging: TAGGING[tagging],
    // An id that is none of ours is carried by no image.
    ...(tagIds ? { anyOfTags: tagIds.map(idOrNothing) } : {}),
  };
}
