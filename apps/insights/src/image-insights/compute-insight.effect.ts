import { Injectable } from '@nestjs/common';
import { computeActivationMaps, computeEmbeddings, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { ImageInsightRepository } from './image-insight.repository.js';

type Type = typeof computeEmbeddings | typeof computeActivationMaps;

/** Notes where the files of insights are. If they could not be computed, they can be requested again. */
@Injectable()
abstract class ComputeInsightEffect<J extends Type> implements JobEffect<J> {
  abstract readonly type: J;

  constructor(private readonly insights: ImageInsightRepository) {}

  async completed({ _id, workspace }: JobDocument, result: JobResult<J>, session: ClientSession): Promise<void> {
    await this.insights.complete(workspace, _id, result.columns, session);
  }

  isWanted({ _id, workspace }: JobDocument, session: ClientSession): Promise<boolean> {
    return this.insights.exists(workspace, _id, session);
  }

  /** Its overlays are removed by the next round. */
  async ended({ _id, workspace }: JobDocument, session: ClientSession): Promise<void> {
    await this.insights.remove(workspace, _id, session);
  }
}

@Injectable()
export class ComputeEmbeddingsEffect extends ComputeInsightEffect<typeof computeEmbeddings> {
  readonly type = computeEmbeddings;
}

@Injectable()
export class ComputeActivationMapsEffect extends ComputeInsightEffect<typeof computeActivationMaps> {
  readonly type = computeActivationMaps;
}
