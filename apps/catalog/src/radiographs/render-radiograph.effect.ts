import { Injectable } from '@nestjs/common';
import { imageAdded, renderRadiograph, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { Outbox, toObjectId } from '@pentaprism/database';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { ContentRepository } from '../contents/content.repository.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository } from '../images/image.repository.js';
import { ContentReferences } from '../contents/content-references.js';
import { NO_RESULT } from '../images/analyse-content.effect.js';
import { isStorageFault } from '../contents/storage-fault.js';

type Payload = JobPayload<typeof renderRadiograph>;
type Result = JobResult<typeof renderRadiograph>;

/** A radiograph gets the picture that was made of it; from then on it is an image like all others. */
@Injectable()
export class RenderRadiographEffect implements JobEffect<typeof renderRadiograph> {
  readonly type = renderRadiograph;

  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly counts: ImageCountRepository,
    private readonly references: ContentReferences,
    private readonly outbox: Outbox,
  ) {}

  async completed(job: JobDocument, result: Result, session: ClientSession): Promise<void> {
    const { workspace, imageId } = job.payload as Payload;
    if (result.state === 'undecodable') return this.setUndecodable(job, result.reason, session);
    const { content, ...analysis } = result;
    const id = toObjectId(imageId, 'image');
    await this.contents.referUnseen(workspace, content, session);
    await this.contents.setAnalyses(workspace, [{ sha256: content.sha256, result: analysis }], session);
    const before = await this.images.find(workspace, { id: imageId }, session);
    const image = await this.images.setContent(workspace, id, { ...content, state: 'decoded' }, session);
    // The image was deleted while its picture was being made, which is released again.
    if (!image) return this.references.release(workspace, [{ sha256: content.sha256, transient: true }], session);
    const { project, number } = image;
    const uploaded = before?.sha256 ? 0 : 1;
    await this.counts.note(workspace, project, [{ number, total: 0, uploaded }], session);
    if (before?.sha256 && before.sha256 !== content.sha256)
      await this.references.release(workspace, [{ sha256: before.sha256, transient: true }], session);
    const fact = { imageId, projectId: project.toHexString(), sha256: content.sha256 };
    await this.outbox.add(session, imageAdded, fact, workspace);
  }

  /** A radiograph may be deleted before its picture is made, and its bytes soon after. */
  async isWanted(job: JobDocument): Promise<boolean> {
    const { workspace, imageId } = job.payload as Payload;
    return (await this.images.find(workspace, { id: imageId })) !== null;
  }

  /**
   * It stays what it is for its own API, and is hidden where a picture is needed. Damaged or missing bytes say nothing
   * about the radiograph, which stays pending.
   */
  async ended(job: JobDocument, session: ClientSession): Promise<void> {
    if (isStorageFault(job)) return;
    await this.setUndecodable(job, NO_RESULT, session);
  }

  private async setUndecodable(job: JobDocument, reason: string, session: ClientSession): Promise<void> {
    const { workspace, imageId } = job.payload as Payload;
    const image = await this.images.setUndecodable(workspace, toObjectId(imageId, 'image'), reason, session);
    if (image) await this.counts.note(workspace, image.project, [], session);
  }
}
