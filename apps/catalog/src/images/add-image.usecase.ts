import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { Groups } from '@pentaprism/concurrency';
import {
  analyseContent,
  imageAdded,
  imageContentChanged,
  type ContentReference,
  type Image,
  type TagReference,
} from '@pentaprism/contracts';
import { asDomainError, notFound, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { currentContext, type CallContext } from '@pentaprism/observability';
import type { ClientSession, Types } from 'mongoose';
import { ContentRepository } from '../contents/content.repository.js';
import { CounterRepository } from '../directory/counter.repository.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository } from './image.repository.js';
import { toImage, type ImageDocument } from './image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { conflictingTags, TagStateRepository, type TagStates } from './tag-state.repository.js';
import { ANALYSIS_PRIORITY } from '../contents/analysis-priority.js';
import { ContentReferences } from '../contents/content-references.js';
import { factOf, ImageAdditions, newImage, withContent } from './image-additions.js';

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
  /** When its caller stops waiting, as in `CallContext`. */
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
    private readonly additions: ImageAdditions,
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
    return this.group.add(workspace, { project, createdBy: actor, context, deadline, ...request });
  }

  /**
   * Images whose callers still wait. The others were told that they failed, while a group before them waited for the
   * database: they would be made twice, and hold up those who come after an outage.
   */
  private async createAwaited(workspace: string, items: readonly GroupItem[]): Promise<(Image | DomainError)[]> {
    const now = performance.now();
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
    const drafts = items.map(({ announcedSize: size, ...item }, i) =>
      newImage(workspace, { ...item, size }, { number: first + i, second, createdAt }),
    );
    const { outcomes, jobs } = await this.transactions.run(async (session) => {
      const checked = await this.check(workspace, items, drafts, session);
      const contents = items.flatMap(({ content }, i) => (content && !DomainError.is(checked[i]) ? content : []));
      const referrals = await this.contents.referAll(workspace, contents, session);
      const outcomes = checked.map((image, i) => {
        const content = items[i]?.content;
        const state = content && referrals.get(content.sha256)?.state;
        return content && state && !DomainError.is(image) ? withContent(image, { ...content, state }) : image;
      });
      const news = distinct(contents).filter(({ sha256 }) => referrals.get(sha256)?.isNew);
      const jobs = await this.ledger.addAll(
        analyseContent,
        news.map((content) => jobOf(workspace, content)),
        session,
      );
      const added = outcomes.flatMap((image, i) => {
        const context = items[i]?.context;
        return context && !DomainError.is(image) ? [{ image, context }] : [];
      });
      await this.additions.add(workspace, added, session);
      return { outcomes, jobs };
    });
    this.afterCommit(jobs);
    return outcomes.map((outcome) => (DomainError.is(outcome) ? outcome : toImage(outcome)));
  }

  /** Each image, or its refusal: its project or one of its tags is not what it was when it was looked up. */
  private async check(
    workspace: string,
    items: readonly GroupItem[],
    drafts: readonly ImageDocument[],
    session: ClientSession,
  ): Promise<(ImageDocument | DomainError)[]> {
    const projects = drafts.map(({ project }) => project);
    const alive = await this.projects.aliveAmong(workspace, projects, session);
    const named = items.flatMap(({ tags }) => tags.map(({ id }) => id));
    const states = await this.tagStates.of(workspace, named, session);
    const checked = drafts.map((image, i) => {
      if (!alive.has(image.project.toHexString())) return notFound('project');
      return refusalOf(items[i]?.tags ?? [], states) ?? image;
    });
    const given = items.flatMap(({ tags }, i) => (DomainError.is(checked[i]) ? [] : tags));
    await this.tagStates.learn(workspace, given, states, session);
    return checked;
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
      { workspace, ids: [id], hashes: [reference.sha256] },
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
            [{ sha256: before.sha256, transient: before.expiresAt !== undefined }],
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
    const job = isNew ? await this.ledger.add(analyseContent, jobOf(workspace, content), session) : undefined;
    return { ...content, state, job };
  }

  /** Not awaited: the ledger and the outbox have everything, and the caller should not wait for queue and stream. */
  private afterCommit(jobs: readonly JobDocument[]): void {
    this.outbox.flush();
    if (jobs.length > 0) void this.queue.enqueue(...jobs);
  }
}

function jobOf(workspace: string, { sha256, size }: ContentReference) {
  return { workspace, payload: { workspace, sha256, size }, priority: ANALYSIS_PRIORITY.later };
}

/** Whether one of an image's tags was changed since it was looked up, or cannot stand beside the others. */
function refusalOf(tags: readonly TagReference[], states: TagStates): DomainError | undefined {
  try {
    states.check(tags);
    return states.conflict(tags) ? conflictingTags() : undefined;
  } catch (error) {
    if (DomainError.is(error)) return error;
    throw error;
  }
}

function distinct(contents: readonly ContentReference[]): ContentReference[] {
  return [...new Map(contents.map((content) => [content.sha256, content])).values()];
}
