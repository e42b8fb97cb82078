import { Inject, Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  imageContracts,
  MAX_DECODED_IMAGES_PER_PAGE,
  MAX_PERCEPTUAL_HASHES_PER_CALL,
  MAX_PROJECT_CONTENTS_PER_PAGE,
  modelingContracts,
} from '@pentaprism/contracts';
import { DomainError, MAX_COMPARED_IMAGES, MAX_NEAR_DUPLICATE_IMAGES, systemDate } from '@pentaprism/domain';
import { currentContext, newTraceId, runWithContext } from '@pentaprism/observability';
import { LRUCache } from 'lru-cache';
import { INSIGHTS_CONFIG, type InsightsConfig } from '../config/config.js';
import { ImageColumn, type ColumnImage, type ImageHashes } from './image-column.js';
import { KeyedTurns } from './keyed-turns.js';

/** Images that are cached for each mebibyte of embeddings: about 300 bytes each. As many compressed embeddings fit into it. */
const CACHED_IMAGES_PER_MEBIBYTE = 820;
/** Milliseconds after which a column with images that have not been analysed yet is read again: at least, and for each image. */
const INCOMPLETE_MS = 10_000;
const INCOMPLETE_MS_PER_IMAGE = 0.1;

/** Returns the milliseconds after which a column is read again while some of its images have not been analysed. */
export function incompleteMs({ images }: ImageColumn): number {
  return Math.max(INCOMPLETE_MS, INCOMPLETE_MS_PER_IMAGE * images.length);
}

export interface ColumnRequest {
  readonly projectId: string;
  /** Absent: the first image column. */
  readonly column?: string | undefined;
}

interface Listed {
  readonly images: ColumnImage[];
  readonly undecoded: number;
  readonly revision: string;
  /** Milliseconds since the epoch from which on one of the images has expired. */
  readonly validUntil: number;
}

interface Cached extends Omit<Listed, 'images'> {
  readonly column: ImageColumn;
  readonly readAt: number;
}

/**
 * The images of projects. A list is cached, and used again only if its owner confirms that it has not changed, so a deleted
 * image is in no list that is read after its deletion.
 */
@Injectable()
export class ImageColumns {
  private readonly cache: LRUCache<string, Cached>;
  private readonly turns = new KeyedTurns();

  constructor(
    private readonly bus: Bus,
    @Inject(INSIGHTS_CONFIG) { SIMILARITY_MEMORY }: InsightsConfig,
  ) {
    // A column that is not cached has its near duplicates computed again for each page.
    const maxSize = Math.max(MAX_NEAR_DUPLICATE_IMAGES + 1, SIMILARITY_MEMORY * CACHED_IMAGES_PER_MEBIBYTE);
    this.cache = new LRUCache({ maxSize });
  }

  /**
   * Throws NOT_FOUND; INVALID_ARGUMENT for a column that is no image column; FAILED_PRECONDITION for too many images; DEADLINE_EXCEEDED
   * if the turn of this request begins after its deadline.
   */
  get(workspace: string, request: ColumnRequest): Promise<ImageColumn> {
    const key = JSON.stringify([workspace, request.projectId, request.column]);
    const { traceId = newTraceId(), deadline = Number.POSITIVE_INFINITY } = currentContext() ?? {};
    return this.turns.run(key, () => {
      if (performance.now() > deadline)
        throw new DomainError('DEADLINE_EXCEEDED', 'The time for this request is over.');
      // Without the deadline of the request: a million images can take longer to list, and the next request uses the list.
      return runWithContext({ traceId, workspace, actor: '' }, () => this.read(key, request));
    });
  }

