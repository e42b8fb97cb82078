import type { IterationDocument } from './iteration.schema.js';

/** Returns the model's tags with their probabilities, highest first. */
export function rankedTags({ tags }: Pick<IterationDocument, 'tags'>, probabilities: ArrayLike<number>) {
  return tags
    .map(({ id, name, type }, i) => ({ tagId: id, name, type, probability: probabilities[i] ?? 0 }))
    .sort((a, b) => b.probability - a.probability);
}
