/** How many tags an image may show: exactly one, or any number. It decides what a model's probabilities add up to. */
export const CLASSIFICATION_TYPES = ['multiclass', 'multilabel'] as const;
export type ClassificationType = (typeof CLASSIFICATION_TYPES)[number];

/** What a project's models are made for. All have the same backbone; those of a compact domain may be exported. */
export const MODEL_DOMAINS = [
  'general',
  'food',
  'landmarks',
  'retail',
  'adult',
  'general-compact',
  'food-compact',
  'landmarks-compact',
  'retail-compact',
  'general-a1',
  'general-a2',
  'general-compact-s1',
] as const;
export type ModelDomain = (typeof MODEL_DOMAINS)[number];

/** Tells whether models of a domain may be exported. */
export function isCompactDomain(domain: ModelDomain): boolean {
  return domain.includes('-compact');
}

export interface TrainingSettings {
  readonly domain: ModelDomain;
  readonly classificationType: ClassificationType;
}

/** The settings of projects for which none were chosen. */
export const DEFAULT_TRAINING_SETTINGS: TrainingSettings = { domain: 'general', classificationType: 'multilabel' };

/** `negative`: the image shows nothing that any other tag of the project stands for. */
export const TAG_TYPES = ['regular', 'negative', 'general-product'] as const;
export type TagType = (typeof TAG_TYPES)[number];

/** What became of one image of a batch. */
export const ARRIVAL_STATUSES = [
  'added',
  /** The project has these very bytes already: that image, with the tags added to it. */
  'duplicate',
  /** Its bytes could not be had from where they were said to be. */
  'source-error',
  'too-many-bytes',
  /** Not an image of a known format, or a broken one. */
  'undecodable',
  /** A side too long, or one side much longer than the other. */
  'bad-dimensions',
  /** A tag that the project does not have. */
  'unknown-tag',
  /** A negative tag together with another one. */
  'conflicting-tags',
  'too-many-tags',
  'too-many-images',
  'storage-error',
  'failed',
] as const;
export type ArrivalStatus = (typeof ARRIVAL_STATUSES)[number];

/** What became of one pair of an image and a tag. */
export const TAGGING_STATUSES = ['created', 'present', 'exceeded'] as const;
export type TaggingStatus = (typeof TAGGING_STATUSES)[number];

export const ITERATION_STATUSES = ['training', 'completed', 'failed'] as const;
export type IterationStatus = (typeof ITERATION_STATUSES)[number];

/** Of the metadata of an image, as the original of Custom Vision limits it. */
export const MAX_METADATA_PAIRS = 10;
export const MAX_METADATA_KEY_LENGTH = 128;
export const MAX_METADATA_VALUE_LENGTH = 256;
