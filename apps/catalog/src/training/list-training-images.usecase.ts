import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus, fitting, largestText, watchSignal } from '@pentaprism/bus';
import {
  contentAnalysed,
  type ParsedRequestOf,
  type ResponseOf,
  type TrainingImage,
  type trainingImageContracts,
} from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { systemNow } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';
import { ContentRepository, type PictureContent } from '../contents/content.repository.js';
import type { MetadataPair } from '../images/image.schema.js';
import { ImageCountRepository, shownRevision } from '../projects/image-count.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import {
  toTrainingImage,
  TrainingImageRepository,
  type CountUntil,
  type TagCounts,
  type TrainingFilter,
  type TrainingImageDocument,
  type TrainingScope,
} from './training-image.repository.js';
import { ManageSnapshots } from './manage-snapshots.usecase.js';
import { remember } from '../images/remember.js';

type Contracts = typeof trainingImageContracts;
type Source = ParsedRequestOf<Contracts['countByTag']>;
type Selection = ParsedRequestOf<Contracts['count']>;

/** Counts that are remembered, of all projects together. */
const REMEMBERED_COUNTS = 10_000;
/** Projects and snapshots whose counts of all tags are remembered: up to 10,000 tags each. */
const REMEMBERED_TAG_COUNTS = 100;

/** Descriptions of contents that are remembered, of less than a kilobyte each. */
const REMEMBERED_PICTURES = 20_000;
/**
 * Milliseconds. Bytes are not removed for at least a minute after the last image that has them: within this time, the ones
 * that are remembered are there. Pictures that are made again meanwhile are signalled; this bounds the effect of a lost signal.
 */
const PICTURE_MS = 50_000;