  private async read(key: string, { projectId, column }: ColumnRequest): Promise<ImageColumn> {
    const cached = this.cache.get(key);
    const now = systemDate().getTime();
    const expired = !cached || now >= cached.validUntil;
    const incomplete = cached && cached.column.pending > 0 && now >= cached.readAt + incompleteMs(cached.column);
    const known = expired || incomplete ? undefined : cached.revision;
    const listed = (await this.ofDataset(projectId, column, known)) ?? (await this.ofCatalog(projectId, known));
    if (listed === 'unchanged') return (cached as Cached).column;
    const { images, ...state } = listed;
    const isFew = images.length <= MAX_NEAR_DUPLICATE_IMAGES;
    const hashes = isFew ? await this.hashesOf(images, cached?.column.hashes) : null;
    const read = new ImageColumn(key, images, hashes, state.undecoded);
    // What has been computed of a column is kept with it.
    const kept = cached?.column.equals(read) ? cached.column : read;
    this.cache.set(key, { ...state, column: kept, readAt: now }, { size: images.length + 1 });
    return kept;
  }

  /** Returns null if the project is not made of a dataset. */
  private async ofDataset(
    projectId: string,
    column: string | undefined,
    known: string | undefined,
  ): Promise<Listed | 'unchanged' | null> {
    const images: ColumnImage[] = [];
    let revision: string | undefined;
    for (;;) {
      const { list } = await this.bus.call(modelingContracts.contents, {
        projectId,
        ...(column === undefined ? {} : { column }),
        ...(known === undefined ? {} : { known }),
        offset: images.length,
        limit: MAX_PROJECT_CONTENTS_PER_PAGE,
      });
      if (!list) return null;
      if (list.unchanged) return 'unchanged';
      checkCount(list.total);
      // Of the first page: a change in between makes the list newer than its revision, never older.
      revision ??= list.revision;
      images.push(...list.images);
      if (images.length >= list.total || list.images.length === 0)
        return { images, undecoded: 0, revision, validUntil: Number.POSITIVE_INFINITY };
    }
  }

  private async ofCatalog(projectId: string, known: string | undefined): Promise<Listed | 'unchanged'> {
    const images: ColumnImage[] = [];
    let first: { revision: string; undecoded: number } | undefined;
    let validUntil = Number.POSITIVE_INFINITY;
    let after: { second: number; number: number } | undefined;
    for (;;) {
      const page = await this.bus.call(imageContracts.listDecoded, {
        projectId,
        ...(after ? { after } : {}),
        ...(known === undefined || after ? {} : { known }),
        limit: MAX_DECODED_IMAGES_PER_PAGE,
      });
      if (page.unchanged) return 'unchanged';
      first ??= { revision: page.revision, undecoded: page.pending };
      for (const { id, sha256, expiresAt } of page.images) {
        images.push({ imageId: id, sha256, rowCount: 1 });
        if (expiresAt !== undefined) validUntil = Math.min(validUntil, expiresAt);
      }
      checkCount(images.length);
      if (!page.next) return { images, ...first, validUntil };
      after = page.next;
    }
  }

  private async hashesOf(
    images: readonly ColumnImage[],
    known: ReadonlyMap<string, ImageHashes> | null = null,
  ): Promise<Map<string, ImageHashes>> {
    const hashes = new Map<string, ImageHashes>();
    const missing = new Set<string>();
    for (const { sha256 } of images) {
      const found = known?.get(sha256);
      // An analysis of an earlier version is completed later.
      if (found?.pixelDigest === undefined) missing.add(sha256);
      else hashes.set(sha256, found);
    }
    for (const batch of batches([...missing], MAX_PERCEPTUAL_HASHES_PER_CALL)) {
      const { contents } = await this.bus.call(contentContracts.perceptualHashes, { hashes: batch });
      for (const { sha256, ...found } of contents) hashes.set(sha256, found);
    }
    return hashes;
  }
}

function checkCount(images: number): void {
  if (images > MAX_COMPARED_IMAGES) throw tooManyImages(MAX_COMPARED_IMAGES);
}

/** The refusal of a column that has more images than can be compared. */
export function tooManyImages(limit: number): DomainError {
  const most = limit.toLocaleString('en');
  const sentence = `The column has more than ${most} images, which is as many as can be compared.`;
  return new DomainError('FAILED_PRECONDITION', sentence, { reason: 'too-many-images' });
}

/** Returns the values in arrays of at most `size`. */
export function batches<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}
