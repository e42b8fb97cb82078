import { describe, expect, it } from '@jest/globals';
import type { TagDetails } from '@pentaprism/contracts';
import { MAX_TAGS_PER_TRAINING, MAX_TRAINING_LABELS } from '@pentaprism/domain';
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
  return { project: { training }, tags, tagged, revision: 'r1', backbone: 'b', ...given };
}

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

  it.each<[string, Partial<TrainingBasis>]>([
    ['an image or a tagging', { revision: 'r2' }],
    ['a tag', { tags: basis.tags.slice(1) }],
    ['the name of a tag', { tags: basis.tags.map((each) => ({ ...each, tag: { ...each.tag, name: 'x' } })) }],
    ['the domain', { project: { training: { ...basis.project.training, domain: 'general-compact' } } }],
    ['the type', { project: { training: { ...basis.project.training, classificationType: 'multilabel' } } }],
  ])('is another one when %s changes', (_, change) => {
    expect(fingerprintOf({ ...basis, ...change })).not.toBe(fingerprintOf(basis));
  });
});
