import {
  activationMapLine,
  embeddingLine,
  insightHeader,
  type ActivationMapLine,
  type CodedValue,
  type EmbeddingLine,
  type InsightHeader,
} from '@pentaprism/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { imageColumn } from './image.js';
import { imageFileLink } from './links.js';
import { pagingQuery } from './paging.js';

/** Without `limit` everything, because clients request no second page. */
export const computedQuery = z.object(pagingQuery(0));

export const embeddingsQuery = z.object({ featureName: imageColumn });

export const activationMapsQuery = z.object({ featureName: imageColumn, ...pagingQuery(0) });

/** A model, and a column of images whose insights are computed. */
export const computedInsight = z
  .object({ modelId: z.string(), featureName: z.string() })
  .meta({ id: 'ComputedInsight' });

const targetValue = z.union([z.string(), z.number(), z.array(z.string())]);

const targets = {
  /** The classes. Null for a regression, and if nothing is computed. */
  targetValues: z.array(z.string()).nullable(),
  /** The ranges of a regression. Null for classes, and if nothing is computed. */
  targetBins: z.array(z.object({ targetBinStart: z.number(), targetBinEnd: z.number() })).nullable(),
};

const embedding = z
  .object({
    imageId: z.string(),
    positionX: z.number(),
    positionY: z.number(),
    actualTargetValue: targetValue,
    /** Probabilities of classes, at most the ten largest, or the number of a regression. */
    prediction: z.object({ labels: z.array(z.string()).nullable(), values: z.array(z.number()) }),
  })
  .meta({ id: 'ImageEmbedding' });

export const embeddingsBody = z.object({ embeddings: z.array(embedding), ...targets }).meta({ id: 'ImageEmbeddings' });

const activationMap = z
  .object({
    imageId: z.string(),
    overlayImageId: z.string(),
    featureName: z.string(),
    imageWidth: z.int(),
    imageHeight: z.int(),
    /** Row by row, from 0 to 255. */
    activationValues: z.array(z.array(z.int())),
    actualTargetValue: targetValue,
    predictedTargetValue: targetValue,
    links: z.object({ downloadOriginalImage: z.string(), downloadOverlayImage: z.string() }),
  })
  .meta({ id: 'ImageActivationMap' });

export const activationMapsBody = z
  .object({
    activationMaps: z.array(activationMap),
    activationMapHeight: z.int().nullable(),
    activationMapWidth: z.int().nullable(),
    ...targets,
  })
  .meta({ id: 'ImageActivationMaps' });

/** Parses the first line of a file of insights. */
export const headerOf = (line: string): InsightHeader => insightHeader.parse(JSON.parse(line));

export const embeddingOf = (line: string): EmbeddingLine => embeddingLine.parse(JSON.parse(line));

export const activationMapOf = (line: string): ActivationMapLine => activationMapLine.parse(JSON.parse(line));

/** @param header null if nothing is computed */
export function toTargets(header: InsightHeader | null) {
  const isRegression = header?.type === 'regression';
  return {
    targetValues: header && !isRegression ? header.targetValues : null,
    targetBins:
      header && isRegression
        ? header.targetBins.map(({ start, end }) => ({ targetBinStart: start, targetBinEnd: end }))
        : null,
  };
}

export function toEmbedding(header: InsightHeader, line: EmbeddingLine): z.output<typeof embedding> {
  const { imageId, x, y, actual, labels, values } = line;
  return {
    imageId,
    positionX: x,
    positionY: y,
    actualTargetValue: toTargetValue(header, actual),
    prediction: { labels: labels && labels.map((label) => labelOf(header, label)), values },
  };
}

export function toActivationMap(
  request: FastifyRequest,
  { projectId, featureName }: { readonly projectId: string; readonly featureName: string },
  header: InsightHeader,
  line: ActivationMapLine,
): z.output<typeof activationMap> {
  const { imageId, overlayImageId, width, height, values, actual, predicted } = line;
  return {
    imageId,
    overlayImageId,
    featureName,
    imageWidth: width,
    imageHeight: height,
    activationValues: values,
    actualTargetValue: toTargetValue(header, actual),
    predictedTargetValue: toTargetValue(header, predicted),
    links: {
      downloadOriginalImage: imageFileLink(request, projectId, imageId),
      downloadOverlayImage: imageFileLink(request, projectId, overlayImageId),
    },
  };
}

function toTargetValue(header: InsightHeader, value: CodedValue): z.output<typeof targetValue> {
  if (typeof value !== 'number') return value.map((label) => labelOf(header, label));
  return header.type === 'regression' ? value : labelOf(header, value);
}

function labelOf({ targetValues }: InsightHeader, index: number): string {
  const label = targetValues[index];
  if (label === undefined) throw new Error(`the file of an insight has no class ${index}`);
  return label;
}
