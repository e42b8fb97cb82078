import { describe, expect, it } from '@jest/globals';
import type { AugmentationRecipe, TagDetails } from '@pentaprism/contracts';
import { MAX_AUGMENTED_IMAGES_PER_TRAINING, MAX_TAGS_PER_TRAINING, MAX_TRAINING_LABELS } from '@pentaprism/domain';
import { createHash } from 'node:crypto';
import { checkTraining, fingerprintOf, type TrainingBasis } from './check-training.js';

const tag = (name: string): TagDetails => ({
  id: name.padStart(24, '0'),
  number: 1,
  name,
  description: '',
  type: 'regular',
});

function basisOf(counts: readonly number[], given: Partial<TrainingBasis> = {}): TrainingBasis {
  const tags = counts.map((images, i) => ({ tag: tag(`${i}`), images }));
  const tagged = counts.reduce((sum, count) => sum + count, 0);
  const training = { domain: 'general' as const, classificationType: 'multiclass' as const, exportPlatforms: [] };
  return { project: { training }, tags, tagged, revision: 'r1', backbone: 'b', augmentation: null, ...given };
}

const recipe = (numberOfNewImages: number): AugmentationRecipe => ({
  transformationProbability: 0.5,
  numberOfNewImages,
  transformations: [{ name: 'rotation' }],
});

const refusal = (basis: TrainingBasis) => {
  try {
    checkTraining(basis);
    return 'none';
  } catch (error) {
    return (error as { details: { reason: string } }).details.reason;
  }
};

describe('checkTraining', () => {
  it.each([
    [[], 'too-few-tags'],
    [[500], 'too-few-tags'],
    [[4, 5], 'too-few-images'],
    [[5, 4, 4], 'too-few-images'],
    [[5, 5], 'none'],
    [[5, 1, 5], 'none'],
  ])('with %j images of each tag: %s', (counts, reason) => {
    expect(refusal(basisOf(counts))).toBe(reason);
  });

  it('refuses more than a model can learn', () => {
    const counts = (tags: number) => Array.from({ length: tags }, () => 5);
    expect(refusal(basisOf(counts(MAX_TAGS_PER_TRAINING)))).toBe('none');
    expect(refusal(basisOf(counts(MAX_TAGS_PER_TRAINING + 1)))).toBe('too-large');
    const images = MAX_TRAINING_LABELS / 2;
    expect(refusal(basisOf([images - 5, 5]))).toBe('none');
    expect(refusal(basisOf([images - 4, 5]))).toBe('too-large');
  });

  it('refuses more new images than a training makes', () => {
    const images = MAX_AUGMENTED_IMAGES_PER_TRAINING / 2;
    expect(refusal(basisOf([images - 5, 5], { augmentation: recipe(2) }))).toBe('none');
    expect(refusal(basisOf([images - 4, 5], { augmentation: recipe(2) }))).toBe('too-large');
    expect(refusal(basisOf([images - 4, 5], { augmentation: recipe(1) }))).toBe('none');
  });

  it('refuses new images with which there is more than a model can learn', () => {
    const tags = 500;
    const most = MAX_TRAINING_LABELS / tags / 2;
    const counts = [5, most - 5 - (tags - 2), ...Array.from({ length: tags - 2 }, () => 1)];
    expect(refusal(basisOf(counts, { augmentation: recipe(1) }))).toBe('none');
    expect(refusal(basisOf([6, ...counts.slice(1)]))).toBe('none');
    expect(refusal(basisOf([6, ...counts.slice(1)], { augmentation: recipe(1) }))).toBe('too-large');
  });

  it('refuses images with several tags where a model learns one of each', () => {
    expect(refusal(basisOf([5, 5], { tagged: 9 }))).toBe('several-tags');
    const training = { domain: 'general' as const, classificationType: 'multilabel' as const, exportPlatforms: [] };
    expect(refusal(basisOf([5, 5], { tagged: 9, project: { training } }))).toBe('none');
  });
});

describe('fingerprintOf', () => {
  const basis = basisOf([5, 6]);

  it('is that of the same images, taggings, tags and settings, in any order', () => {
    expect(fingerprintOf(basis)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf({ ...basis, tags: [...basis.tags].reverse() })).toBe(fingerprintOf(basis));
  });

  it('is that of earlier versions where there is no augmentation', () => {
    const text = JSON.stringify([
      'r1',
      'general',
      'multiclass',
      basis.tags.map(({ tag }) => [tag.id, tag.name, tag.type]),
    ]);
    expect(fingerprintOf(basis)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it.each<[string, Partial<TrainingBasis>]>([
    ['an image or a tagging', { revision: 'r2' }],
    ['a tag', { tags: basis.tags.slice(1) }],
    ['the name of a tag', { tags: basis.tags.map((each) => ({ ...each, tag: { ...each.tag, name: 'x' } })) }],
    ['the domain', { project: { training: { ...basis.project.training, domain: 'general-compact' } } }],
    ['augmentation', { augmentation: recipe(1) }],
    ['the type', { project: { training: { ...basis.project.training, classificationType: 'multilabel' } } }],
  ])('is another one when %s changes', (_, change) => {
    expect(fingerprintOf({ ...basis, ...change })).not.toBe(fingerprintOf(basis));
  });

  it.each<[string, Partial<AugmentationRecipe>]>([
    ['the number of new images', { numberOfNewImages: 2 }],
    ['the probability', { transformationProbability: 0.6 }],
    ['a transformation', { transformations: [{ name: 'rotation', enabled: false }] }],
  ])('is another one when, of the augmentation, %s changes', (_, change) => {
    const of = (changes: object) => fingerprintOf({ ...basis, augmentation: { ...recipe(1), ...changes } });
    expect(of({})).toBe(of({ transformations: [{ name: 'rotation' }] }));
    expect(of(change)).not.toBe(of({}));
  });
});
