import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { imageContentChanged, imageDeleted } from '@pentaprism/contracts';
import { notFound, Outbox } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository, type ImageKey } from '../adapters/mongo/image.repository.js';
import type { ImageDocument } from '../adapters/mongo/image.schema.js';
import { ContentReferences } from './content-references.js';

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
    return this.remove(await this.images.get(workspace, key));
  }

  /** Removes an image whose time is over. @returns false when somebody else has done it */
  async expire(workspace: string, id: string): Promise<boolean> {
    const image = await this.images.find(workspace, { id });
    if (!image) return false;
    try {
      await this.remove(image);
      return true;
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }

  private async remove({ workspace, _id, sha256, radiograph }: ImageDocument): Promise<{ id: string }> {
    const id = _id.toHexString();
    const hashes = hashesOf(sha256, radiograph?.source.sha256);
    await this.references.inTurn({ workspace, id, hashes }, async (session) => {
      const removed = await this.images.remove(workspace, _id, session);
      if (!removed) throw notFound('image');
      const { project, number, sha256, radiograph } = removed;
      await this.counts.note(workspace, project, [{ number, total: -1, uploaded: sha256 ? -1 : 0 }], session);
      const transient = removed.expiresAt !== undefined;
      for (const hash of hashesOf(sha256, radiograph?.source.sha256))
        await this.references.release(workspace, hash, { transient }, session);
      const fact = { imageId: id, projectId: project.toHexString(), sha256 };
      await this.outbox.add(session, imageDeleted, fact, workspace);
    });
    this.outbox.flush();
    sendSignal(this.bus.connection, imageContentChanged, { workspace, imageId: id });
    return { id };
  }
}

/** Those that there are, each once. */
function hashesOf(...hashes: (string | null | undefined)[]): string[] {
  return [...new Set(hashes.flatMap((hash) => hash ?? []))];
}
