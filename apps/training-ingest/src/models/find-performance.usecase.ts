import { Injectable } from '@nestjs/common';
import { ANSWER_BYTES, Bus } from '@pentaprism/bus';
import {
  trainingImageContracts,
  type iterationContracts,
  type ParsedRequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import { measurePerformance, type PerformanceMeasures } from '@pentaprism/heads';
import { TrainedModels, type EvaluatedImages } from './trained-models.js';
import { IterationRepository } from './iteration.repository.js';
import type { IterationDocument } from './iteration.schema.js';
import { rankedTags } from './ranked-tags.js';

type PerformanceAnswer = ResponseOf<typeof iterationContracts.performance>;
type ImagesRequest = ParsedRequestOf<typeof iterationContracts.imagePerformances>;
type ImagesAnswer = ResponseOf<typeof iterationContracts.imagePerformances>;

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
    const { perTag, overall } = await measurePerformance({ ...evaluation, threshold });
    return {
      ...toFigures(overall),
      tags: iteration.tags.flatMap(({ id, name }, i) => {
        const figures = perTag[i];
        return figures ? [{ tagId: id, name, ...toFigures(figures) }] : [];
      }),
    };
  }

  /** In the order in which the images were added, which is that of the rows. */
  async ofImages(workspace: string, request: ImagesRequest): Promise<ImagesAnswer> {
    const { projectId, iterationId, anyOfTags, order, offset, limit } = request;
    const iteration = await this.iterations.get(workspace, { projectId, iterationId });
    const evaluated = await this.models.evaluation(iteration);
    const rows = rowsWith(evaluated, columnsOf(iteration, anyOfTags));
    if (order === 'newest') rows.reverse();
    const wanted = rows.slice(offset, offset + Math.min(limit, fittingRows(iteration)));
    const rowOf = new Map(wanted.map((row) => [evaluated.ids[row] ?? '', row]));
    const { images, next } =
      wanted.length === 0
        ? { images: [], next: null }
        : await this.bus.call(trainingImageContracts.getMany, {
            projectId,
            snapshotId: iterationId,
            ids: [...rowOf.keys()],
          });
    return {
      images: images.map((image) => {
        const row = rowOf.get(image.id) ?? 0;
        return { ...image, predictions: rankedTags(iteration, predictedOf(evaluated, row)) };
      }),
      end: next === null && offset + wanted.length >= rows.length,
      total: rows.length,
    };
  }
}

/** Of the tags that are asked for; undefined: any. */
function columnsOf({ tags }: IterationDocument, anyOfTags: readonly string[] | undefined): number[] | undefined {
  return anyOfTags?.flatMap((id) => {
    const column = tags.findIndex((tag) => tag.id === id);
    return column === -1 ? [] : [column];
  });
}

/** The rows of images that carried one of these tags. */
function rowsWith({ evaluation: { labels, tags }, ids }: EvaluatedImages, columns: number[] | undefined): number[] {
  const rows = ids.map((_, row) => row);
  if (columns === undefined) return rows;
  return rows.filter((row) => columns.some((column) => labels[row * tags + column] === 1));
}

function predictedOf({ evaluation: { probabilities, tags } }: EvaluatedImages, row: number): Float32Array {
  return probabilities.subarray(row * tags, (row + 1) * tags);
}

/** How many images surely fit into one answer: each has a prediction for every tag, and may carry all of them. */
function fittingRows({ tags }: IterationDocument): number {
  const bytes = tags.reduce((sum, { name }) => sum + 400 + 12 * name.length, 2_000);
  return Math.max(1, Math.floor(ANSWER_BYTES / bytes));
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
