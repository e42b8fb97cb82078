import { Injectable } from '@nestjs/common';
import {
  analyseContent,
  imageAdded,
  type ContentReference,
  type Image,
  type TagReference,
} from '@pentaprism/contracts';
import { notFound, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import { JobLedger, JobQueue, type JobDocument } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { ContentRepository, type ContentDocument } from '../adapters/mongo/content.repository.js';
import { CounterRepository } from '../adapters/mongo/counter.repository.js';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';
import { toImage, toTagDocuments, type ImageDocument } from '../adapters/mongo/image.schema.js';
import { ProjectRepository } from '../adapters/mongo/project.repository.js';

export interface NewImage {
  readonly projectId?: string | undefined;
  readonly fileName: string;
  readonly announcedSize: number;
  readonly tags: readonly TagReference[];
  readonly content: ContentReference | null;
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
  ) {}

  async create(caller: { workspace: string; actor: string }, request: NewImage): Promise<Image> {
    const { workspace } = caller;
    const project = await this.projects.resolveId(workspace, request.projectId);
    const { first: number, second } = await this.counters.nextInTime(workspace, 'image');
    // Within the second of the number: lists are ordered by one, and show the other.
    const createdAt = new Date(Math.min(Math.max(Date.now(), second * 1000), second * 1000 + 999));
    const draft: ImageDocument = {
      _id: new Types.ObjectId(),
      workspace,
      project,
      number,
      fileName: request.fileName,
      createdBy: caller.actor || 'anonymous',
      createdAt,
      createdSecond: second,
      uploadedAt: null,
      size: request.announcedSize,
      sha256: null,
      state: 'awaiting-file',
      draw: Math.random(),
      tags: toTagDocuments(request.tags),
    };
    const { image, job } = await this.inTurn(workspace, request.content?.sha256, async (session) => {
      const content = request.content && (await this.refer(workspace, request.content, session));
      const image = content ? withContent(draft, content, createdAt) : draft;
      await this.images.add(image, session);
      await this.counts.note(workspace, project, [{ number, total: 1, uploaded: content ? 1 : 0 }], session);
      if (image.sha256) await this.announce(image, image.sha256, session);
      return { image, job: content?.job };
    });
    this.afterCommit(job);
    return toImage(image);
  }

  /** Gives an image its bytes, or others than it had. */
  async attach(workspace: string, id: string, reference: ContentReference): Promise<Image> {
    const objectId = toObjectId(id, 'image');
    const { image, job } = await this.inTurn(workspace, reference.sha256, async (session) => {
      const before = await this.images.get(workspace, { id }, session);
      const content = await this.refer(workspace, reference, session);
      const image = await this.images.setContent(workspace, objectId, content, session);
      if (!image) throw notFound('image');
      const { project, number } = image;
      const uploaded = before.sha256 === null ? 1 : 0;
      await this.counts.note(workspace, project, [{ number, total: 0, uploaded }], session);
      if (before.sha256 !== null && before.sha256 !== content.sha256)
        await this.release(workspace, before.sha256, session);
      await this.announce(image, content.sha256, session);
      return { image, job: content.job };
    });
    this.afterCommit(job);
    return toImage(image);
  }

  /** Images that come or go with the same bytes write the same content: one after another. */
  inTurn<T>(
    workspace: string,
    sha256: string | null | undefined,
    work: (session: ClientSession) => Promise<T>,
  ): Promise<T> {
    return sha256 ? this.transactions.runInTurn(`${workspace}/${sha256}`, work) : this.transactions.run(work);
  }

  /** Lets go of bytes that an image pointed to; without another image they are orphans from now on. */
  async release(workspace: string, sha256: string, session: ClientSession): Promise<void> {
    const isOrphan = !(await this.images.refersTo(workspace, sha256, session));
    await this.contents.release(workspace, sha256, isOrphan, session);
  }

  private async refer(workspace: string, content: ContentReference, session: ClientSession) {
    const { state, isNew } = await this.contents.refer(workspace, content, session);
    const { sha256, size } = content;
    const job = isNew
      ? await this.ledger.add(analyseContent, { workspace, payload: { workspace, sha256, size } }, session)
      : undefined;
    return { ...content, state, job };
  }

  private announce(image: ImageDocument, sha256: string, session: ClientSession): Promise<void> {
    const fact = { imageId: image._id.toHexString(), projectId: image.project.toHexString(), sha256 };
    return this.outbox.add(session, imageAdded, fact, image.workspace);
  }

  /** Not awaited: the ledger and the outbox have everything, and the caller should not wait for queue and stream. */
  private afterCommit(job: JobDocument | undefined): void {
    this.outbox.flush();
    if (job) void this.queue.enqueue(job);
  }
}

function withContent(
  image: ImageDocument,
  content: ContentReference & { state: ContentDocument['state'] },
  uploadedAt: Date,
): ImageDocument {
  return { ...image, sha256: content.sha256, size: content.size, state: content.state, uploadedAt };
}
