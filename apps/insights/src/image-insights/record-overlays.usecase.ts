import { Injectable } from '@nestjs/common';
import type { imageInsightContracts, ParsedRequestOf } from '@pentaprism/contracts';
import { notFound, toObjectId, Transactions } from '@pentaprism/database';
import { ImageInsightRepository } from './image-insight.repository.js';
import { OverlayRepository } from './overlay.repository.js';

type Requests = { [Name in keyof typeof imageInsightContracts]: ParsedRequestOf<(typeof imageInsightContracts)[Name]> };

/** Records the overlays of a job that runs, and returns those that its earlier starts have recorded. Each call may be repeated. */
@Injectable()
export class RecordOverlays {
  constructor(
    private readonly insights: ImageInsightRepository,
    private readonly overlays: OverlayRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Throws NOT_FOUND if the job has ended: what it records then would never be removed. */
  async record(
    workspace: string,
    { jobId, column, overlays }: Requests['recordOverlays'],
  ): Promise<{ imageIds: string[] }> {
    const id = toObjectId(jobId, 'job');
    const images = overlays.map(({ imageId, ...overlay }) => ({ ...overlay, image: toObjectId(imageId, 'image') }));
    const imageIds = await this.transactions.runInTurn([`${workspace}/${jobId}`], async (session) => {
      const insight = await this.insights.touch(workspace, id, session);
      if (!insight) throw notFound('job');
      const { project, _id } = insight;
      return this.overlays.put({ workspace, project, insight: _id, column }, images, session);
    });
    return { imageIds };
  }

  /** Throws NOT_FOUND if the job has ended. */
  async recorded(workspace: string, { jobId, column, after, limit }: Requests['recordedOverlays']) {
    const insight = toObjectId(jobId, 'job');
    if (!(await this.insights.exists(workspace, insight))) throw notFound('job');
    const found = await this.overlays.recorded({ insight, column }, after ? toObjectId(after, 'image') : null, limit);
    return {
      overlays: found.map(({ _id, image, map }) => ({
        imageId: image.toHexString(),
        overlayImageId: _id.toHexString(),
        map,
      })),
    };
  }
}
