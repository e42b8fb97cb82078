import { MAX_LABEL_LENGTH, MAX_MAP_SIDE, TARGET_TYPES } from '@pentaprism/domain';
import { z } from 'zod';
import { objectId } from '../schemas.js';

/**
 * The first line of a file of insights. A file is text in UTF-8, one JSON object on each line. A class is written as its index in
 * `targetValues`, because a long label would be repeated on each line.
 */
export const insightHeader = z.object({
  type: z.enum(TARGET_TYPES),
  /** The classes in their order. Empty for numbers. */
  targetValues: z.array(z.string().max(MAX_LABEL_LENGTH)),
  /** The ranges of a regression, `start` inclusive and `end` exclusive. Empty for classes. */
  targetBins: z.array(z.object({ start: z.number(), end: z.number() })),
});
export type InsightHeader = z.output<typeof insightHeader>;

const classIndex = z.int().nonnegative();

/** A class, the classes of a multilabel target, or a number of a regression. */
const codedValue = z.union([z.number(), z.array(classIndex)]);
export type CodedValue = z.output<typeof codedValue>;

/** Where an image lies in the plane. */
export const embeddingLine = z.object({
  imageId: objectId,
  x: z.number(),
  y: z.number(),
  actual: codedValue,
  /** Classes that `values` are the probabilities of. Null for a regression, which has one value. */
  labels: z.array(classIndex).nullable(),
  values: z.array(z.number()),
});
export type EmbeddingLine = z.output<typeof embeddingLine>;

/** How strongly each place of an image speaks for the prediction. */
export const activationMapLine = z.object({
  imageId: objectId,
  overlayImageId: objectId,
  /** Of the image. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** Row by row, from the top. */
  values: z.array(z.array(z.int().min(0).max(255)).max(MAX_MAP_SIDE)).max(MAX_MAP_SIDE),
  actual: codedValue,
  predicted: codedValue,
});
export type ActivationMapLine = z.output<typeof activationMapLine>;
