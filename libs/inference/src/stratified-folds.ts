import { createRandom } from '@pentaprism/domain';

/** 0 or 1 per example and tag, examples × tags, row by row. */
export interface Labels {
  readonly labels: Uint8Array;
  readonly tags: number;
}

/**
 * Spreads examples over folds, so that each has its share of every tag: iterative stratification (Sechidis, Tsoumakas and
 * Vlahavas 2011, "On the stratification of multi-label data"), which for one tag per example is plain stratification.
 * The rarest tag is dealt out first, since it leaves the least choice.
 *
 * The same labels, folds and seed give the same answer.
 *
 * @returns the fold of each example, from 0
 */
export function stratifiedFolds({ labels, tags }: Labels, folds: number, seed: string): Uint8Array {
  const examples = labels.length / tags;
  const random = createRandom(seed);
  const order = shuffledIndices(examples, random);
  const left = positives({ labels, tags });
  // How many examples, and how many of each tag (row by row of tags), a fold still wants.
  const wantedExamples = new Float64Array(folds).fill(examples / folds);
  const wanted = Float64Array.from({ length: tags * folds }, (_, i) => (left[Math.floor(i / folds)] as number) / folds);
  const fold = new Uint8Array(examples).fill(UNASSIGNED);

  const assign = (example: number, wants: Float64Array) => {
    const chosen = mostWanted(wants, wantedExamples, random);
    fold[example] = chosen;
    take(wantedExamples, chosen);
    for (let tag = 0; tag < tags; tag++) {
      if (labels[example * tags + tag] !== 1) continue;
      take(left, tag);
      take(wanted, tag * folds + chosen);
    }
  };

  for (let tag = rarest(left); tag !== undefined; tag = rarest(left)) {
    const wants = wanted.subarray(tag * folds, (tag + 1) * folds);
    for (const example of order) {
      if (fold[example] === UNASSIGNED && labels[example * tags + tag] === 1) assign(example, wants);
    }
  }
  for (const example of order) if (fold[example] === UNASSIGNED) assign(example, wantedExamples);
  return fold;
}

const UNASSIGNED = 255;
/** Fewer than the mark of an example that has none yet. */
export const MAX_FOLDS = 200;

/** How many examples have each tag. */
export function positives({ labels, tags }: Labels): Uint32Array {
  const counts = new Uint32Array(tags);
  for (let i = 0; i < labels.length; i++) counts[i % tags] = (counts[i % tags] as number) + (labels[i] as number);
  return counts;
}

/** Every index below `count` once, in an order that the random numbers decide (Fisher and Yates). */
export function shuffledIndices(count: number, random: () => number): Uint32Array {
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indices[i], indices[j]] = [indices[j] as number, indices[i] as number];
  }
  return indices;
}

function rarest(left: Uint32Array): number | undefined {
  let found: number | undefined;
  left.forEach((count, tag) => {
    if (count > 0 && (found === undefined || count < (left[found] as number))) found = tag;
  });
  return found;
}

/** The fold that wants most of the tag; of several such, most examples; of several such again, any. */
function mostWanted(wants: Float64Array, wantedExamples: Float64Array, random: () => number): number {
  let [best, equals] = [0, 1];
  for (let fold = 1; fold < wants.length; fold++) {
    const more = (wants[fold] as number) - (wants[best] as number);
    const moreExamples = (wantedExamples[fold] as number) - (wantedExamples[best] as number);
    if (more < 0 || (more === 0 && moreExamples < 0)) continue;
    equals = more === 0 && moreExamples === 0 ? equals + 1 : 1;
    // Each of several equal ones is kept with the same probability.
    if (equals === 1 || random() * equals < 1) best = fold;
  }
  return best;
}

function take(counts: Uint32Array | Float64Array, index: number): void {
  counts[index] = (counts[index] as number) - 1;
}
