import { Injectable } from '@nestjs/common';
import {
  predictionContracts,
  projectContracts,
  type Prediction as ServicePrediction,
  type RequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import {
  fromUuid,
  MAX_APPLICATION_LENGTH,
  MAX_IMAGE_URL_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_PREDICTION_IMAGE_BYTES,
  MAX_PUBLISH_NAME_LENGTH,
  MAX_TAGS_PER_BATCH,
  MAX_TRAINING_IMAGE_BYTES,
  MAX_TRAINING_PAGE_SIZE,
} from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import type { ImagePrediction, PredictionQueryResult } from '../v3/models.js';
import { refusal } from '../wire/codes.js';
import { guidOf, idInPath, idOrNothing, isWorkspace, knownIds, notFound, NOTHING, toDate } from '../wire/ids.js';
import { required } from '../wire/query.js';
import { Arrivals, type Arrival } from './arrivals.js';
import { ImageViews, toPredictions } from './image-view.js';
import { domainGuid } from './domains.js';
import type { PredictionQueryToken } from './inputs.js';
import { Services } from './services.js';

/** Which model looks at a picture, and what becomes of the picture. */
export interface PredictionInput {
  /** A published name; a GUID of a query where `iterationId` is given instead; neither: the default one. */
  readonly publishName?: string;
  readonly iterationId?: string | undefined;
  /** Without a default one, the newest that is trained. */
  readonly orNewest: boolean;
  readonly store: boolean;
  readonly application?: string | undefined;
  /** Of a quick test, or of a prediction, which may be smaller only. */
  readonly purpose: 'quick-test' | 'prediction';
}

const DEFAULT_MAX_COUNT = 50;
const MAX_BYTES = { 'quick-test': MAX_TRAINING_IMAGE_BYTES, prediction: MAX_PREDICTION_IMAGE_BYTES } as const;
const ORDERS = ['Newest', 'Oldest', 'Suggested'] as const;
const MAX_CONTINUATION_LENGTH = 200;

type Source = { kind: 'content'; content: Extract<Arrival['source'], { kind: 'content' }>['content'] } | { kind: 'url'; url: string }; // prettier-ignore

@Injectable()
export class Predictions {
  constructor(
    private readonly services: Services,
    private readonly arrivals: Arrivals,
    private readonly views: ImageViews,
  ) {}

  /** @throws DomainError BadRequestImageFormat, BadRequestImageSizeBytes, NotFoundIteration and others */
  async ofUpload(request: FastifyRequest, project: string, input: PredictionInput): Promise<ImagePrediction> {
    const projectId = idInPath(project, 'project');
    const model = modelOf(projectId, input);
    // Before any byte is kept.
    await this.services.call(projectContracts.resolve, { id: projectId });
    const kept = { maxBytes: MAX_BYTES[input.purpose], area: input.store ? 'originals' : 'predictions' } as const;
    const [arrival] = await this.arrivals.receive(request, 1, kept);
    const source = contentOf(arrival);
    try {
      return await this.predict(projectId, model, source, input);
    } catch (error) {
      if (input.store) this.arrivals.discard([{ source }]);
      throw error;
    }
  }

  /** @throws DomainError BadRequestImageUrl and those of `ofUpload` */
  async ofUrl(project: string, url: string | null | undefined, input: PredictionInput): Promise<ImagePrediction> {
    const projectId = idInPath(project, 'project');
    const model = modelOf(projectId, input);
    const given = required(url, 'url');
    if (given.length > MAX_IMAGE_URL_LENGTH)
      throw refusal('BadRequestImageUrl', `A URL has at most ${MAX_IMAGE_URL_LENGTH} characters.`);
    return this.predict(projectId, model, { kind: 'url', url: given }, input);
  }

  async query(request: FastifyRequest, project: string, token: PredictionQueryToken): Promise<PredictionQueryResult> {
    const projectId = idInPath(project, 'project');
    const { tags, iterationId, application, startTime, endTime, continuation } = token;
    const limit = token.maxCount || DEFAULT_MAX_COUNT;
    if (limit < 0 || limit > MAX_TRAINING_PAGE_SIZE)
      throw refusal('BadRequestPredictionResultsExceededCount', `maxCount is at most ${MAX_TRAINING_PAGE_SIZE}.`);
    if ((tags?.length ?? 0) > MAX_TAGS_PER_BATCH)
      throw refusal('BadRequestExceededBatchSize', `A query has at most ${MAX_TAGS_PER_BATCH} tags.`);
    if (continuation && continuation.length > MAX_CONTINUATION_LENGTH)
      throw refusal('BadRequestPredictionInvalidQueryParameters', 'The continuation was not given here.');
    const orderBy = orderOf(token.orderBy);
    const bounds = (tags ?? []).map(({ id, minThreshold, maxThreshold }) => ({
      id,
      minThreshold: minThreshold ?? 0,
      // Clients leave both at nought that want no bounds.
      maxThreshold: maxThreshold || 1,
    }));
    const found = await this.readStored({
      projectId,
      order: orderBy === 'Newest' ? 'newest' : orderBy === 'Oldest' ? 'oldest' : 'suggested',
      tags: bounds.map(({ id, minThreshold: min, maxThreshold: max }) => ({ tagId: idOrNothing(id), min, max })),
      limit,
      ...(iterationId ? { iterationId: idOrNothing(iterationId) } : {}),
      ...(application ? { application: checkApplication(application) } : {}),
      ...(startTime ? { from: startTime } : {}),
      ...(endTime ? { to: endTime } : {}),
      ...(continuation ? { continuation } : {}),
    });
    const results = await Promise.all(
      found.predictions.map(async ({ image, content, domain, ...prediction }) => ({
        ...toImagePrediction(prediction),
        ...(image ? await this.views.urlsOf(request, image, false) : await this.views.urlsOfContent(request, content)),
        domain: domainGuid(domain),
      })),
    );
    return {
      results,
      token: {
        session: token.session ?? null,
        continuation: found.continuation,
        maxCount: token.maxCount ?? 0,
        orderBy,
        tags: tags ? bounds : null,
        iterationId: iterationId ?? null,
        startTime: startTime ? toDate(startTime) : null,
        endTime: endTime ? toDate(endTime) : null,
        application: application ?? null,
      },
    };
  }

  /** Reads up to `limit` stored predictions, in as many calls as it takes. */
  private async readStored({ limit, ...query }: RequestOf<typeof predictionContracts.query>) {
    const predictions: ResponseOf<typeof predictionContracts.query>['predictions'] = [];
    for (let continuation = query.continuation; ;) {
      const part = await this.services.call(predictionContracts.query, {
        ...query,
        limit: limit - predictions.length,
        ...(continuation === undefined ? {} : { continuation }),
      });
      predictions.push(...part.predictions);
      if (part.continuation === null || predictions.length >= limit)
        return { predictions, continuation: part.continuation };
      continuation = part.continuation;
    }
  }

  /** Those that do not exist are passed over. */
  async delete(project: string, guids: readonly string[] | undefined): Promise<void> {
    const projectId = idInPath(project, 'project');
    const ids = knownIds(required(guids, 'ids'));
    if (ids.length === 0) await this.services.call(projectContracts.resolve, { id: projectId });
    else
      await this.services.call(predictionContracts.deleteMany, { projectId, ids: ids.slice(0, MAX_IMAGES_PER_BATCH) });
  }

  private async predict(
    projectId: string,
    iteration: Model,
    source: Source,
    { orNewest, store, application, purpose }: PredictionInput,
  ): Promise<ImagePrediction> {
    const prediction = await this.services.call(predictionContracts.predict, {
      projectId,
      iteration,
      orNewest,
      source,
      maxBytes: MAX_BYTES[purpose],
      store,
      application: application === undefined ? null : checkApplication(application),
    });
    return toImagePrediction(prediction);
  }
}

type Model = { id: string } | { publishName: string } | null;

/** @throws DomainError NotFoundIteration for what cannot be the name of any */
function modelOf(projectId: string, { publishName, iterationId }: PredictionInput): Model {
  if (publishName !== undefined) {
    if (publishName.length > MAX_PUBLISH_NAME_LENGTH) throw notFound('iteration');
    return { publishName };
  }
  if (iterationId === undefined || isWorkspace(iterationId, projectId)) return null;
  return { id: fromUuid(iterationId) ?? NOTHING };
}

function contentOf(arrival: Arrival | undefined): Extract<Source, { kind: 'content' }> {
  const source = arrival?.source;
  if (source?.kind === 'content') return source;
  if (source?.kind === 'refused' && source.status === 'too-many-bytes')
    throw refusal('BadRequestImageSizeBytes', 'The image has too many bytes.');
  if (source?.kind === 'refused' && source.status === 'storage-error')
    throw refusal('TooManyRequests', 'There is no room for the image at the moment.');
  throw refusal('BadRequestImageFormat', 'There is no image in the request.');
}

function checkApplication(name: string): string {
  if (name.length > MAX_APPLICATION_LENGTH)
    throw refusal('BadRequestPredictionInvalidApplicationName', `application has at most ${MAX_APPLICATION_LENGTH} characters.`); // prettier-ignore
  return name;
}

function orderOf(name: string | null | undefined): (typeof ORDERS)[number] {
  if (!name) return 'Newest';
  const found = ORDERS.find((each) => each.toLowerCase() === name.toLowerCase());
  if (!found) throw refusal('BadRequestPredictionInvalidQueryParameters', `orderBy is one of ${ORDERS.join(', ')}.`);
  return found;
}

function toImagePrediction({ id, projectId, iterationId, createdAt, tags }: ServicePrediction): ImagePrediction {
  return {
    id: guidOf(id),
    project: guidOf(projectId),
    iteration: guidOf(iterationId),
    created: toDate(createdAt),
    predictions: toPredictions(tags),
  };
}
