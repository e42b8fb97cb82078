import { Injectable } from '@nestjs/common';
import {
  projectContracts,
  trainingImageContracts,
  trainingIngestContracts,
  type ArrivalSource,
  type ResponseOf,
} from '@pentaprism/contracts';
import {
  fromUuid,
  MAX_IMAGE_URL_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_METADATA_PAIRS,
  MAX_TAGS_PER_BATCH,
} from '@pentaprism/domain';
import { releaseBody } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { ImageCreateSummary } from '../v3/models.js';
import { PICTURES_BODY_LIMIT, readModel } from '../wire/body.js';
import { refusal } from '../wire/codes.js';
import { idInPath, idOrNothing } from '../wire/ids.js';
import { V3_STATUSES } from '../wire/statuses.js';
import { Arrivals, fileNameOf, refused } from './arrivals.js';
import { ImageViews } from './image-view.js';
import { imageFileCreateBatch, type FileBatch, type IdBatch, type ImageMetadata, type UrlBatch } from './inputs.js';
import { Services } from './services.js';

interface Entry {
  readonly source: ArrivalSource;
  readonly fileName: string;
  /** What the answer calls it. */
  readonly sourceUrl: string | null;
  /** GUIDs. */
  readonly tagIds: readonly string[];
}

type AddedImage = ResponseOf<typeof trainingIngestContracts.addImages>['results'][number];

/** What batches have in common, whatever is in them. */
interface Batch {
  readonly images: readonly { readonly tagIds: readonly string[] }[];
  readonly tagIds: readonly string[];
}

/** Images that come in, in the four ways of the original. */
@Injectable()
export class Uploads {
  constructor(
    private readonly services: Services,
    private readonly arrivals: Arrivals,
    private readonly views: ImageViews,
  ) {}

  /** @param tagIds GUIDs of the query, for all of them */
  async fromData(request: FastifyRequest, project: string, tagIds: readonly string[]): Promise<ImageCreateSummary> {
    const projectId = await this.projectOf(project);
    const arrived = await this.arrivals.receive(request, MAX_IMAGES_PER_BATCH);
    if (arrived.length === 0) throw refusal('BadRequestImageBatch', 'There is no file in the request.');
    const entries = arrived.map(({ name, source }) => ({
      source,
      fileName: fileNameOf(name),
      sourceUrl: name,
      tagIds: [],
    }));
    return this.add(request, projectId, entries, tagIds);
  }

  /** The body is in memory until its pictures are in the blob store. */
  async fromFiles(request: FastifyRequest, project: string): Promise<ImageCreateSummary> {
    const batch = await readModel(request, imageFileCreateBatch, PICTURES_BODY_LIMIT);
    const { projectId, entries, tagIds } = await this.decoded(request, project, batch);
    releaseBody(request);
    return this.add(request, projectId, entries, tagIds, batch.metadata);
  }

  async fromUrls(request: FastifyRequest, project: string, batch: UrlBatch): Promise<ImageCreateSummary> {
    checkBatch(batch);
    const entries = batch.images.map(({ url, tagIds }): Entry => {
      const source: ArrivalSource =
        url && url.length <= MAX_IMAGE_URL_LENGTH
          ? { kind: 'url', url }
          : refused('source-error', `A URL has 1 to ${MAX_IMAGE_URL_LENGTH} characters.`);
      return { source, fileName: '', sourceUrl: url ?? null, tagIds };
    });
    return this.add(request, idInPath(project, 'project'), entries, batch.tagIds, batch.metadata);
  }

  async fromPredictions(request: FastifyRequest, project: string, batch: IdBatch): Promise<ImageCreateSummary> {
    checkBatch(batch);
    const entries = batch.images.map(({ id: guid, tagIds }): Entry => {
      const id = fromUuid(guid);
      const source: ArrivalSource =
        id === undefined
          ? refused('source-error', 'There is no such prediction with a picture.')
          : { kind: 'prediction', id };
      return { source, fileName: '', sourceUrl: guid, tagIds };
    });
    return this.add(request, idInPath(project, 'project'), entries, batch.tagIds, batch.metadata);
  }

