import { DomainError } from '@pentaprism/domain';
import { schemaFailure } from '@pentaprism/http';
import type { z } from 'zod';
import { categories } from './dataset.js';
import { projectName } from './project.js';

const file = { type: 'string', format: 'binary', description: 'A zip archive of images, or a table' };

/** The form of a dataset, for the documentation. */
export const DATASET_FORM = {
  type: 'object',
  required: ['file'],
  properties: {
    file,
    categories: { type: 'array', items: { type: 'string' }, description: 'What the dataset is for' },
  },
};

/** The form of data to predict, for the documentation. */
export const PREDICTION_FORM = { type: 'object', required: ['file'], properties: { file } };

/** The form of a project, for the documentation. */
export const PROJECT_FORM = {
  type: 'object',
  required: ['file'],
  properties: {
    file,
    projectName: { type: 'string', description: 'Name of the project; by default that of the file' },
  },
};

/** The other body of the same request, for the documentation: either `datasetId` or `url` is there. */
export const PROJECT_SOURCE = {
  type: 'object',
  properties: {
    datasetId: { type: 'string', description: 'Id of a dataset' },
    datasetVersionId: { type: 'string', description: 'Id of its only version' },
    url: { type: 'string', description: 'Address of a file' },
    projectName: { type: 'string', description: 'Name of the project; by default that of the file' },
  },
};

/** Parses the parts `categories`. Each is empty, one category, or a JSON array of categories. */
export function parseCategories(texts: readonly string[]): string[] {
  return parseField('categories', categories, texts.flatMap(listOf));
}

/** Parses the part `projectName`. */
export function parseProjectName(texts: readonly string[]): string {
  const [text, second] = texts;
  if (second !== undefined)
    throw new DomainError('INVALID_ARGUMENT', 'The form has two parts "projectName". Send one name.', {
      field: 'projectName',
    });
  return parseField('projectName', projectName, text);
}

function listOf(text: string): readonly unknown[] {
  if (!text.startsWith('[')) return text === '' ? [] : [text];
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'categories: must be a word or a JSON array of words', {
      field: 'categories',
    });
  }
}

function parseField<Schema extends z.ZodType>(name: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw schemaFailure(parsed.error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] })));
}
