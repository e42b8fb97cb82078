import { createRandom } from '@pentaprism/domain';
import type { HeadKind } from '@pentaprism/heads';
import { l2Normalised } from './backbone.js';
import type { TrainingData } from './head-trainer.js';

export interface ClusterOptions {
  readonly seed?: string;
  readonly kind?: HeadKind;
  /** Examples of each tag. */
  readonly counts: readonly number[];
  readonly size?: number;
  /** Standard deviation around the centre of a tag, whose features lie between 0 and 1. */
  readonly noise?: number;
}

/** Embeddings that cluster by tag; for multilabel every third also has the next tag, and lies between the two. */
export function clusters(options: ClusterOptions): TrainingData {
  const { seed = 'clusters', kind = 'multiclass', counts, size = 32, noise = 0.2 } = options;
  const tags = counts.length;
  const centre = createRandom('centres');
  const centres = Array.from({ length: tags }, () => Float32Array.from({ length: size }, () => centre()));
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const tagOf = counts.flatMap((count, tag) => Array.from({ length: count }, () => tag));
  const embeddings = new Float32Array(tagOf.length * size);
  const labels = new Uint8Array(tagOf.length * tags);
  tagOf.forEach((tag, example) => {
    const own = kind === 'multilabel' && example % 3 === 0 ? [tag, (tag + 1) % tags] : [tag];
    for (const each of own) labels[example * tags + each] = 1;
    const point = Float32Array.from({ length: size }, (_, feature) => {
      const sum = own.reduce((total, each) => total + (centres[each]?.[feature] as number), 0);
      return sum / own.length + noise * normal();
    });
    embeddings.set(l2Normalised(point), example * size);
  });
  return { kind, embeddings, embeddingSize: size, labels, tags };
}

/** The share of examples of which every tag is on the right side of 1/2, or for multiclass, the right one is highest. */
export function accuracy({ kind, labels, tags }: TrainingData, probabilities: Float32Array): number {
  const examples = labels.length / tags;
  let right = 0;
  for (let start = 0; start < labels.length; start += tags) {
    const row = probabilities.subarray(start, start + tags);
    const truth = labels.subarray(start, start + tags);
    const good =
      kind === 'multiclass'
        ? row.indexOf(Math.max(...row)) === truth.indexOf(1)
        : row.every((value, tag) => value >= 0.5 === (truth[tag] === 1));
    right += Number(good);
  }
  return right / examples;
}
