import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { imageContentChanged, imageDeleted } from '@pentaprism/contracts';
import { notFound, Outbox } from '@pentaprism/database';
import type { ClientSession, Types } from 'mongoose';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository, type ImageKey, type RemovedImage } from './image.repository.js';
import { ContentReferences } from '../contents/content-references.js';

/** Images of one transaction: some hundred milliseconds, so that it neither blocks uploads nor runs out of time. */
const BATCH = 64;

@Injectable()
export class DeleteImage {
  constructor(
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
    private readonly references: ContentReferences,
    private readonly outbox: Outbox,
    private readonly bus: Bus,
  ) {}

  /** @throws DomainError NOT_FOUND, also the second time, and for an image that has expired */
  async execute(workspace: string, key: ImageKey): Promise<{ id: string }> {
    const { _id } = await this.images.get(workspace, key);
    if ((await this.removeAll(workspace, [_id])) === 0) throw notFound('image');
    return { id: _id.toHexString() };
  }

  /**
   * Removes those of the images that there are, expired and hidden ones, too; all of a batch or none.
   * @returns how many were removed, without those that another call has removed
   */
  async removeAll(workspace: string, ids: readonly Types.ObjectId[]): Promise<number> {
    let removed = 0;
    for (let start = 0; start < ids.length; start += BATCH)
      removed += await this.removeBatch(workspace, ids.slice(start, start + BATCH));
    return removed;
  }

  private async removeBatch(workspace: string, ids: readonly Types.ObjectId[]): Promise<number> {
    const keys = ids.map((id) => id.toHexString());
    const hashes = await this.images.hashesOf(workspace, ids);
    const removed = await this.references.inTurn({ workspace, ids: keys, hashes }, async (session) => {
      const images = await this.images.removeAll(workspace, ids, session);
      if (images.length > 0) await this.follow(workspace, images, session);
      return images;
    });
    if (removed.length === 0) return 0;
    this.outbox.flush();
    for (const { _id } of removed)
      sendSignal(this.bus.connection, imageContentChanged, { workspace, imageId: _id.toHexString() });
    return removed.length;
  }

  /** Everything that changes with images that are gone. */
  private async follow(workspace: string, images: readonly RemovedImage[], session: ClientSession): Promise<void> {
    const projects = new Map(images.map(({ project }) => [project.toHexString(), project]));
    for (const project of projects.values()) {
      const mine = images.filter((image) => image.project.equals(project));
      const changes = mine.map(({ number, sha256 }) => ({ number, total: -1, uploaded: sha256 ? -1 : 0 }));
      await this.counts.note(workspace, project, changes, session);
    }
    const released = images.flatMap(({ sha256, radiograph, expiresAt }) =>
      [sha256, radiograph?.source.sha256].flatMap((hash) =>
        hash ? [{ sha256: hash, transient: expiresAt !== undefined }] : [],
      ),
    );
    await this.references.release(workspace, released, session);
    const context = this.outbox.contextFor(workspace);
    const facts = images.map(({ _id, project, sha256 }) => ({
      data: { imageId: _id.toHexString(), projectId: project.toHexString(), sha256 },
      context,
    }));
    await this.outbox.addAll(session, imageDeleted, facts);
  }
}
