import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  imageContracts,
  MAX_DECODED_IMAGES_PER_PAGE,
  MAX_PERCEPTUAL_HASHES_PER_CALL,
  MAX_PROJECT_CONTENTS_PER_PAGE,
  modelingContracts,
} from '@pentaprism/contracts';
import { DomainError, MAX_COMPARED_IMAGES, systemDate } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';
import { ImageColumn, type ColumnImage } from './image-column.js';
import { KeyedTurns } from './keyed-turns.js';

/** Images that are cached, of all columns together: about 300 bytes each. */
const MAX_CACHED_IMAGES = 300_000;
/** Milliseconds after which a column with images that have not been analysed yet is read again. */
export const INCOMPLETE_MS = 10_000;

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
  private readonly cache = new LRUCache<string, Cached>({ maxSize: MAX_CACHED_IMAGES });
  private readonly turns = new KeyedTurns();

  constructor(private readonly bus: Bus) {}

  /** Throws NOT_FOUND; INVALID_ARGUMENT for a column that is no image column; FAILED_PRECONDITION for too many images. */
  get(workspace: string, { projectId, column }: ColumnRequest): Promise<ImageColumn> {
    const key = JSON.stringify([workspace, projectId, column]);
    return this.turns.run(key, async () => {
      const cached = this.cache.get(key);
      const now = systemDate().getTime();
      const expired = !cached || now >= cached.validUntil;
      const incomplete = cached && cached.column.pending > 0 && now >= cached.readAt + INCOMPLETE_MS;
      const known = expired || incomplete ? undefined : cached.revision;
      const listed = (await this.ofDataset(projectId, column, known)) ?? (await this.ofCatalog(projectId, known));
      if (listed === 'unchanged') return (cached as Cached).column;
      const { images, ...state } = listed;
      const hashes = await this.hashesOf(images, cached?.column.perceptualHashes);
      const read = new ImageColumn(key, images, hashes, state.undecoded);
      // What has been computed of a column is kept with it.
      const kept = cached?.column.equals(read) ? cached.column : read;
      this.cache.set(key, { ...state, column: kept, readAt: now }, { size: images.length + 1 });
      return kept;
    });
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
    known: ReadonlyMap<string, string> = new Map(),
  ): Promise<Map<string, string>> {
    const hashes = new Map<string, string>();
    const missing = new Set<string>();
    for (const { sha256 } of images) {
      const hash = known.get(sha256);
      if (hash === undefined) missing.add(sha256);
      else hashes.set(sha256, hash);
    }
    for (const batch of batches([...missing], MAX_PERCEPTUAL_HASHES_PER_CALL)) {
      const { contents } = await this.bus.call(contentContracts.perceptualHashes, { hashes: batch });
      for (const { sha256, perceptualHash } of contents) hashes.set(sha256, perceptualHash);
    }
    return hashes;
  }
}

function checkCount(images: number): void {
  if (images > MAX_COMPARED_IMAGES)
    throw new DomainError(
      'FAILED_PRECONDITION',
      `The column has more than ${MAX_COMPARED_IMAGES.toLocaleString('en')} images, which is as many as can be compared.`,
      { reason: 'too-many-images' },
    );
}

/** Returns the values in arrays of at most `size`. */
export function batches<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) => values.slice(i * size, (i + 1) * size));
}
