import type { ColumnType } from './dataset.js';

/** `training` while its job waits or runs. */
export const CANDIDATE_STATES = ['training', 'trained', 'failed'] as const;
export type CandidateState = (typeof CANDIDATE_STATES)[number];

/** Models of one project that are trained or being trained. */
export const MAX_CANDIDATES_PER_PROJECT = 100;

/** Failed or ended trainings of one project that are shown. The oldest ones make room for others. */
export const MAX_FAILED_CANDIDATES = 50;

/** Image columns that a model learns from: the first ones of its project. */
export const MAX_CANDIDATE_IMAGE_COLUMNS = 10;

/** Rows that a model learns from, each with its numbers in memory. */
export const MAX_CANDIDATE_ROWS = 100_000;

/** The probability from which a label of a multilabel target is predicted, or the positive class of a binary one. */
export const LABEL_THRESHOLD = 0.5;

/** What a column is for a model, beside images. */
export type PredictorKind = 'number' | 'category';

/** Returns what a column is for a model; null for an image column, and for one that no model uses. */
export function predictorKindOf(type: ColumnType): PredictorKind | null {
  switch (type) {
    case 'Numeric':
      return 'number';
    case 'Categorical':
    case 'Boolean':
      return 'category';
    case 'Multicategorical':
    case 'Image':
    case 'Date':
    case 'Text':
      return null;
  }
}
