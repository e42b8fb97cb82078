import { Injectable } from '@nestjs/common';
import { Bus, fitting, largestText } from '@pentaprism/bus';
import {
  contentContracts,
  predictedImageContracts,
  projectContracts,
  type ParsedRequestOf,
  type predictionContracts,
  type ResponseOf,
  type TrainingImage,
} from '@pentaprism/contracts';
import { DEFAULT_TRAINING_SETTINGS, DomainError, isObjectId, systemNow } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';
import { IterationRepository } from '../models/iteration.repository.js';
import { PredictionRepository, type Page, type PredictionFilter } from './prediction.repository.js';
import { toPrediction, type PredictionDocument } from './prediction.schema.js';

type Query = ParsedRequestOf<typeof predictionContracts.query>;
type Answer = ResponseOf<typeof predictionContracts.query>;

/** Predictions of one page that are looked up at a time. */
const PAGE = 64;

/** Milliseconds that a query waits for pictures that came a moment ago. */
const ANALYSIS_PATIENCE_MS = 2_000;

/**
 * Milliseconds after which no prediction appears with an earlier time. A record gets its time just before it is written, by
 * the clock of its instance.
 */
const SETTLED_MS = 1_000;

/** Stored predictions: what models saw in pictures that were kept. */
@Injectable()
export class QueryPredictions {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly predictions: PredictionRepository,
  ) {}

  /**
   * @throws DomainError NOT_FOUND for the project; INVALID_ARGUMENT for a continuation that was not given here, and for
   *   bounds that no probability is within
   */
  async execute(workspace: string, { projectId, order, limit, continuation, ...filter }: Query): Promise<Answer> {
    filter.tags.forEach(checkBounds);
    await this.bus.call(projectContracts.resolve, { id: projectId });
    const after = continuation === undefined ? null : parseContinuation(continuation);
    const wanted = Math.min(limit, PAGE);
    // There is no model of what would be the best to label next: the newest are what a user has not seen.
    const direction = order === 'oldest' ? 'oldest' : 'newest';
    // One more tells whether there is a next page.
    const page = await this.settledPage(workspace, projectId, filter, { order: direction, after, limit: wanted + 1 });
    const found = fitting(page.slice(0, wanted), largestSize);
    const pictures = await this.picturesOf(projectId, found);
    const domains = await this.domainsOf(workspace, projectId, found);
    const last = found.at(-1);
    return {
      predictions: found.map((each) => ({
        ...toPrediction(each),
        image: pictures.get(each._id.toHexString()) ?? null,
        content: each.content,
        domain: domains(each),
      })),
      continuation: last && found.length < page.length ? toContinuation(last) : null,
    };
  }

  /**
   * Reads a page. With the oldest first, a next page may begin at what was stored a moment ago, and a prediction that is
   * being written may get a place before it: such a page is read again once its end has settled.
   */
  private async settledPage(workspace: string, projectId: string, filter: PredictionFilter, page: Page) {
    const read = () => this.predictions.page(workspace, projectId, filter, page);
    const found = await read();
    const last = found.at(-1);
    if (page.order === 'newest' || !last || found.length < page.limit) return found;
    const unsettledMs = last.createdAt.getTime() + SETTLED_MS - systemNow();
    if (unsettledMs <= 0) return found;
    await sleep(Math.min(unsettledMs, SETTLED_MS));
    return read();
  }

  /** Returns the domain of a prediction's model. */
  private async domainsOf(workspace: string, projectId: string, predictions: readonly PredictionDocument[]) {
    if (predictions.length === 0) return () => DEFAULT_TRAINING_SETTINGS.domain;
    const iterations = await this.iterations.list(workspace, projectId);
    const known = new Map(iterations.map(({ _id, domain }) => [_id.toHexString(), domain]));
    const isKnown = predictions.every(({ iteration }) => known.has(iteration.toHexString()));
    const { training } = isKnown ? { training: null } : await this.bus.call(projectContracts.get, { id: projectId });
    const fallback = training?.domain ?? DEFAULT_TRAINING_SETTINGS.domain;
    return ({ iteration }: PredictionDocument) => known.get(iteration.toHexString()) ?? fallback;
  }

  /** By id. Those that were kept a moment ago are not analysed yet, and are waited for. */
  private async picturesOf(
    projectId: string,
    predictions: readonly PredictionDocument[],
  ): Promise<Map<string, TrainingImage>> {
    const find = async (wanted: readonly PredictionDocument[]) => {
      if (wanted.length === 0) return [];
      const ids = wanted.map(({ _id }) => _id.toHexString());
      return (await this.bus.call(predictedImageContracts.getMany, { projectId, ids })).images;
    };
    const pictures = new Map((await find(predictions)).map((image) => [image.id, image]));
    const missing = predictions.filter(({ _id }) => !pictures.has(_id.toHexString()));
    if (missing.length === 0) return pictures;
    const contents = new Map(missing.map(({ content }) => [content.sha256, content]));
    await this.bus
      .call(contentContracts.analyse, { contents: [...contents.values()] }, { deadlineMs: ANALYSIS_PATIENCE_MS })
      // What is not ready is answered without its smaller pictures.
      .catch(() => undefined);
    for (const image of await find(missing)) pictures.set(image.id, image);
    return pictures;
  }

  async deleteMany(
    workspace: string,
    { projectId, ids }: { projectId: string; ids: readonly string[] },
  ): Promise<void> {
    // The records first: a picture without one is not shown, and expires.
    await this.predictions.removeMany(workspace, projectId, ids);
    await this.bus.call(predictedImageContracts.deleteMany, { projectId, ids: [...ids] });
  }
}

function checkBounds({ min, max }: Query['tags'][number]): void {
  if (min < 0 || max > 1 || min > max)
    throw new DomainError('INVALID_ARGUMENT', 'The bounds of a probability are from 0 to 1, the lower one first.', {
      field: 'tags',
    });
}

/** Bytes of a prediction in JSON at most, with its picture. */
function largestSize({ tags }: PredictionDocument): number {
  return tags.reduce((sum, { name }) => sum + 150 + largestText(name), 2_000);
}

function toContinuation({ createdAt, _id }: PredictionDocument): string {
  return `${createdAt.getTime()}.${_id.toHexString()}`;
}

function parseContinuation(text: string): { at: Date; id: Types.ObjectId } {
  const [time = '', id = ''] = text.split('.', 2);
  if (!/^\d{1,15}$/.test(time) || !isObjectId(id))
    throw new DomainError('INVALID_ARGUMENT', 'The continuation was not given here.', { field: 'continuation' });
  return { at: new Date(Number(time)), id: new Types.ObjectId(id) };
}
