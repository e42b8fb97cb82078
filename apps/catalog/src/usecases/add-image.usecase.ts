import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { Groups } from '@pentaprism/concurrency';
import {
  analyseContent,
  imageAdded,
  imageContentChanged,
  type ContentReference,
  type ContentState,
  type Image,
  type TagReference,
} from '@pentaprism/contracts';
import { asDomainError, notFound, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { currentContext, type CallContext } from '@pentaprism/observability';
import { Types, type ClientSession } from 'mongoose';
import { ContentRepository } from '../adapters/mongo/content.repository.js';
import { CounterRepository } from '../adapters/mongo/counter.repository.js';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';
import { toImage, toTagDocuments, type ImageDocument } from '../adapters/mongo/image.schema.js';
import { ProjectRepository } from '../adapters/mongo/project.repository.js';
import { TagStateRepository, type TagStates } from '../adapters/mongo/tag-state.repository.js';
import { ContentReferences } from './content-references.js';

export interface NewImage {
  readonly projectId?: string | undefined;
  readonly fileName: string;
  readonly announcedSize: number;
  readonly tags: readonly TagReference[];
  readonly content: ContentReference | null;
}

/** An image that waits for the next transaction. */
interface GroupItem extends Omit<NewImage, 'projectId'> {
  readonly project: Types.ObjectId;
  readonly createdBy: string;
  readonly context: CallContext;
  /** Milliseconds since the epoch after which nobody waits for it any more. */
  readonly deadline: number;
}

/** Records images and the bytes they point to; new bytes get an analysis job in the same transaction. */
@Injectable()
export class AddImage {
  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly counts: ImageCountRepository,
    private readonly counters: CounterRepository,
    private readonly projects: ProjectRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly outbox: Outbox,
    private readonly tagStates: TagStateRepository,
    private readonly references: ContentReferences,
    private readonly bus: Bus,
  ) {}

  private readonly group = new Groups<GroupItem, Image>((workspace, items) => this.createAwaited(workspace, items));

  /** Images that come at the same time are written in one transaction. */
  async create(caller: { workspace: string; actor: string }, request: NewImage): Promise<Image> {
    const { workspace, actor } = caller;
    const project = await this.projects.resolveId(workspace, request.projectId);
    const context = this.outbox.contextFor(workspace);
    const deadline = currentContext()?.deadline ?? Infinity;
    return this.group.add(workspace, { project, createdBy: actor || 'anonymous', context, deadline, ...request });
  }

  /**
   * Images whose callers still wait. The others were told that they failed, while a group before them waited for the
   * database: they would be made twice, and hold up those who come after an outage.
   */
  private async createAwaited(workspace: string, items: readonly GroupItem[]): Promise<(Image | DomainError)[]> {
    const now = Date.now();
    const awaited = items.filter(({ deadline }) => deadline > now);
    try {
      const outcomes = awaited.length > 0 ? await this.createAll(workspace, awaited) : [];
      const byItem = new Map(awaited.map((item, i) => [item, outcomes[i]]));
      return items.map((item) => byItem.get(item) ?? new DomainError('DEADLINE_EXCEEDED', 'It waited for too long.'));
    } catch (error) {
      // The group must recognise an outage, or it would wait for it again with each of its items.
      throw asDomainError(error);
    }
  }

  private async createAll(workspace: string, items: readonly GroupItem[]): Promise<(Image | DomainError)[]> {
    const { first, second, at: createdAt } = await this.counters.nextInTime(workspace, 'image', items.length);
    const drafts = items.map((item, i) => draftOf(workspace, item, { number: first + i, second, createdAt }));
    const { outcomes, jobs } = await this.transactions.run(async (session) => {
      const allTags = drafts.flatMap(({ tags }) => tags);
      const states = await this.tagStates.of(workspace, allTags, session);
      const checked = drafts.map((draft) => checkTags(draft, states));
      const contents = items.flatMap(({ content }, i) => (content && !DomainError.is(checked[i]) ? content : []));
      const referrals = await this.contents.referAll(workspace, contents, session);
      const outcomes = checked.map((image, i) => {
        const content = items[i]?.content;
        const state = content && referrals.get(content.sha256)?.state;
        return content && state && !DomainError.is(image)
          ? withContent(image, { ...content, state }, createdAt)
          : image;
      });
      const images = outcomes.filter((outcome): outcome is ImageDocument => !DomainError.is(outcome));
      if (images.length === 0) return { outcomes, jobs: [] };
      await this.images.addAll(images, session);
      const news = distinct(contents).filter(({ sha256 }) => referrals.get(sha256)?.isNew);
      const jobs = await this.ledger.addAll(
        analyseContent,
        news.map(({ sha256, size }) => ({ workspace, payload: { workspace, sha256, size } })),
        session,
      );
      await this.noteAdded(workspace, images, session);
      const facts = outcomes.flatMap((image, i) => {
        const context = items[i]?.context;
        return !DomainError.is(image) && image.sha256 && context
          ? [{ data: factOf(image, image.sha256), context }]
          : [];
      });
      await this.outbox.addAll(session, imageAdded, facts);
      return { outcomes, jobs };
    });
    this.afterCommit(jobs);
    return outcomes.map((outcome) => (DomainError.is(outcome) ? outcome : toImage(outcome)));
  }

  private async noteAdded(workspace: string, images: readonly ImageDocument[], session: ClientSession): Promise<void> {
    const projects = new Map(images.map(({ project }) => [project.toHexString(), project]));
    for (const [key, project] of projects) {
      const mine = images.filter((image) => image.project.toHexString() === key);
      const changes = mine.map(({ number, sha256 }) => ({ number, total: 1, uploaded: sha256 ? 1 : 0 }));
      await this.counts.note(workspace, project, changes, session);
    }
  }

  /**
   * Gives an image its bytes, or others than it had.
   * @param ifUploadedAt when it got its present ones, null for none: otherwise CONFLICT; undefined for any
   */
  async attach(
    workspace: string,
    id: string,
    reference: ContentReference,
    ifUploadedAt?: number | null,
  ): Promise<Image> {
    const objectId = toObjectId(id, 'image');
    const { image, job } = await this.references.inTurn(
      { workspace, id, hashes: [reference.sha256] },
      async (session) => {
        const before = await this.images.get(workspace, { id }, session);
        if (ifUploadedAt !== undefined && ifUploadedAt !== (before.uploadedAt?.getTime() ?? null))
          throw new DomainError('CONFLICT', 'The image has got another file meanwhile.');
        const content = await this.refer(workspace, reference, session);
        const image = await this.images.setContent(workspace, objectId, content, session);
        if (!image) throw notFound('image');
        const { project, number } = image;
        const uploaded = before.sha256 === null ? 1 : 0;
        await this.counts.note(workspace, project, [{ number, total: 0, uploaded }], session);
        if (before.sha256 !== null && before.sha256 !== content.sha256)
          await this.references.release(
            workspace,
            before.sha256,
            { transient: before.expiresAt !== undefined },
            session,
          );
        await this.outbox.add(session, imageAdded, factOf(image, content.sha256), workspace);
        return { image, job: content.job };
      },
    );
    this.afterCommit(job ? [job] : []);
    sendSignal(this.bus.connection, imageContentChanged, { workspace, imageId: id });
    return toImage(image);
  }

  private async refer(workspace: string, content: ContentReference, session: ClientSession) {
    const { state, isNew } = await this.contents.refer(workspace, content, session);
    const { sha256, size } = content;
    const job = isNew
      ? await this.ledger.add(analyseContent, { workspace, payload: { workspace, sha256, size } }, session)
      : undefined;
    return { ...content, state, job };
  }

  /** Not awaited: the ledger and the outbox have everything, and the caller should not wait for queue and stream. */
  private afterCommit(jobs: readonly JobDocument[]): void {
    this.outbox.flush();
    if (jobs.length > 0) void this.queue.enqueue(...jobs);
  }
}

