import { Injectable } from '@nestjs/common';
import { makeSamples, type FactData, type imageDeleted } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { JobLedger } from '@pentaprism/jobs';
import { DeletedImageRepository } from '../adapters/mongo/deleted-image.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';

/** An image was deleted: what was made of it goes too. Their bytes follow when nothing refers to them. */
@Injectable()
export class ForgetImage {
  constructor(
    private readonly samples: SampleRepository,
    private readonly deletedImages: DeletedImageRepository,
    private readonly ledger: JobLedger,
  ) {}

  async execute(workspace: string, { imageId }: FactData<typeof imageDeleted>): Promise<void> {
    const image = toObjectId(imageId, 'image');
    // A job under way may have chosen it, and would bring it back. A job that comes later cannot choose it any more.
    if ((await this.ledger.countPending(workspace, makeSamples)) > 0)
      await this.deletedImages.remember(workspace, image);
    await this.samples.removeOfSource(workspace, image);
  }
}
