import {
  MAX_COLUMN_NAME_LENGTH,
  MAX_DATASET_NAME_LENGTH,
  MAX_PROJECT_NAME_LENGTH,
  MODELING_STATES,
} from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { contentReference, objectId, paging, sha256, workspaceName } from '../schemas.js';
import { target } from './targets.js';
import { datasetColumn, datasetSource, findingsPage, MAX_COLUMNS_PER_CALL, MAX_FINDINGS_PER_CALL } from './datasets.js';

const owner = 'training-ingest' as const;

/** Projects of one call of `describe`. */
export const MAX_MODELINGS_PER_CALL = 50;
/** Images of one page of `contents`. */
export const MAX_PROJECT_CONTENTS_PER_PAGE = 2_000;
/** Images of one page of `images` and `duplicates`. */
export const MAX_PROJECT_IMAGES_PER_PAGE = 500;

const projectKey = { projectId: objectId };
const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);
const imagesPage = {
  ...projectKey,
  offset: paging.offset,
  limit: z.int().min(1).max(MAX_PROJECT_IMAGES_PER_PAGE),
};

/**
 * A project as a table to learn from. The rows of a project that was made of a dataset are those of the dataset and never
 * change. Any other project has the columns `image` and `tag`, and a row for each of its present images.
 */
export const modeling = z.object({
  projectId: objectId,
  state: z.enum(MODELING_STATES),
  /** The dataset that the project was made of; null for any other project. */
  dataset: z.object({ id: objectId, versionId: objectId, fileName: z.string(), deleted: z.boolean() }).nullable(),
  /** Null where rows are present images. */
  rowCount: z.int().nonnegative().nullable(),
  /** The first column of images. */
  imageColumn: z.string().nullable(),
  holdoutUnlocked: z.boolean(),
  /** Null until its values have been read. */
  target: target.nullable(),
  /** Whether the models that its mode asks for have yet to be begun. */
  searching: z.boolean(),
});
export type Modeling = z.output<typeof modeling>;

const sampledImage = z.object({ imageId: objectId, width: z.int().positive(), height: z.int().positive() });

export const modelingContracts = {
  /**
   * Creates a project of a dataset, or of a source that becomes a dataset first, and the job that does it. The project exists as
   * soon as the dataset has been imported. FAILED_PRECONDITION: the dataset is still being imported, or the workspace has too many
   * datasets, or too many projects that are being made. INVALID_ARGUMENT: the address is not one that may be fetched.
   */
  create: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.create',
    request: z.strictObject({
      /** Absent: the name of the dataset's file. */
      name: z.string().min(1).max(MAX_PROJECT_NAME_LENGTH).optional(),
      source: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('dataset'), datasetId: objectId, versionId: objectId.optional() }),
        z.strictObject({
          kind: z.literal('new'),
          fileName: z.string().min(1).max(MAX_DATASET_NAME_LENGTH),
          source: datasetSource,
        }),
      ]),
    }),
    response: z.object({ projectId: objectId, datasetId: objectId, versionId: objectId, jobId: objectId }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Describes projects of the catalog, in the order of the ids, without checking that they exist. */
  describe: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.describe',
    request: z.strictObject({ projectIds: z.array(objectId).max(MAX_MODELINGS_PER_CALL) }),
    response: z.object({ modelings: z.array(modeling) }),
  }),
  /** Changes the members that are given. FAILED_PRECONDITION: the project has no hold-out yet. */
  update: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.update',
    request: z.strictObject({ ...projectKey, holdoutUnlocked: z.boolean().optional() }),
    response: modeling,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /** Lists the projects that were made of a dataset, oldest first. */
  ofDataset: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.of-dataset',
    request: z.strictObject({ datasetId: objectId, ...paging }),
    response: z.object({ projectIds: z.array(objectId), total: z.int().nonnegative() }),
    errors: ['NOT_FOUND'],
  }),
  columns: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.columns',
    request: z.strictObject({
      ...projectKey,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_COLUMNS_PER_CALL).default(MAX_COLUMNS_PER_CALL),
    }),
    response: z.object({ columns: z.array(datasetColumn), total: z.int().nonnegative() }),
    errors: ['NOT_FOUND'],
  }),
  /** The lines of the data quality log, as of a dataset. FAILED_PRECONDITION: the project has no image column. */
  findings: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.findings',
    request: z.strictObject({
      ...projectKey,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_FINDINGS_PER_CALL).default(100),
    }),
    response: findingsPage,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  /**
   * Lists images in the order of their first rows, each once for each image column. Of more images than
   * `MAX_SAMPLED_IMAGES` it lists a sample, always the same one. INVALID_ARGUMENT: there is no such image column.
   */
  images: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.images',
    /** Without `column`: those of all image columns. */
    request: z.strictObject({ ...imagesPage, column: columnName.optional() }),
    response: z.object({ images: z.array(sampledImage), total: z.int().nonnegative() }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT'],
  }),
  /** Lists images that two rows or more have, those of most rows first. INVALID_ARGUMENT: as `images`. */
  duplicates: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.duplicates',
    request: z.strictObject({ ...imagesPage, column: columnName }),
    response: z.object({
      images: z.array(z.object({ imageId: objectId, rowCount: z.int().min(2) })),
      total: z.int().nonnegative(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT'],
  }),
  /**
   * Lists all images of an image column with their contents, in the order of their first rows. `revision` changes whenever the list
   * does. A caller that kept a list passes its revision as `known`, and learns that it has not changed (`unchanged`).
   * INVALID_ARGUMENT: as `images`.
   */
  contents: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.contents',
    request: z.strictObject({
      ...projectKey,
      /** Absent: the first image column. */
      column: columnName.optional(),
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_PROJECT_CONTENTS_PER_PAGE),
      known: z.string().max(100).optional(),
    }),
    response: z.object({
      /** Null if images are those that the catalog's project has at present, whether or not this project exists. */
      list: z
        .object({
          column: columnName,
          images: z.array(z.object({ imageId: objectId, sha256, rowCount: z.int().positive() })),
          total: z.int().nonnegative(),
          revision: z.string(),
          unchanged: z.boolean(),
        })
        .nullable(),
    }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT'],
  }),
  /** Returns an image of a row, also if the catalog has deleted it since the project was made. */
  image: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.image',
    request: z.strictObject({ ...projectKey, imageId: objectId }),
    response: contentReference.extend({ imageId: objectId, width: z.int().positive(), height: z.int().positive() }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Creates the project in the catalog, unless it exists, and says what is left to do. If this job imports the dataset, call it
   * before the import (`imported` is false then) and after it, with `imported`, which makes the dataset ready.
   */
  open: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.open',
    request: z.strictObject({ ...projectKey, imported: z.boolean() }),
    response: z.object({ imported: z.boolean() }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 20_000,
  }),
  /**
   * Adds the images of the next rows to the catalog's project. Each call goes on where the one before ended; it may be repeated.
   * FAILED_PRECONDITION: the project would have too many images.
   */
  addImages: defineRpc({
    owner,
    subject: 'training-ingest.v1.modeling.add-images',
    request: z.strictObject(projectKey),
    /** `share`: of the images, from 0 to 1. */
    response: z.object({ done: z.boolean(), share: z.number().min(0).max(1) }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 60_000,
  }),
};

/** Makes a project of a dataset. Imports the dataset first if it was created with the project. */
export const createProject = defineJob({
  owner,
  type: 'project.create',
  queue: 'import',
  payload: z.object({ workspace: workspaceName, projectId: objectId, datasetId: objectId }),
  result: z.object({}),
});
