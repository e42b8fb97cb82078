import { Injectable } from '@nestjs/common';
import type { imageInsightContracts, ParsedRequestOf } from '@pentaprism/contracts';
import { notFound, toObjectId, Transactions } from '@pentaprism/database';
import { ImageInsightRepository } from './image-insight.repository.js';
import { OverlayRepository } from './overlay.repository.js';

type Request = ParsedRequestOf<typeof imageInsightContracts.recordOverlays>;

/** Records the overlays of a job that runs. Each call may be repeated. */
@Injectable()
export class RecordOverlays {
  constructor(
    private readonly insights: ImageInsightRepository,
    private readonly overlays: OverlayRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Throws NOT_FOUND if the job has ended: what it records then would never be removed. */
  async execute(workspace: string, { jobId, column, overlays }: Request): Promise<{ imageIds: string[] }> {
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
}
