import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, trainingImageContracts, type DatasetColumn } from '@pentaprism/contracts';
import { MAX_TRAINING_PAGE_SIZE } from '@pentaprism/domain';

/** The columns of a project that was not made of a dataset. */
export const LIVE_IMAGE_COLUMN = 'image';
const LIVE_TAG_COLUMN = 'tag';

/** Projects that were not made of a dataset, as tables: a row for each present image, with its tags. */
@Injectable()
export class LiveTables {
  constructor(private readonly bus: Bus) {}

  /** Throws NOT_FOUND. */
  async columns(projectId: string): Promise<DatasetColumn[]> {
    const [{ training }, { tagged, untagged, tags }] = await Promise.all([
      this.bus.call(projectContracts.get, { id: projectId }),
      this.bus.call(trainingImageContracts.countByTag, { projectId }),
    ]);
    return [
      {
        index: 0,
        name: LIVE_IMAGE_COLUMN,
        type: 'Image',
        uniqueCount: tagged + untagged,
        missingCount: 0,
        lowInformation: tagged + untagged < 2,
        statistics: null,
      },
      {
        index: 1,
        name: LIVE_TAG_COLUMN,
        type: training.classificationType === 'multilabel' ? 'Multicategorical' : 'Categorical',
        uniqueCount: tags.length,
        missingCount: untagged,
        lowInformation: tags.length < 2,
        statistics: null,
      },
    ];
  }

  /** Lists images, oldest first, and no more at a time than the catalog does. Throws NOT_FOUND. */
  async images(projectId: string, { offset, limit }: { offset: number; limit: number }) {
    const page = { offset, limit: Math.min(limit, MAX_TRAINING_PAGE_SIZE), order: 'oldest' } as const;
    const [{ images }, { count }] = await Promise.all([
      this.bus.call(trainingImageContracts.list, { projectId, ...page }),
      this.bus.call(trainingImageContracts.count, { projectId }),
    ]);
    return { images: images.map(({ id, width, height }) => ({ imageId: id, width, height })), total: count };
  }
}
