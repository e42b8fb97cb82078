import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  inferenceContracts,
  predictedImageContracts,
  projectContracts,
  type ContentReference,
  type ParsedRequestOf,
  type Prediction,
  type predictionContracts,
} from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { DomainError, PREDICTION_TTL, systemDate } from '@pentaprism/domain';
import { fromVectorText, type Head, predict } from '@pentaprism/heads';
import { Types } from 'mongoose';
import { TrainedModels } from '../models/trained-models.js';
import { IterationRepository } from '../models/iteration.repository.js';
import type { IterationDocument } from '../models/iteration.schema.js';
import { PredictionRepository } from './prediction.repository.js';
import { toPrediction, type PredictionDocument } from './prediction.schema.js';
import { ImportImage } from '../url/import-image.usecase.js';
import { rankedTags } from '../models/ranked-tags.js';

type Request = ParsedRequestOf<typeof predictionContracts.predict>;

/** Shows pictures to models: a worker computes the embedding, the head is a multiplication. */
@Injectable()
export class Predict {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly models: TrainedModels,
    private readonly predictions: PredictionRepository,
    private readonly importImage: ImportImage,
  ) {}

  async execute(workspace: string, request: Request): Promise<Prediction> {
    const iteration = await this.findIteration(workspace, request);
    const head = await this.models.head(iteration);
    const content = await this.contentOf(workspace, request);
    try {
      return await this.predict(workspace, request, iteration, head, content);
    } catch (error) {
      // Of an upload, its caller lets go. Not awaited: what is not discarded now, the sweep finds later.
      if (request.source.kind === 'url' && request.store)
        void this.bus.call(contentContracts.discard, { contents: [content] }).catch(() => undefined);
      throw error;
    }
  }

  private async predict(
    workspace: string,
    request: Request,
    iteration: IterationDocument,
    head: Head,
    content: ContentReference,
  ): Promise<Prediction> {
    const { vector, backbone } = await this.embed(content, request);
    if (backbone !== iteration.model?.backbone)
      throw new DomainError('FAILED_PRECONDITION', 'The iteration was trained on another backbone: train again.', {
        reason: 'backbone',
      });
    const prediction = toDocument(workspace, request, iteration, content, predict(head, fromVectorText(vector)));
    return toPrediction(request.store ? await this.store(prediction) : prediction);
  }

  /** @throws DomainError NOT_FOUND; where none is named and none is there, with the `reason` no-default */
  private async findIteration(workspace: string, request: Request): Promise<IterationDocument> {
    const { projectId, iteration, orNewest } = request;
    if (iteration && 'id' in iteration) return this.iterations.get(workspace, { projectId, iterationId: iteration.id });
    const found = iteration
      ? await this.iterations.findPublished(workspace, projectId, iteration.publishName)
      : ((await this.iterations.findDefault(workspace, projectId)) ??
        (orNewest ? await this.iterations.findNewestTrained(workspace, projectId) : null));
    if (found) return found;
    await this.bus.call(projectContracts.resolve, { id: projectId });
    if (iteration) throw notFound('iteration');
    throw new DomainError('NOT_FOUND', 'The project has no default iteration.', { reason: 'no-default' });
  }

  private async contentOf(workspace: string, request: Request): Promise<ContentReference> {
    const { source, maxBytes } = request;
    if (source.kind === 'content') return source.content;
    try {
      return await this.importImage.execute(workspace, source.url, { maxBytes, area: areaOf(request) });
    } catch (error) {
      if (!DomainError.is(error, 'UPSTREAM_FAILED')) throw error;
      throw new DomainError('INVALID_ARGUMENT', error.message, { reason: 'url' }, { cause: error });
    }
  }

  private async embed(content: ContentReference, request: Request) {
    try {
      return await this.bus.call(inferenceContracts.embed, { content, area: areaOf(request) });
    } catch (error) {
      // They were put there a moment ago: nothing that the client did.
      if (!DomainError.is(error, 'NOT_FOUND')) throw error;
      throw new DomainError('UNAVAILABLE', 'The bytes of the picture are gone.', {}, { cause: error });
    }
  }

  /**
   * The picture first: a record without one could not be shown. The record gets its time last, because a query that goes
   * on from a time would miss what is written with an earlier one.
   */
  private async store(prediction: PredictionDocument): Promise<PredictionDocument> {
    const { _id, project, content } = prediction;
    await this.bus.call(predictedImageContracts.create, {
      projectId: project.toHexString(),
      id: _id.toHexString(),
      content,
      timeToLive: PREDICTION_TTL,
    });
    const stored = { ...prediction, ...lifetime() };
    await this.predictions.add(stored);
    return stored;
  }
}

/** Pictures that are not kept are in an area of their own, which is emptied without a look at records. */
function areaOf({ store }: Request): 'originals' | 'predictions' {
  return store ? 'originals' : 'predictions';
}

function toDocument(
  workspace: string,
  { projectId, application }: Request,
  iteration: IterationDocument,
  content: ContentReference,
  probabilities: Float32Array,
): PredictionDocument {
  return {
    _id: new Types.ObjectId(),
    workspace,
    project: new Types.ObjectId(projectId),
    iteration: iteration._id,
    ...lifetime(),
    application,
    content,
    tags: rankedTags(iteration, probabilities),
  };
}

function lifetime() {
  const createdAt = systemDate();
  return { createdAt, expiresAt: new Date(createdAt.getTime() + PREDICTION_TTL * 1000) };
}