function draftOf(
  workspace: string,
  { project, fileName, createdBy, announcedSize, tags }: GroupItem,
  { number, second, createdAt }: { number: number; second: number; createdAt: Date },
): ImageDocument {
  return {
    _id: new Types.ObjectId(),
    workspace,
    project,
    number,
    fileName,
    createdBy,
    createdAt,
    createdSecond: second,
    uploadedAt: null,
    size: announcedSize,
    sha256: null,
    state: 'awaiting-file',
    draw: Math.random(),
    tags: toTagDocuments(tags),
  };
}

/** The image, or its refusal: one of its tags was renamed or deleted since it was looked up. */
function checkTags(image: ImageDocument, states: TagStates): ImageDocument | DomainError {
  try {
    states.check(image.tags);
    return image;
  } catch (error) {
    if (DomainError.is(error)) return error;
    throw error;
  }
}

function withContent(
  image: ImageDocument,
  content: ContentReference & { state: ContentState },
  uploadedAt: Date,
): ImageDocument {
  const { sha256, size, mediaType, state } = content;
  return { ...image, sha256, size, mediaType, state, uploadedAt };
}

function distinct(contents: readonly ContentReference[]): ContentReference[] {
  return [...new Map(contents.map((content) => [content.sha256, content])).values()];
}

function factOf(image: ImageDocument, sha256: string) {
  return { imageId: image._id.toHexString(), projectId: image.project.toHexString(), sha256 };
}
