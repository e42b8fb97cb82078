import { Injectable } from '@nestjs/common';
import { Bus, fitting, largestText } from '@pentaprism/bus';
import { candidateContracts, type imageInsightContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { ImageInsightRepository } from './image-insight.repository.js';
import { OverlayRepository } from './overlay.repository.js';

type Requests = { [Name in keyof typeof imageInsightContracts]: ParsedRequestOf<(typeof imageInsightContracts)[Name]> };

/** Finds insights that are computed. Those of a candidate that was deleted are not found. */
@Injectable()
export class FindInsights {
  constructor(
    private readonly bus: Bus,
    private readonly insights: ImageInsightRepository,
    private readonly overlays: OverlayRepository,
  ) {}

  /** Throws NOT_FOUND if there is no such project. */
  async computed(workspace: string, { projectId, kind, offset, limit }: Requests['computed']) {
    const { candidates } = await this.bus.call(candidateContracts.list, { projectId, state: 'trained' });
    const of = {
      project: toObjectId(projectId, 'project'),
      kind,
      candidates: candidates.map(({ id }) => toObjectId(id, 'model')),
    };
    const { insights, total } = await this.insights.computed(workspace, of, { offset, limit });
    return { insights: fitting(insights, ({ column }) => 100 + largestText(column)), total };
  }

  /** Throws NOT_FOUND; INVALID_ARGUMENT if the candidate does not use the column. */
  async get(workspace: string, { projectId, candidateId, kind, column }: Requests['get']) {
    const { imageColumns } = await this.bus.call(candidateContracts.get, { projectId, candidateId });
    if (!imageColumns.includes(column))
      throw new DomainError('INVALID_ARGUMENT', 'The model does not use an image column of this name.', {
        field: 'column',
      });
    const insight = await this.insights.find(workspace, { candidate: toObjectId(candidateId, 'model'), kind });
    const found = insight?.columns?.find((each) => each.column === column);
    if (!found) return { insight: null };
    const { file, images, map } = found;
    return { insight: { file, images, map } };
  }

  async positions(workspace: string, { key }: Requests['positions']) {
    const columns = await this.insights.withPositions(workspace, key);
    return { file: columns.find(({ positions }) => positions === key)?.file ?? null };
  }

  /** Throws NOT_FOUND. */
  async overlay(workspace: string, { projectId, imageId }: Requests['overlay']) {
    const project = toObjectId(projectId, 'project');
    const found = await this.overlays.find(workspace, project, toObjectId(imageId, 'image'));
    const insight = found && (await this.insights.findById(workspace, found.insight));
    if (!insight) throw notFound('image');
    // NOT_FOUND if the candidate was deleted, whose overlays are removed later.
    await this.bus.call(candidateContracts.get, { projectId, candidateId: insight.candidate.toHexString() });
    const { content, width, height } = found;
    return { imageId, content, width, height };
  }
}
