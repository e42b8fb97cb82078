import {
  FINDING_KINDS,
  MAX_COLUMN_NAME_LENGTH,
  MAX_IMAGES_PER_BATCH,
  MAX_LABEL_LENGTH,
  MAX_TAGS_PER_IMAGE,
  METRICS,
  MODELING_MODES,
  TARGET_TYPES,
  type MetricName,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { contentReference, empty, fileName, objectId, paging, sha256, workspaceName } from '../schemas.js';
import {
  datasetColumn,
  datasetImage,
  finding,
  MAX_FINDINGS_PER_CALL,
  MAX_IMAGES_PER_DATASET_PAGE,
  recordedRows,
} from './datasets.js';

const owner = 'training-ingest' as const;

/** Images of one page of `images` and of one call of `recordImages`: labels of multilabel targets are long. */
export const MAX_TARGET_IMAGES_PER_CALL = 100;
/** Bins of one page of `bins` and of one call of `recordBins`. */
export const MAX_TARGET_BINS_PER_CALL = 100;

const projectKey = { projectId: objectId };
/** Only the job that reads the values of a target may record them: a worker may still run a job whose target is gone. */
const targetKey = { ...projectKey, jobId: objectId };
const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);
const columnIndex = z.int().nonnegative();
const label = z.string().min(1).max(MAX_LABEL_LENGTH);
const imagesPage = { ...projectKey, offset: paging.offset, limit: z.int().min(1).max(MAX_TARGET_IMAGES_PER_CALL) };

export const metricName = z.enum(METRICS.map(({ name }) => name) as [MetricName]);

/** What models of a project learn to predict. */
export const target = z.object({
  column: columnName,
  type: z.enum(TARGET_TYPES),
  metric: metricName,
  /** Of a binary target: the class whose probability is predicted. */
  positiveClass: z.string().nullable(),
  mode: z.enum(MODELING_MODES),
});
export type Target = z.output<typeof target>;

/** The value of a row: a label, the labels of a multilabel target, or the number of a regression. */
export const targetValue = z.union([label, z.array(label).max(MAX_TAGS_PER_IMAGE), z.number()]);
export type TargetValue = z.output<typeof targetValue>;

/** Images that have the same bytes and the same value of the target in one column. */
export const targetImage = z.object({
  column: columnIndex,
  sha256,
  value: targetValue,
  /** In the order of first rows, without gaps. */
  position: z.int().nonnegative(),
  /** In the order of values, and of positions for equal ones, without gaps. */
  place: z.int().nonnegative(),
  rows: z.int().positive(),
});
export type TargetImage = z.output<typeof targetImage>;

/** Rows with the same label, or with numbers of a range. */
export const targetBin = z.object({
  column: columnIndex,
  /** Ordered by label or by number. */
  order: z.int().nonnegative(),
  label: label.nullable(),
  /** Inclusive. Null for labels. */
  start: z.number().nullable(),
  /** Exclusive. Null for labels. */
  end: z.number().nullable(),
  /** All rows, also those without an image. */
  rows: z.int().nonnegative(),
  /** Images of it, at consecutive places from `firstPlace` on. Not used for multilabel targets. */
  images: z.int().nonnegative(),
  firstPlace: z.int().nonnegative(),
  /** The position of the image that represents the bin; null if it has none. */
  cover: z.int().nonnegative().nullable(),
});
export type TargetBin = z.output<typeof targetBin>;

/** How many findings of each kind are recorded, and how many are only counted. */
export const findingCounts = z.partialRecord(
  z.enum(FINDING_KINDS),
  z.object({ stored: z.int().nonnegative(), omitted: z.int().nonnegative() }),
);
export type FindingCounts = z.output<typeof findingCounts>;

/** The image of a row of a snapshot. */
export const liveRow = contentReference.extend({
  imageId: objectId,
  fileName,
  width: z.int().positive(),
  height: z.int().positive(),
});
export type LiveRow = z.output<typeof liveRow>;

const shownImage = z.object({ imageId: objectId, width: z.int().positive(), height: z.int().positive() });

