import {
  COLUMN_TYPES,
  DATASET_STATES,
  FINDING_KINDS,
  MAX_CATEGORY_LENGTH,
  MAX_COLUMN_NAME_LENGTH,
  MAX_DATASET_CATEGORIES,
  MAX_DATASET_NAME_LENGTH,
  MAX_IMAGE_COLUMNS,
  MAX_LABEL_LENGTH,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { contentReference, empty, objectId, paging, sha256, timestamp, workspaceName } from '../schemas.js';
import { imageUrl } from './url.js';

const owner = 'training-ingest' as const;

/** Columns of one call of `recordColumns` and of one page of `columns`: they fit into a message of the bus. */
export const MAX_COLUMNS_PER_CALL = 100;
/** Images of one call of `recordRows`. */
export const MAX_DATASET_IMAGES_PER_BATCH = MAX_IMAGE_COLUMNS;
/** Findings of one call of `recordFindings` and `findings`, which fit into a message of the bus. */
export const MAX_FINDINGS_PER_CALL = 250;
/** Findings of one call of `recordRows`: several for each image. Their messages are short. */
const MAX_FINDINGS_OF_ROWS = 400;
/** Images of one page of `images`. */
export const MAX_IMAGES_PER_DATASET_PAGE = 500;
/** Characters of the label of an image, such as the name of its file in the archive. */
export const MAX_IMAGE_LABEL_LENGTH = 512;
/** Characters of what a finding says. */
export const MAX_FINDING_LENGTH = 500;

/** Tolerates `othersWait`, which owners of an earlier version return. */
export const recordedRows = z.object({});

const datasetKey = { datasetId: objectId };
const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);
const datasetName = z.string().min(1).max(MAX_DATASET_NAME_LENGTH);
const categories = z.array(z.string().min(1).max(MAX_CATEGORY_LENGTH)).max(MAX_DATASET_CATEGORIES);

/** The source of a dataset: an upload in the area `datasets` of the blob store, or an address. */
export const datasetSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('content'), content: contentReference }),
  z.strictObject({ kind: z.literal('url'), url: imageUrl }),
]);

export const dataset = z.object({
  id: objectId,
  /** The only version: datasets are immutable. */
  versionId: objectId,
  name: z.string(),
  /** The base name of the uploaded file. */
  fileName: z.string(),
  categories: z.array(z.string()),
  state: z.enum(DATASET_STATES),
  /** Bytes of the upload; null while it is fetched from an address. */
  size: z.int().nonnegative().nullable(),
  createdAt: timestamp,
  modifiedAt: timestamp,
  createdBy: z.string(),
  /** Null until the rows have been counted. */
  rowCount: z.int().nonnegative().nullable(),
  columnCount: z.int().nonnegative().nullable(),
  /** Rows whose images have been imported so far. */
  importedRows: z.int().nonnegative(),
  /** Images that can be decoded, each counted once for each row. */
  imageCount: z.int().nonnegative(),
  hasImages: z.boolean(),
  /** Its rows as CSV, in the area `datasets` of the blob store; null until the rows have been counted. */
  table: contentReference.nullable(),
});
export type Dataset = z.output<typeof dataset>;

export const datasetColumn = z.object({
  /** From 0, in the order of the table. */
  index: z.int().nonnegative(),
  name: columnName,
  type: z.enum(COLUMN_TYPES),
  uniqueCount: z.int().nonnegative(),
  missingCount: z.int().nonnegative(),
  /** The values of a column that has two, if they are short. Columns of earlier versions do not say. */
  values: z.array(z.string().max(MAX_LABEL_LENGTH)).length(2).optional(),
  /** Whether no model can learn from it: it has one value at most, or another text in every row. */
  lowInformation: z.boolean(),
  /** Of numeric columns with at least one number; null for others. */
  statistics: z
    .object({
      min: z.number(),
      max: z.number(),
      mean: z.number(),
      median: z.number(),
      standardDeviation: z.number(),
    })
    .nullable(),
});
export type DatasetColumn = z.output<typeof datasetColumn>;

/** One line of a data quality log. */
export const finding = z.object({
  kind: z.enum(FINDING_KINDS),
  /** From 1; null for what concerns a column or the whole dataset. */
  row: z.int().positive().nullable(),
  column: z.string().nullable(),
  /** The name of the file in the archive, or the address. */
  file: z.string().max(MAX_IMAGE_LABEL_LENGTH).nullable(),
  /** What is wrong, without the place: "the file is cut off (ends after 41 %)". */
  message: z.string().max(MAX_FINDING_LENGTH),
});
export type Finding = z.output<typeof finding>;

/** `omitted`: how many findings of the kind are not kept. */
export const findingsPage = z.object({
  findings: z.array(finding.extend({ omitted: z.int().positive().optional() })),
  total: z.int().nonnegative(),
});

/** An image of a dataset: bytes in the area `originals` of the blob store. */
export const datasetImage = z.object({
  row: z.int().positive(),
  column: z.int().nonnegative(),
  label: z.string().max(MAX_IMAGE_LABEL_LENGTH).nullable(),
  sha256,
  size: z.int().nonnegative(),
});
export type DatasetImage = z.output<typeof datasetImage>;

