import type { AugmentationRecipe, Project, TagDetails } from '@pentaprism/contracts';
import {
  DomainError,
  MAX_AUGMENTED_IMAGES_PER_TRAINING,
  MAX_TAGS_PER_TRAINING,
  MAX_TRAINING_LABELS,
  MIN_IMAGES_PER_TAG_TO_TRAIN,
  MIN_TAGS_TO_TRAIN,
} from '@pentaprism/domain';
import { createHash } from 'node:crypto';

/** What a training of a project would be based on. */
export interface TrainingBasis {
  readonly project: Pick<Project, 'training'>;
  /** Those to be trained, with how many images carry each. */
  readonly tags: readonly { readonly tag: TagDetails; readonly images: number }[];
  /** Images that carry any of them. */
  readonly tagged: number;
  /** Of the project's images. */
  readonly revision: string;
  /** That models are built on now; undefined where no worker says so. */
  readonly backbone: string | undefined;
  /** What is made of each image to be learnt from, too. */
  readonly augmentation: AugmentationRecipe | null;
}

/**
 * @throws DomainError INVALID_ARGUMENT, whose details have a `reason`: too-few-tags, too-few-images, several-tags, too-large
 */
export function checkTraining({ project, tags, tagged, augmentation }: TrainingBasis): void {
  const enough = tags.filter(({ images }) => images >= MIN_IMAGES_PER_TAG_TO_TRAIN);
  const reason = tags.length < MIN_TAGS_TO_TRAIN ? 'too-few-tags' : 'too-few-images';
  if (enough.length < MIN_TAGS_TO_TRAIN)
    throw new DomainError(
      'INVALID_ARGUMENT',
      `Not enough images for training: at least ${MIN_TAGS_TO_TRAIN} tags need ${MIN_IMAGES_PER_TAG_TO_TRAIN} images each.`,
      { reason },
    );
  if (tags.length > MAX_TAGS_PER_TRAINING || tagged * tags.length > MAX_TRAINING_LABELS)
    throw new DomainError(
      'INVALID_ARGUMENT',
      `A model learns at most ${MAX_TAGS_PER_TRAINING} tags, and images × tags of at most ${MAX_TRAINING_LABELS}.`,
      { reason: 'too-large', limit: MAX_TAGS_PER_TRAINING },
    );
  if (augmentation) checkAugmentation(augmentation.numberOfNewImages, tagged, tags.length);
  const taggings = tags.reduce((sum, { images }) => sum + images, 0);
  if (project.training.classificationType === 'multiclass' && taggings > tagged)
    throw new DomainError(
      'INVALID_ARGUMENT',
      'An image of a multiclass project has more than one tag: a model of it learns one tag for each image.',
      { reason: 'several-tags' },
    );
}

function checkAugmentation(numberOfNewImages: number, tagged: number, tags: number): void {
  const augmented = tagged * numberOfNewImages;
  if (augmented <= MAX_AUGMENTED_IMAGES_PER_TRAINING && (tagged + augmented) * tags <= MAX_TRAINING_LABELS) return;
  throw new DomainError(
    'INVALID_ARGUMENT',
    `The project's augmentation list makes ${augmented} new images of ${tagged}: a model learns from at most ` +
      `${MAX_AUGMENTED_IMAGES_PER_TRAINING}, and images × tags of at most ${MAX_TRAINING_LABELS}, new images included.`,
    { reason: 'too-large', limit: MAX_AUGMENTED_IMAGES_PER_TRAINING },
  );
}

/** The same for the same images, taggings, tags, settings and augmentation: a training would find nothing new. 64 hexadecimal digits. */
export function fingerprintOf({ project, tags, revision, augmentation }: TrainingBasis): string {
  const { domain, classificationType } = project.training;
  const names = tags.map(({ tag }) => [tag.id, tag.name, tag.type]).sort();
  // Nothing where there is none: iterations of earlier versions have the fingerprints that they would have now.
  const recipe = augmentation
    ? [[augmentation.transformationProbability, augmentation.numberOfNewImages, augmentation.transformations]]
    : [];
  return createHash('sha256')
    .update(JSON.stringify([revision, domain, classificationType, names, ...recipe]))
    .digest('hex');
}
