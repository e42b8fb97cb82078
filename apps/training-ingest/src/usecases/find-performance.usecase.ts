import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  trainingImageContracts,
  type iterationContracts,
  type ParsedRequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import { measurePerformance, type PerformanceMeasures } from '@pentaprism/inference';
import { TrainedModels } from '../adapters/models/trained-models.js';
import { IterationRepository } from '../adapters/mongo/iteration.repository.js';
import { rankedTags } from './predict.usecase.js';

type PerformanceAnswer = ResponseOf<typeof iterationContracts.performance>;
type ImagesRequest = ParsedRequestOf<typeof iterationContracts.imagePerformances>;
type ImagesAnswer = ResponseOf<typeof iterationContracts.imagePerformances>;

/** Images of one page that are asked for at a time: with their predictions they are about twice as large. */
const HALF_PAGE = 128;

/** How good a model is, from what was predicted of images that it had not seen. */
@Injectable()
export class FindPerformance {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly models: TrainedModels,
  ) {}

  async ofIteration(
    workspace: string,
    { threshold, ...key }: ParsedRequestOf<typeof iterationContracts.performance>,
  ): Promise<PerformanceAnswer> {
    const iteration = await this.iterations.get(workspace, key);
    const { evaluation } = await this.models.evaluation(iteration);
    const { perTag, overall } = measurePerformance({ ...evaluation, threshold });
    return {
      ...toFigures(overall),
      tags: iteration.tags.flatMap(({ id, name }, i) => {
        const figures = perTag[i];
        return figures ? [{ tagId: id, name, ...toFigures(figures) }] : [];
      }),
    };
  }

  async ofImages(workspace: string, request: ImagesRequest): Promise<ImagesAnswer> {
    const { projectId, iterationId, anyOfTags, order, offset, limit } = request;
    const iteration = await this.iterations.get(workspace, { projectId, iterationId });
    const { evaluation, rows } = await this.models.evaluation(iteration);
    const { images, end } = await this.bus.call(trainingImageContracts.list, {
      projectId,
      snapshotId: iterationId,
      tagging: 'tagged',
      ...(anyOfTags === undefined ? {} : { anyOfTags }),
      order,
      offset,
      limit: Math.min(limit, HALF_PAGE),
    });
    const tags = iteration.tags.length;
    return {
      images: images.map((image) => {
        const row = rows.get(image.id);
        if (row === undefined) return { ...image, predictions: [] };
        const predicted = evaluation.probabilities.subarray(row * tags, (row + 1) * tags);
        return { ...image, predictions: rankedTags(iteration, predicted) };
      }),
      end,
    };
  }
}

function toFigures(figures: PerformanceMeasures): Omit<PerformanceAnswer, 'tags'> {
  const { precision, precisionStdDeviation, recall, recallStdDeviation, averagePrecision } = figures;
  return {
    precision,
    precisionDeviation: precisionStdDeviation,
    recall,
    recallDeviation: recallStdDeviation,
    averagePrecision,
  };
}