/** Pages and counts of the pictures of a project, or as they were when a snapshot was taken of it. */
@Injectable()
export class ListTrainingImages implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly counts = new LRUCache<string, Promise<CountUntil>>({ max: REMEMBERED_COUNTS });
  private readonly pictures = new LRUCache<string, PictureContent>({ max: REMEMBERED_PICTURES, ttl: PICTURE_MS });
  private readonly tagCounts = new LRUCache<string, Promise<TagCounts>>({ max: REMEMBERED_TAG_COUNTS });
  private stopWatching = () => {};

  constructor(
    private readonly images: TrainingImageRepository,
    private readonly contents: ContentRepository,
    private readonly imageCounts: ImageCountRepository,
    private readonly projects: ProjectRepository,
    private readonly snapshots: ManageSnapshots,
    private readonly bus: Bus,
  ) {}

  onApplicationBootstrap(): void {
    this.stopWatching = watchSignal(this.bus.connection, contentAnalysed, ({ workspace, sha256 }) => {
      this.pictures.delete(`${workspace}/${sha256}`);
    });
  }

  onModuleDestroy(): void {
    this.stopWatching();
  }

  async list(workspace: string, request: ParsedRequestOf<Contracts['list']>): Promise<ResponseOf<Contracts['list']>> {
    const scope = await this.scopeOf(workspace, request);
    // Before the images: a change in between makes the answer newer than its revision, never older.
    const revision = await this.keyOf(scope);
    if (request.known === revision) return { images: [], end: false, revision, unchanged: true };
    const { order, offset, limit } = request;
    // One more tells whether these are the last ones.
    const found = await this.images.page(scope, filterOf(request), { order, offset, limit: limit + 1 });
    const page = fitting(found.slice(0, limit), largestTrainingImage);
    return {
      images: await this.describe(workspace, page),
      end: page.length === found.length,
      // The end of an image is no change that moves the revision.
      revision: found.some(({ expiresAt }) => expiresAt) ? null : revision,
      unchanged: false,
    };
  }

  async count(workspace: string, request: Selection): Promise<{ count: number }> {
    const scope = await this.scopeOf(workspace, request);
    const filter = filterOf(request);
    const key = `${await this.keyOf(scope)} ${request.tagging} ${request.anyOfTags?.join() ?? '-'}`;
    const { count } = await rememberUntil(this.counts, key, () => this.images.count(scope, filter));
    return { count };
  }

  async countByTag(workspace: string, request: Source): Promise<ResponseOf<Contracts['countByTag']>> {
    const scope = await this.scopeOf(workspace, request);
    const key = await this.keyOf(scope);
    const { tagged, untagged, tags } = await rememberUntil(this.tagCounts, key, () => this.images.countByTag(scope));
    return { tagged, untagged, tags: tags.map(({ tagId, count }) => ({ tagId: tagId.toHexString(), count })) };
  }

  async getMany(
    workspace: string,
    request: ParsedRequestOf<Contracts['getMany']>,
  ): Promise<ResponseOf<Contracts['getMany']>> {
    const scope = await this.scopeOf(workspace, request);
    return this.getFrom(scope, request.ids);
  }

  /** In the order of the ids; `next`: the place of the first one that did not fit, null when all did. */
  async getFrom(scope: TrainingScope, ids: readonly string[]): Promise<ResponseOf<Contracts['getMany']>> {
    const keys = ids.map((id) => toObjectId(id, 'image'));
    const found = await this.images.findMany(scope, keys);
    const byId = new Map(found.map((image) => [(image.image ?? image._id).toHexString(), image]));
    const wanted = ids.map((id) => byId.get(id));
    const fit = fitting(wanted, (image) => (image ? largestTrainingImage(image) : 0));
    const images = await this.describe(
      scope.workspace,
      fit.flatMap((image) => image ?? []),
    );
    return { images, next: fit.length < ids.length ? fit.length : null };
  }

  private async describe(workspace: string, images: readonly TrainingImageDocument[]): Promise<TrainingImage[]> {
    if (images.length === 0) return [];
    const keyOf = ({ sha256 }: { sha256: string }) => `${workspace}/${sha256}`;
    const missing = images.filter((image) => !this.pictures.has(keyOf(image))).map(({ sha256 }) => sha256);
    const found =
      missing.length > 0
        ? await this.contents.findPictures(workspace, [...new Set(missing)])
        : new Map<string, PictureContent>();
    for (const picture of found.values()) this.pictures.set(keyOf(picture), picture);
    return images.flatMap((image) => {
      const picture = found.get(image.sha256) ?? this.pictures.get(keyOf(image));
      return picture ? [toTrainingImage(image, picture)] : [];
    });
  }

  /** @throws DomainError NOT_FOUND */
  private async scopeOf(workspace: string, { projectId, snapshotId }: Source): Promise<TrainingScope> {
    const { _id: project } = await this.projects.get(workspace, projectId);
    const copy = snapshotId === undefined ? undefined : await this.snapshots.find(workspace, project, snapshotId);
    return { workspace, project, copy };
  }

  /** Names a state of what is counted; that of a snapshot never changes. */
  private async keyOf({ workspace, project, copy }: TrainingScope): Promise<string> {
    if (copy) return copy.toHexString();
    return `${project.toHexString()} ${shownRevision(await this.imageCounts.get(workspace, project))}`;
  }
}

function filterOf({ tagging, anyOfTags }: Selection): TrainingFilter {
  return { tagging, anyOfTags: anyOfTags && [...new Set(anyOfTags)].map((id) => toObjectId(id, 'tag')) };
}

/** As `remember`, until an image that was counted expires. */
async function rememberUntil<T extends { readonly until: Date | null }>(
  cache: LRUCache<string, Promise<T>>,
  key: string,
  find: () => Promise<T>,
): Promise<T> {
  const known = await remember(cache, key, find);
  if (!known.until || known.until.getTime() > systemNow()) return known;
  cache.delete(key);
  return remember(cache, key, find);
}

/** Bytes in an answer at most: ids, hashes and member names are counted generously. */
export function largestTrainingImage({
  fileName,
  tags,
  metadata = [],
}: {
  readonly fileName: string;
  readonly tags: readonly { readonly name: string }[];
  readonly metadata?: readonly MetadataPair[] | undefined;
}): number {
  const pairs = metadata.reduce((sum, { key, value }) => sum + 10 + largestText(key) + largestText(value), 0);
  return tags.reduce((sum, { name }) => sum + 120 + largestText(name), 1000 + pairs + largestText(fileName));
}
