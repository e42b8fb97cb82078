import { Injectable } from '@nestjs/common';
import { fitting, largestText } from '@pentaprism/bus';
import type { TagGroups } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { LRUCache } from 'lru-cache';
import {
  BLOCK_NUMBERS,
  ImageCountRepository,
  type ImageBlock,
  type ImageCountsNow,
} from '../projects/image-count.repository.js';
import { ImageListRepository, type ImageFilter, type ListStart } from './image-list.repository.js';
import type { ImageDocument } from './image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { FindImages } from './find-images.usecase.js';
import { remember } from './remember.js';

export interface ImageQuery {
  readonly projectId?: string | undefined;
  readonly createdFrom?: number | undefined;
  readonly createdTo?: number | undefined;
  readonly uploadedOnly: boolean;
  readonly tagGroups: TagGroups;
  readonly known?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

/** Bytes of a sentence that says why a file is no picture. */
const LARGEST_REASON = 1000;
/** Totals that are remembered, of all projects together. */
const REMEMBERED_TOTALS = 10_000;
/** Projects whose blocks are remembered: at most a few thousand numbers each. */
const REMEMBERED_BLOCKS = 100;
/** Blocks whose beginning is remembered. */
const REMEMBERED_STARTS = 10_000;

/**
 * Pages of images with their totals. Nothing is ever answered from memory without a look at the project's revision,
 * which every change of an image moves: what was found under one revision holds as long as that one is current.
 */
@Injectable()
export class ListImages {
  private readonly totals = new LRUCache<string, Promise<number>>({ max: REMEMBERED_TOTALS });
  private readonly blocks = new LRUCache<string, Promise<ImageBlock[]>>({ max: REMEMBERED_BLOCKS });
  /** Of all blocks but the newest: seconds grow with numbers, so that what once was above a block stays above it. */
  private readonly starts = new LRUCache<string, Promise<ListStart | undefined>>({ max: REMEMBERED_STARTS });

  constructor(
    private readonly images: ImageListRepository,
    private readonly counts: ImageCountRepository,
    private readonly projects: ProjectRepository,
    private readonly find: FindImages,
  ) {}

  async execute(workspace: string, query: ImageQuery) {
    const project = await this.projects.resolveId(workspace, query.projectId);
    // Before the images: a change in between makes the answer newer than its revision, never older.
    const counts = await this.counts.get(workspace, project);
    const revision = `${project.toHexString()}.${counts.revision}`;
    if (query.known === revision) return { images: [], total: 0, revision, unchanged: true };
    const filter = {
      project,
      createdFrom: query.createdFrom,
      createdTo: query.createdTo,
      uploadedOnly: query.uploadedOnly,
      tagGroups: query.tagGroups.map((group) => (group === 'any' ? group : group.map((id) => toObjectId(id, 'tag')))),
    };
    const [images, total] = await Promise.all([
      this.page(workspace, filter, counts, query),
      this.total(workspace, filter, counts, query),
    ]);
    const shown = await this.find.withReasons(workspace, fitting(images, largestSize));
    return { images: shown, total, revision, unchanged: false };
  }

  private async page(
    workspace: string,
    filter: ImageFilter,
    counts: ImageCountsNow,
    { offset, limit }: ImageQuery,
  ): Promise<ImageDocument[]> {
    if (offset < BLOCK_NUMBERS || !isWhole(filter)) return this.images.page(workspace, filter, { offset, limit });
    const place = await this.findPlace(workspace, filter, counts, offset);
    if (!place) return [];
    return this.images.page(workspace, filter, { offset: place.offset, limit, start: place.start });
  }

  /** Where a deep page begins: in which block of numbers, and how far in it. Undefined past the end. */
  private async findPlace(
    workspace: string,
    { project, uploadedOnly }: ImageFilter,
    { revision }: ImageCountsNow,
    offset: number,
  ): Promise<{ start: ListStart | undefined; offset: number } | undefined> {
    const key = `${project.toHexString()} ${revision}`;
    const blocks = await remember(this.blocks, key, () => this.counts.blocks(workspace, project));
    let before = 0;
    for (const [i, { lastNumber, ...counts }] of blocks.entries()) {
      const count = uploadedOnly ? counts.uploaded : counts.total;
      if (before + count > offset) {
        // The newest block begins where the list does.
        const start = i === 0 ? undefined : await this.startOf(workspace, lastNumber);
        return start ? { start, offset: offset - before } : { start, offset };
      }
      before += count;
    }
    return undefined;
  }

  private async startOf(workspace: string, lastNumber: number): Promise<ListStart | undefined> {
    const key = `${workspace} ${lastNumber}`;
    const start = await remember(this.starts, key, () => this.images.startAt(workspace, lastNumber));
    // All higher ones have just been deleted: the list is walked from its beginning, this time.
    if (!start) this.starts.delete(key);
    return start;
  }

  /** Kept for whole projects; counted in the index, once for each revision, for anything else. */
  private async total(workspace: string, filter: ImageFilter, counts: ImageCountsNow, query: ImageQuery) {
    if (isWhole(filter)) return filter.uploadedOnly ? counts.uploaded : counts.total;
    const { createdFrom, createdTo, uploadedOnly, tagGroups } = query;
    const condition = JSON.stringify([createdFrom, createdTo, uploadedOnly, tagGroups]);
    const key = `${filter.project.toHexString()} ${counts.revision} ${condition}`;
    return remember(this.totals, key, () => this.images.count(workspace, filter));
  }
}

/** Whether the filter takes all images of the project, or all that are uploaded. */
function isWhole({ createdFrom, createdTo, tagGroups }: ImageFilter): boolean {
  return createdFrom === undefined && createdTo === undefined && tagGroups.length === 0;
}

/** Ids, numbers and member names are counted generously. */
function largestSize({ fileName, createdBy, tags, state }: ImageDocument): number {
  return tags.reduce(
    (sum, { name }) => sum + 100 + largestText(name),
    600 + (state === 'undecodable' ? LARGEST_REASON : 0) + largestText(fileName) + largestText(createdBy),
  );
}
