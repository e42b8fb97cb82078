import { copyRows, type TrainingData } from './head-trainer.js';

/** Examples that were made of others. They have their labels, and are never asked about. */
export interface AugmentedExamples {
  /** augmented × embeddingSize, row by row; of Euclidean length 1 each. */
  readonly embeddings: Float32Array;
  /** Of each, the row of the example that it was made of. */
  readonly sources: Uint32Array;
}

interface Examples extends TrainingData {
  readonly augmented?: AugmentedExamples | undefined;
}

/** @throws RangeError where sizes contradict each other, or an example was made of none of those that there are */
export function checkAugmented({ augmented, embeddingSize, labels, tags }: Examples): void {
  if (augmented === undefined) return;
  const { embeddings, sources } = augmented;
  if (embeddings.length !== sources.length * embeddingSize) {
    const expected = `${sources.length} augmented embeddings of ${embeddingSize} numbers`;
    throw new RangeError(`${expected} are not ${embeddings.length} numbers.`);
  }
  const examples = labels.length / tags;
  const stray = sources.find((source) => source >= examples);
  if (stray !== undefined) throw new RangeError(`There is no example ${stray} of which another one was made.`);
}

/**
 * What a head learns from that may know these examples and no others: they, then what was made of them.
 *
 * @param originals rows, each at most once
 */
export function trainingRows(
  { embeddings, embeddingSize, labels, tags, augmented }: Examples,
  originals: ArrayLike<number>,
): Pick<TrainingData, 'embeddings' | 'labels'> {
  const chosen = new Uint8Array(labels.length / tags);
  for (let i = 0; i < originals.length; i++) chosen[originals[i] as number] = 1;
  const made: number[] = [];
  augmented?.sources.forEach((source, row) => chosen[source] === 1 && made.push(row));
  const madeOf = made.map((row) => augmented?.sources[row] as number);
  const count = originals.length + made.length;
  const rows = { embeddings: new Float32Array(count * embeddingSize), labels: new Uint8Array(count * tags) };
  copyRows(rows.embeddings, 0, embeddings, embeddingSize, originals);
  copyRows(rows.labels, 0, labels, tags, originals);
  if (augmented) copyRows(rows.embeddings, originals.length, augmented.embeddings, embeddingSize, made);
  copyRows(rows.labels, originals.length, labels, tags, madeOf);
  return rows;
}
