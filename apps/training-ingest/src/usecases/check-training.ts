import type { Project, TagDetails } from '@pentaprism/contracts';
import {
  DomainError,
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
}

/**
 * @throws DomainError INVALID_ARGUMENT, whose details have a `reason`: too-few-tags, too-few-images, several-tags, too-large
 */
export function checkTraining({ project, tags, tagged }: TrainingBasis): void {
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
  const taggings = tags.reduce((sum, { images }) => sum + images, 0);
  if (project.training.classificationType === 'multiclass' && taggings > tagged)
    throw new DomainError(
      'INVALID_ARGUMENT',
      'An image of a multiclass project has more than one tag: a model of it learns one tag for each image.',
      { reason: 'several-tags' },
    );
}

/** The same for the same images, taggings, tags and settings: a training would find nothing new. 64 hexadecimal digits. */
export function fingerprintOf({ project, tags, revision }: TrainingBasis): string {
  const { domain, classificationType } = project.training;
  const names = tags.map(({ tag }) => [tag.id, tag.name, tag.type]).sort();
  return createHash('sha256')
    .update(JSON.stringify([revision, domain, classificationType, names]))
    .digest('hex');
}