export const targetContracts = {
  /**
   * Sets the target of a project, once, and creates the job that reads its values. If the project was not made of a dataset, its
   * rows are from then on those of a snapshot that is taken now.
   * INVALID_ARGUMENT: the column cannot be predicted in this way. FAILED_PRECONDITION: the project has a target, or has no rows
   * yet.
   */
  set: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.set',
    request: z.strictObject({
      ...projectKey,
      column: columnName,
      type: z.enum(TARGET_TYPES).optional(),
      metric: z.string().max(100).optional(),
      positiveClass: z.string().max(MAX_LABEL_LENGTH).optional(),
      mode: z.enum(MODELING_MODES),
    }),
    response: z.object({ jobId: objectId }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /**
   * Lists the images of rows with a target, each once for each value and image column, in the order of first rows. With `values` those that
   * have all of these labels, and with `range` those of these numbers. A caller that kept a page passes its revision as `known`, and
   * gets no images if it has not changed (`unchanged`).
   * INVALID_ARGUMENT: there is no such image column, or the filter does not fit the type. FAILED_PRECONDITION: there is no target.
   */
  images: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.images',
    request: z.strictObject({
      ...imagesPage,
      /** Without it: all image columns. */
      column: columnName.optional(),
      values: z.array(z.string().max(MAX_LABEL_LENGTH)).min(1).max(MAX_TAGS_PER_IMAGE).optional(),
      /** `start` is inclusive, and `end` exclusive. */
      range: z.strictObject({ start: z.number(), end: z.number() }).optional(),
      known: z.string().max(100).optional(),
    }),
    response: z.object({
      images: z.array(shownImage.extend({ value: targetValue })),
      total: z.int().nonnegative(),
      revision: z.string(),
      unchanged: z.boolean(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION'],
  }),
  /** Returns the value that all rows of an image have. Null if they differ or have none, and for a project without a target. */
  ofImage: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.of-image',
    request: z.strictObject({ ...projectKey, imageId: objectId }),
    response: z.object({ value: targetValue.nullable() }),
  }),
  /** Lists labels or ranges of numbers, with the number of their rows and one image. Errors: as `images`. */
  bins: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.bins',
    request: z.strictObject({
      ...projectKey,
      column: columnName,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_TARGET_BINS_PER_CALL),
    }),
    response: z.object({
      bins: z.array(
        targetBin.pick({ label: true, start: true, end: true, rows: true }).extend({ cover: shownImage.nullable() }),
      ),
      total: z.int().nonnegative(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION'],
  }),
  /**
   * Says which values a job has to read. Makes the rows of a snapshot those of the project, if all have been recorded.
   * INVALID_ARGUMENT: the column of the snapshot cannot be predicted as was asked for. FAILED_PRECONDITION, here and in all calls with `jobId`: the project has no target of
   * this job.
   */
  begin: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.begin',
    request: z.strictObject(targetKey),
    response: z.object({
      type: z.enum(TARGET_TYPES),
      column: datasetColumn,
      positiveClass: z.string().nullable(),
      imageColumns: z.array(z.object({ index: columnIndex, name: columnName })),
      rowCount: z.int().nonnegative(),
      table: contentReference,
      /** Whether images get their classes as tags. The classes of a snapshot are tags already. */
      tags: z.boolean(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /**
   * Records the images of consecutive rows of a snapshot: all of the call, or nothing. Rows that have been recorded are not
   * recorded again. FAILED_PRECONDITION: also if the rows before have not been recorded.
   */
  recordRows: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.record-rows',
    request: z.strictObject({
      ...targetKey,
      /** The number of the row before the first one. */
      after: z.int().nonnegative(),
      rows: z.array(liveRow).min(1).max(MAX_IMAGES_PER_BATCH),
    }),
    response: recordedRows,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Removes some of what jobs of earlier targets left. Call it until nothing is `left`. */
  clear: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.clear',
    request: z.strictObject(targetKey),
    response: z.object({ left: z.boolean() }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Returns images of rows, in the order of rows, after a position. */
  rowImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.row-images',
    request: z.strictObject({
      ...projectKey,
      after: z.strictObject({ row: z.int().nonnegative(), column: columnIndex }).optional(),
      limit: z.int().min(1).max(MAX_IMAGES_PER_DATASET_PAGE),
    }),
    response: z.object({ images: z.array(datasetImage.omit({ size: true })) }),
    errors: ['NOT_FOUND'],
  }),
  /** Records images; repeated calls replace them. */
  recordImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.record-images',
    request: z.strictObject({ ...targetKey, images: z.array(targetImage).min(1).max(MAX_TARGET_IMAGES_PER_CALL) }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Records bins; repeated calls replace them. Their covers have been recorded as images. */
  recordBins: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.record-bins',
    request: z.strictObject({ ...targetKey, bins: z.array(targetBin).min(1).max(MAX_TARGET_BINS_PER_CALL) }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Records what is wrong with the values, for the quality log of the project; repeated calls replace them. */
  recordFindings: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.record-findings',
    request: z.strictObject({
      ...targetKey,
      /** `order`: from 0 among those of the same kind, in the order of rows, without gaps. */
      findings: z
        .array(finding.extend({ order: z.int().nonnegative() }))
        .min(1)
        .max(MAX_FINDINGS_PER_CALL),
    }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Makes the target ready when everything has been recorded, and the classification of the catalog's project that of the target. */
  finish: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.finish',
    request: z.strictObject({
      ...targetKey,
      /** The number of images of each image column that have a value, by index. */
      images: z.record(z.string(), z.int().nonnegative()),
      /** Of a binary target. */
      positiveClass: z.string().nullable(),
      findings: findingCounts,
    }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Gives images of the catalog's project tags, which are created if there are none of these names. */
  tagImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.target.tag-images',
    request: z.strictObject({
      ...targetKey,
      taggings: z
        .array(
          z.strictObject({
            sha256,
            tags: z.array(z.string().min(1).max(MAX_LABEL_LENGTH)).min(1).max(MAX_TAGS_PER_IMAGE),
          }),
        )
        .min(1)
        .max(MAX_IMAGES_PER_BATCH),
    }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
};

/** Reads the values of a project's target, and records which images and how many rows have each. */
export const readTarget = defineJob({
  owner,
  type: 'project.target',
  queue: 'import',
  payload: z.object({
    workspace: workspaceName,
    projectId: objectId,
    /** The dataset that a snapshot of the project becomes first. Absent: the project was made of a dataset. */
    datasetId: objectId.optional(),
  }),
  result: z.object({}),
});
