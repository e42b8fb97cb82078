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
import { DomainError, isObjectId } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { PredictionRepository } from '../adapters/mongo/prediction.repository.js';
import { toPrediction, type PredictionDocument } from '../adapters/mongo/prediction.schema.js';

type Query = ParsedRequestOf<typeof predictionContracts.query>;
type Answer = ResponseOf<typeof predictionContracts.query>;

/** Predictions of one page that are looked up at a time. */
const PAGE = 64;

/** Milliseconds that a query waits for pictures that came a moment ago. */
const ANALYSIS_PATIENCE_MS = 2_000;

/** Stored predictions: what models saw in pictures that were kept. */
@Injectable()
export class QueryPredictions {
  constructor(
    private readonly bus: Bus,
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
    const page = await this.predictions.page(workspace, projectId, filter, { order: direction, after, limit: wanted });
    const found = fitting(page, largestSize);
    const pictures = await this.picturesOf(projectId, found);
    const last = found.at(-1);
    return {
      predictions: found.flatMap((each) => {
        const image = pictures.get(each._id.toHexString());
        return image ? [{ ...toPrediction(each), image }] : [];
      }),
      continuation: last && (found.length < page.length || page.length === wanted) ? toContinuation(last) : null,
    };
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
      // What is not ready is left out this time.
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
