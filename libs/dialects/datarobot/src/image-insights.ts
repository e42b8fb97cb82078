import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageInsightContracts, INSIGHTS_AREA, MAX_COMPUTED_PER_CALL, type InsightFile } from '@pentaprism/contracts';
import { DomainError, type InsightKind } from '@pentaprism/domain';
import { Contents, principalOf, type Paging } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { linesOf } from './lines.js';
import { openPortions } from './portions.js';
import { sendPage, type Exchange } from './streams.js';
import { linkTo } from './wire/links.js';
import { asListed, LISTED_JOBS, toJobBody } from './wire/job.js';
import { existingId } from './wire/parameters.js';

/** What two kinds of insights have in common. */
@Injectable()
export class ImageInsights {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  /** Sends a page of models and image columns. Throws NOT_FOUND if there is no such project. */
  async sendComputed(
    exchange: Exchange,
    kind: InsightKind,
    { id, path }: { id: string; path: string },
    paging: Paging,
  ) {
    const projectId = existingId(id, 'project');
    const read = async (offset: number, limit: number) => {
      const { insights, total } = await this.bus.call(imageInsightContracts.computed, {
        projectId,
        kind,
        offset,
        limit,
      });
      return { items: insights, total };
    };
    const opened = await openPortions(read, paging, MAX_COMPUTED_PER_CALL);
    const page = { link: linkTo(exchange.request, 'projects', projectId, path), paging };
    sendPage(exchange, page, opened, ({ candidateId, column }) => ({ modelId: candidateId, featureName: column }));
  }

  /** Begins to compute insights, and returns the job. Throws NOT_FOUND; FAILED_PRECONDITION for the second time. */
  async compute({ request, reply }: Exchange, kind: InsightKind, { id, model }: { id: string; model: string }) {
    const projectId = existingId(id, 'project');
    const key = { projectId, candidateId: existingId(model, 'model'), kind };
    const job = await this.bus.call(imageInsightContracts.compute, key);
    const listed = asListed(job, { projectId, types: LISTED_JOBS });
    if (!listed) throw new Error('a job of insights is not listed');
    const body = toJobBody(request, listed);
    void reply.header('Location', body.url);
    return body;
  }

  /** Finds a file of insights; null if they are not computed. Throws NOT_FOUND; INVALID_ARGUMENT for an unknown column. */
  async find(
    kind: InsightKind,
    { id, model }: { id: string; model: string },
    column: string,
  ): Promise<InsightFile | null> {
    const key = { projectId: existingId(id, 'project'), candidateId: existingId(model, 'model'), kind, column };
    try {
      return (await this.bus.call(imageInsightContracts.get, key)).insight;
    } catch (error) {
      if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
      const message = 'featureName: the model does not use an image column of this name';
      throw new DomainError('INVALID_ARGUMENT', message, { field: 'featureName' }, { cause: error });
    }
  }

  /** Returns the lines of a file. Throws NOT_FOUND if the insights were removed in the meantime. */
  async lines(request: FastifyRequest, { file }: InsightFile): Promise<AsyncGenerator<string[], void>> {
    const { workspace } = principalOf(request);
    const { sha256, size, mediaType } = file;
    const content = { area: INSIGHTS_AREA, workspace, sha256, size, mediaType } as const;
    return linesOf(await this.contents.open(content, { mayBeGone: true }));
  }
}