export const datasetContracts = {
  /**
   * Creates a dataset and the job that imports it. FAILED_PRECONDITION: the workspace has too many datasets.
   * INVALID_ARGUMENT: the address is not one that may be fetched.
   */
  create: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.create',
    request: z.strictObject({
      name: datasetName,
      fileName: datasetName,
      categories: categories.default([]),
      source: datasetSource,
    }),
    response: z.object({ id: objectId, versionId: objectId, jobId: objectId }),
    errors: ['INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  get: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.get',
    request: z.strictObject(datasetKey),
    response: dataset,
    errors: ['NOT_FOUND'],
  }),
  /** Datasets with long names or many categories come fewer at a time than asked for. */
  list: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.list',
    request: z.strictObject({
      ...paging,
      category: z.string().max(MAX_CATEGORY_LENGTH).optional(),
      order: z.enum(['newest', 'oldest', 'name', 'name-descending']).default('newest'),
    }),
    response: z.object({ datasets: z.array(dataset), total: z.int().nonnegative() }),
  }),
  /** Changes the members that are given. */
  update: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.update',
    request: z.strictObject({ ...datasetKey, name: datasetName.optional(), categories: categories.optional() }),
    response: dataset,
    errors: ['NOT_FOUND'],
  }),
  /** Also ends an import. What belongs to the dataset is removed soon after. */
  delete: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.delete',
    request: z.strictObject(datasetKey),
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  columns: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.columns',
    request: z.strictObject({
      ...datasetKey,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_COLUMNS_PER_CALL).default(MAX_COLUMNS_PER_CALL),
    }),
    response: z.object({ columns: z.array(datasetColumn), total: z.int().nonnegative() }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * The lines of the data quality log, worst first. Long ones come fewer at a time than asked for.
   */
  findings: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.findings',
    request: z.strictObject({
      ...datasetKey,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_FINDINGS_PER_CALL).default(100),
    }),
    response: findingsPage,
    errors: ['NOT_FOUND'],
  }),
  /** Returns images in the order of rows, after a position. Called by the importing worker. */
  images: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.images',
    request: z.strictObject({
      ...datasetKey,
      after: z.strictObject({ row: z.int().nonnegative(), column: z.int().nonnegative() }).optional(),
      limit: z.int().min(1).max(MAX_IMAGES_PER_DATASET_PAGE),
    }),
    response: z.object({ images: z.array(datasetImage) }),
    errors: ['NOT_FOUND'],
  }),
  /** What an import has done so far: a job that starts again goes on from there. */
  importState: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.import-state',
    request: z.strictObject(datasetKey),
    response: z.object({
      /** The upload; null until it has been fetched. */
      upload: contentReference.nullable(),
      surveyed: z.boolean(),
      rowCount: z.int().nonnegative(),
      importedRows: z.int().nonnegative(),
      /** Calls of `recordFindings` that have been applied, and how many of them came before the survey was recorded. */
      findingParts: z.int().nonnegative(),
      surveyParts: z.int().nonnegative(),
    }),
    errors: ['NOT_FOUND'],
  }),
  /** Fetches the upload of a dataset from its address into the blob store. FAILED_PRECONDITION: it cannot be fetched. */
  fetch: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.fetch',
    request: z.strictObject(datasetKey),
    response: contentReference,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'PAYLOAD_TOO_LARGE', 'INVALID_ARGUMENT', 'STORAGE_FULL'],
    deadlineMs: 600_000,
  }),
  /** Fetches an image of a dataset from an address into the area `originals`. */
  fetchImage: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.fetch-image',
    request: z.strictObject({ ...datasetKey, url: imageUrl }),
    response: contentReference,
    errors: ['NOT_FOUND', 'UPSTREAM_FAILED', 'PAYLOAD_TOO_LARGE', 'INVALID_ARGUMENT', 'STORAGE_FULL'],
    deadlineMs: 60_000,
  }),
  /** Records columns; repeated calls replace them. */
  recordColumns: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.record-columns',
    request: z.strictObject({ ...datasetKey, columns: z.array(datasetColumn).min(1).max(MAX_COLUMNS_PER_CALL) }),
    response: empty,
    errors: ['NOT_FOUND'],
  }),
  /** Records what the survey found. The columns and findings of the survey have been recorded, and the rows stored as CSV. */
  recordSurvey: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.record-survey',
    request: z.strictObject({
      ...datasetKey,
      rowCount: z.int().nonnegative(),
      columnCount: z.int().positive(),
      hasImages: z.boolean(),
      table: contentReference,
    }),
    response: empty,
    errors: ['NOT_FOUND'],
  }),
  /**
   * Records the images of consecutive rows: all of the call, or nothing. Rows that have been recorded are not recorded
   * again, so that a call may be repeated. FAILED_PRECONDITION: the rows before have not been recorded.
   */
  recordRows: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.record-rows',
    request: z.strictObject({
      ...datasetKey,
      /** The rows behind `after`, up to `last`. */
      after: z.int().nonnegative(),
      last: z.int().positive(),
      images: z.array(datasetImage).max(MAX_DATASET_IMAGES_PER_BATCH),
      findings: z.array(finding).max(MAX_FINDINGS_OF_ROWS),
    }),
    response: recordedRows,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Records findings, part by part, each once. FAILED_PRECONDITION: the part before has not been recorded. */
  recordFindings: defineRpc({
    owner,
    subject: 'training-ingest.v1.dataset.record-findings',
    request: z.strictObject({
      ...datasetKey,
      /** From 0. */
      part: z.int().nonnegative(),
      findings: z.array(finding).max(MAX_FINDINGS_PER_CALL),
      /** Findings beyond those that the caller collects, by kind. */
      omitted: z.partialRecord(z.enum(FINDING_KINDS), z.int().positive()).default({}),
    }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};

/** Imports a dataset: reads its table or archive, stores its images, and finds what is wrong with them. */
export const importDataset = defineJob({
  owner,
  type: 'dataset.import',
  queue: 'import',
  payload: z.object({ workspace: workspaceName, datasetId: objectId }),
  result: z.object({}),
});