  private async decoded(request: FastifyRequest, project: string, batch: FileBatch) {
    checkBatch(batch);
    const projectId = await this.projectOf(project);
    const entries: Entry[] = [];
    try {
      for (const { name, contents, tagIds } of batch.images) {
        const source = await this.arrivals.decode(request, contents);
        entries.push({ source, fileName: fileNameOf(name), sourceUrl: name ?? null, tagIds });
      }
    } catch (error) {
      this.arrivals.discard(entries);
      throw error;
    }
    return { projectId, entries, tagIds: batch.tagIds };
  }

  /** Before any byte is kept. @throws DomainError NotFoundProject */
  private async projectOf(project: string): Promise<string> {
    const id = idInPath(project, 'project');
    await this.services.call(projectContracts.resolve, { id });
    return id;
  }

  private async add(
    request: FastifyRequest,
    projectId: string,
    entries: readonly Entry[],
    tagIds: readonly string[],
    metadata: ImageMetadata | null = {},
  ): Promise<ImageCreateSummary> {
    const images = entries.map((entry) => ({
      fileName: entry.fileName,
      source: entry.source,
      tagIds: idsOf(entry.tagIds),
    }));
    let added;
    try {
      added = await this.services.call(trainingIngestContracts.addImages, { projectId, tagIds: idsOf(tagIds), images });
    } catch (error) {
      this.arrivals.discard(entries);
      throw error;
    }
    const noted = await this.note(projectId, added.results, metadata ?? {});
    const results = await Promise.all(
      noted.map(async ({ status, image, reason }, i) => ({
        sourceUrl: entries[i]?.sourceUrl ?? null,
        status: V3_STATUSES[status],
        image: image && (await this.views.image(request, image, false)),
        ...(reason === undefined ? {} : { message: reason }),
      })),
    );
    return { isBatchSuccessful: results.every(({ status }) => status === 'OK'), images: results };
  }

  /**
   * Adds the metadata of a batch to its images, also to those that were there before. Where that fails, the client gets an
   * error, and the images are duplicates when the batch is sent again.
   */
  private async note(
    projectId: string,
    results: readonly AddedImage[],
    metadata: ImageMetadata,
  ): Promise<readonly AddedImage[]> {
    const ids = [...new Set(results.flatMap(({ image }) => image?.id ?? []))];
    if (ids.length === 0 || Object.keys(metadata).length === 0) return results;
    const { outcomes } = await this.services.call(trainingImageContracts.addMetadata, { projectId, ids, metadata });
    const known = new Map(ids.map((id, i) => [id, outcomes[i]]));
    return results.map((result): AddedImage => {
      const outcome = result.image ? known.get(result.image.id) : undefined;
      if (!result.image || !outcome || outcome.status === 'not-found') return result;
      const image = { ...result.image, metadata: outcome.metadata };
      const reason = `The image would have more than ${MAX_METADATA_PAIRS} pairs of metadata, so those of the batch were not added.`;
      return { ...result, image, ...(outcome.status === 'too-many' ? { reason } : {}) };
    });
  }
}

/**
 * How many images and different tags a batch has: also before any byte is kept.
 * @throws DomainError BadRequestImageBatch, BadRequestExceededBatchSize
 */
function checkBatch({ images, tagIds }: Batch): void {
  if (images.length === 0) throw refusal('BadRequestImageBatch', 'The batch is empty.');
  if (images.length > MAX_IMAGES_PER_BATCH)
    throw refusal('BadRequestExceededBatchSize', `A batch has at most ${MAX_IMAGES_PER_BATCH} images.`);
  const lists = [tagIds, ...images.map((image) => image.tagIds)];
  const different = new Set(lists.flat());
  if (different.size > MAX_TAGS_PER_BATCH || tagIds.length > MAX_TAGS_PER_BATCH)
    throw refusal('BadRequestExceededBatchSize', `A batch has at most ${MAX_TAGS_PER_BATCH} tags.`);
}

function idsOf(guids: readonly string[]): string[] {
  return [...new Set(guids.map(idOrNothing))];
}
