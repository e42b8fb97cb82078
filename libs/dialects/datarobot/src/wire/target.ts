import type { RequestOf, Target, targetContracts } from '@pentaprism/contracts';
import {
  MAX_COLUMN_NAME_LENGTH,
  MAX_LABEL_LENGTH,
  MAX_TAGS_PER_IMAGE,
  MODELING_MODES,
  TARGET_TYPES,
  type ModelingMode,
  type TargetType,
} from '@pentaprism/domain';
import { z } from 'zod';
import { imageColumn, imageMetadata } from './image.js';
import { pagingQuery } from './paging.js';

/** Images and bins of a page if the client does not say. */
const DEFAULT_LIMIT = 100;

/** The names of target types in this API. */
export const TARGET_TYPE_NAMES = {
  binary: 'Binary',
  multiclass: 'Multiclass',
  multilabel: 'Multilabel',
  regression: 'Regression',
} as const satisfies Record<TargetType, string>;

/** The numbers of modes in this API. */
export const MODE_NUMBERS = { auto: 0, manual: 2, quick: 3, comprehensive: 4 } as const satisfies Record<
  ModelingMode,
  number
>;

const mode = z.union([
  z.enum(MODELING_MODES),
  z
    .literal(Object.values(MODE_NUMBERS))
    .transform((number) => MODELING_MODES.find((name) => MODE_NUMBERS[name] === number) as ModelingMode),
]);

const targetType = z
  .enum(Object.values(TARGET_TYPE_NAMES))
  .transform((name) => TARGET_TYPES.find((type) => TARGET_TYPE_NAMES[type] === name) as TargetType);

/** A label, which is a number or a boolean in the table of some clients. */
const label = z
  .union([z.string(), z.union([z.number(), z.boolean()]).transform(String)])
  .pipe(z.string().min(1).max(MAX_LABEL_LENGTH));

/**
 * `mode` may also be called `autopilotMode`, as in projects. All models of a project use the same list of features. Other members,
 * such as those of partitions, have no effect.
 */
export const aimBody = z
  .object({
    target: z.string().min(1).max(MAX_COLUMN_NAME_LENGTH),
    mode: mode.nullish(),
    autopilotMode: mode.nullish(),
    metric: z.string().max(100).nullish(),
    positiveClass: label.nullish(),
    targetType: targetType.nullish(),
    featurelistId: z.string().nullish(),
  })
  .meta({ id: 'Aim' });

export function toTargetRequest({
  target,
  ...body
}: z.output<typeof aimBody>): Omit<RequestOf<typeof targetContracts.set>, 'projectId'> {
  const { mode, autopilotMode, metric, positiveClass, targetType } = body;
  return {
    column: target,
    mode: mode ?? autopilotMode ?? 'quick',
    ...(metric == null ? {} : { metric }),
    ...(positiveClass == null ? {} : { positiveClass }),
    ...(targetType == null ? {} : { type: targetType }),
  };
}

/** The members of a project that say what is predicted. */
export function toTargetMembers(target: Target | null) {
  return {
    target: target?.column ?? null,
    targetType: target && TARGET_TYPE_NAMES[target.type],
    metric: target?.metric ?? null,
    positiveClass: target?.positiveClass ?? null,
    autopilotMode: target && MODE_NUMBERS[target.mode],
    partition: target && toPartition(target),
  };
}

/** Rows that no fold contains, of 100. */
export const HOLDOUT_PERCENTAGE = 20;

export const partitionBody = z.object({
  cvMethod: z.enum(['stratified', 'random']),
  validationType: z.literal('CV'),
  holdoutPct: z.number(),
  /** Folds. */
  reps: z.int(),
});

/** How rows are divided. A small project may have fewer folds, or no hold-out. */
function toPartition({ type }: Target): z.output<typeof partitionBody> {
  const cvMethod = type === 'regression' ? 'random' : 'stratified';
  return { cvMethod, validationType: 'CV', holdoutPct: HOLDOUT_PERCENTAGE, reps: 5 };
}

const edge = z
  .string()
  .regex(/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i, 'must be a finite number')
  .transform(Number)
  .refine(Number.isFinite, 'must be a finite number');

/** Without `column`: the images of all columns. Several values: images that have all of these labels. */
export const imagesQuery = z
  .object({
    column: imageColumn.optional(),
    targetValue: z
      .union([z.string().max(MAX_LABEL_LENGTH), z.array(z.string().max(MAX_LABEL_LENGTH)).max(MAX_TAGS_PER_IMAGE)])
      .optional(),
    targetBinStart: edge.optional(),
    targetBinEnd: edge.optional(),
    ...pagingQuery(DEFAULT_LIMIT),
  })
  .superRefine(({ targetValue, targetBinStart: start, targetBinEnd: end }, { addIssue }) => {
    const refuse = (field: string, message: string) => addIssue({ code: 'custom', path: [field], message });
    if (targetValue !== undefined && (start !== undefined || end !== undefined))
      refuse('targetValue', 'cannot be combined with targetBinStart and targetBinEnd');
    else if (start !== undefined && end === undefined) refuse('targetBinEnd', 'is required with targetBinStart');
    else if (end !== undefined && start === undefined) refuse('targetBinStart', 'is required with targetBinEnd');
    else if (start !== undefined && end !== undefined && start > end)
      refuse('targetBinStart', 'must not be greater than targetBinEnd');
  });

type Filter = Pick<RequestOf<typeof targetContracts.images>, 'column' | 'values' | 'range'>;

export function toImagesFilter(query: z.output<typeof imagesQuery>): Filter {
  const { column, targetValue, targetBinStart: start, targetBinEnd: end } = query;
  return {
    ...(column === undefined ? {} : { column }),
    ...(targetValue === undefined ? {} : { values: [targetValue].flat() }),
    ...(start === undefined || end === undefined ? {} : { range: { start, end } }),
  };
}

export const imageBinsQuery = z.object({ featureName: imageColumn, ...pagingQuery(DEFAULT_LIMIT) });

/** The value of the rows of an image: a label, a number, or a list of labels. */
export const valuedImage = imageMetadata
  .extend({ targetValue: z.union([z.string(), z.number(), z.array(z.string())]) })
  .meta({ id: 'ValuedImage' });

/** One image. `targetValue` is absent if its rows have different values, or none. */
export const singleImage = valuedImage.partial({ targetValue: true }).meta({ id: 'SingleImage' });

/** A label or a range of numbers, whose end is exclusive. `imageId` is null if no row of it has an image. */
export const imageBin = z
  .object({
    imageId: z.string().nullable(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    targetValue: z.string().nullable(),
    targetBinStart: z.number().nullable(),
    targetBinEnd: z.number().nullable(),
    targetBinRowCount: z.int(),
  })
  .meta({ id: 'ImageBin' });
