import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  candidateContracts,
  computeActivationMaps,
  computeEmbeddings,
  type JobPayload,
  type JobResult,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { ImageInsightRepository } from './image-insight.repository.js';

type Type = typeof computeEmbeddings | typeof computeActivationMaps;

/** Notes where the files of insights are. If they could not be computed, they can be requested again. */
@Injectable()
abstract class ComputeInsightEffect<J extends Type> implements JobEffect<J> {
  abstract readonly type: J;

  constructor(
    private readonly bus: Bus,
    private readonly insights: ImageInsightRepository,
  ) {}

  async completed({ _id, workspace }: JobDocument, result: JobResult<J>, session: ClientSession): Promise<void> {
    await this.insights.complete(workspace, _id, result.columns, session);
  }

  async isWanted({ _id, workspace, payload }: JobDocument): Promise<boolean> {
    if (!(await this.insights.exists(workspace, _id))) return false;
    const { projectId, candidateId } = payload as JobPayload<Type>;
    try {
      await this.bus.call(candidateContracts.get, { projectId, candidateId }, { context: { workspace } });
      return true;
    } catch (error) {
      // Another error says nothing about the candidate.
      return !DomainError.is(error, 'NOT_FOUND');
    }
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
