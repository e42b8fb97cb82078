import type { Dataset } from '@pentaprism/contracts';
import {
  MAX_CATEGORY_LENGTH,
  MAX_DATASET_CATEGORIES,
  MAX_DATASET_NAME_LENGTH,
  MAX_IMAGE_URL_LENGTH,
  type DatasetState,
} from '@pentaprism/domain';
import { z } from 'zod';
import { line } from './line.js';
import { pagingQuery } from './paging.js';

/** Datasets of a page if the client does not say. */
const DEFAULT_LIMIT = 100;
/** The name of a dataset whose file has none. */
const UNNAMED = 'dataset';

/** The values of `orderBy`, and what the contract calls them. */
const ORDERS = { created: 'oldest', '-created': 'newest', name: 'name', '-name': 'name-descending' } as const;

export const orderOf = (orderBy: keyof typeof ORDERS) => ORDERS[orderBy];

/** `filterFailed` has no effect, because a dataset whose import fails is removed. */
export const datasetsQuery = z.object({
  category: z.string().max(MAX_CATEGORY_LENGTH).optional(),
  orderBy: z.enum(Object.keys(ORDERS) as [keyof typeof ORDERS]).default('-created'),
  filterFailed: z
    .string()
    .regex(/^(?:true|false)$/i, 'must be true or false')
    .optional(),
  ...pagingQuery(DEFAULT_LIMIT),
});

/** All projects of a dataset if the client does not say. */
export const datasetProjectsQuery = z.object(pagingQuery(0));

export const datasetProject = z.object({ id: z.string(), url: z.string() }).meta({ id: 'DatasetProject' });

const name = line(MAX_DATASET_NAME_LENGTH);
export const categories = z.array(line(MAX_CATEGORY_LENGTH)).max(MAX_DATASET_CATEGORIES);

export const fromUrlBody = z
  .object({
    url: z.string().min(1).max(MAX_IMAGE_URL_LENGTH),
    name: name.optional(),
    categories: categories.default([]),
  })
  .meta({ id: 'DatasetFromUrl' });

export const patchDatasetBody = z
  .object({ name: name.optional(), categories: categories.optional() })
  .meta({ id: 'DatasetUpdate' });

export const createdDatasetBody = z
  .object({ catalogId: z.string(), catalogVersionId: z.string(), statusId: z.string() })
  .meta({ id: 'CreatedDataset' });

const processingState = z.enum(['RUNNING', 'COMPLETED']);

const PROCESSING_STATES: Readonly<Record<DatasetState, z.output<typeof processingState>>> = {
  importing: 'RUNNING',
  ready: 'COMPLETED',
};

export const datasetBody = z
  .object({
    datasetId: z.string(),
    versionId: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    categories: z.array(z.string()),
    tags: z.array(z.string()),
    creationDate: z.iso.datetime(),
    createdBy: z.string().nullable(),
    lastModificationDate: z.iso.datetime(),
    lastModifierFullName: z.string(),
    isLatestVersion: z.boolean(),
    isSnapshot: z.boolean(),
    isDataEngineEligible: z.boolean(),
    dataPersisted: z.boolean(),
    dataSourceType: z.string(),
    uri: z.string(),
    processingState,
    /** Always empty: the status of the import says why it failed, and the dataset is removed. */
    error: z.string(),
    /** Bytes of the dataset as CSV. */
    datasetSize: z.int().nullable(),
    rowCount: z.int().nullable(),
    columnCount: z.int().nullable(),
    featureCount: z.int().nullable(),
  })
  .meta({ id: 'Dataset' });

/** The client requires texts where the original has one. */
export function toDatasetBody(dataset: Dataset): z.output<typeof datasetBody> {
  const { id, versionId, fileName, state, createdAt, modifiedAt, createdBy, rowCount, columnCount, table } = dataset;
  return {
    datasetId: id,
    versionId,
    name: dataset.name,
    description: null,
    categories: dataset.categories,
    tags: [],
    creationDate: new Date(createdAt).toISOString(),
    createdBy: createdBy || null,
    lastModificationDate: new Date(modifiedAt).toISOString(),
    lastModifierFullName: createdBy || 'unknown',
    isLatestVersion: true,
    isSnapshot: true,
    isDataEngineEligible: false,
    dataPersisted: true,
    dataSourceType: 'file',
    uri: fileName,
    processingState: PROCESSING_STATES[state],
    error: '',
    datasetSize: table?.size ?? null,
    rowCount,
    columnCount,
    featureCount: columnCount,
  };
}

/** Returns the base name of a path, which clients send whole, with the directories of their own system. */
export function baseNameOf(path: string): string {
  const base = path.split(/[/\\]/).at(-1) ?? '';
  const name = base.replace(/\p{Cc}/gu, '').trim();
  // Half of a surrogate pair is left where the name is cut within one.
  return name.slice(0, MAX_DATASET_NAME_LENGTH).replace(/\p{Cs}/gu, '') || UNNAMED;
}

/** Returns the name of the file that an address leads to. */
export function fileNameOfUrl(url: string): string {
  if (!URL.canParse(url)) return UNNAMED;
  const { pathname } = new URL(url);
  try {
    return baseNameOf(decodeURIComponent(pathname));
  } catch {
    return baseNameOf(pathname);
  }
}

/**
 * Returns a name for a file made of a dataset or a project. Its ending takes the place of the extension of the upload that
 * these are named after.
 */
export function savedNameOf(name: string, ending: string): string {
  return `${name.replace(/\.(?:zip|csv|tsv|txt)$/i, '')}${ending}`;
}
