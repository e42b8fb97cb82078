import { Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { imageContentChanged, imageDeleted } from '@pentaprism/contracts';
import { notFound, Outbox } from '@pentaprism/database';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository, type ImageKey } from '../adapters/mongo/image.repository.js';
import { AddImage } from './add-image.usecase.js';

@Injectable()
export class DeleteImage {
  constructor(
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
    private readonly addImage: AddImage,
    private readonly outbox: Outbox,
    private readonly bus: Bus,
  ) {}

  /** @throws DomainError NOT_FOUND, also the second time */
  async execute(workspace: string, key: ImageKey): Promise<{ id: string }> {
    const known = await this.images.get(workspace, key);
    const turn = { workspace, id: known._id.toHexString(), sha256: known.sha256 };
    const image = await this.addImage.inTurn(turn, async (session) => {
      const removed = await this.images.remove(workspace, key, session);
      if (!removed) throw notFound('image');
      const { _id, project, number, sha256 } = removed;
      await this.counts.note(workspace, project, [{ number, total: -1, uploaded: sha256 ? -1 : 0 }], session);
      if (sha256) await this.addImage.release(workspace, sha256, session);
      await this.outbox.add(
        session,
        imageDeleted,
        { imageId: _id.toHexString(), projectId: project.toHexString(), sha256 },
        workspace,
      );
      return removed;
    });
    this.outbox.flush();
    sendSignal(this.bus.connection, imageContentChanged, { workspace, imageId: image._id.toHexString() });
    return { id: image._id.toHexString() };
  }
}
