import { Injectable } from '@nestjs/common';
import { RadiographRepository } from './radiograph.repository.js';
import { DeleteImage } from '../images/delete-image.usecase.js';
import { ExpireImages } from '../housekeeping/expire-images.usecase.js';

const BATCH = 100;

/** The ends of radiographs before their time: by their owner, or with their session. */
@Injectable()
export class DeleteRadiographs {
  constructor(
    private readonly radiographs: RadiographRepository,
    private readonly deleteImage: DeleteImage,
    private readonly expireImages: ExpireImages,
  ) {}

  /** @throws DomainError NOT_FOUND */
  async delete(workspace: string, key: string): Promise<void> {
    const { _id } = await this.radiographs.get(workspace, key);
    await this.deleteImage.execute(workspace, { id: _id.toHexString() });
  }

  /** @returns how many there were; again after a failure, it deletes those that are left */
  async endSession(workspace: string, sessionId: string): Promise<{ deleted: number }> {
    let deleted = 0;
    for (;;) {
      const ids = await this.radiographs.idsOfSession(workspace, sessionId, BATCH);
      deleted += await this.expireImages.removeAll(ids.map((_id) => ({ _id, workspace })));
      if (ids.length < BATCH) return { deleted };
    }
  }
}
