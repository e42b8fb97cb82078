import { createRandom } from '@pentaprism/domain';

/** 0 or 1 per example and tag, examples × tags, row by row. */
export interface Labels {
  readonly labels: Uint8Array;
  readonly tags: number;
}

/** Items to spread over parts. An item is an example, or several that have to stay together. */
export interface Stratification {
  readonly items: number;
  readonly tags: number;
  /** Returns the tags of an item. */
  readonly tagsOf: (item: number) => readonly number[];
  /** Returns how many examples an item stands for. One by default. */
  readonly weightOf?: (item: number) => number;
  /** Returns how many of the examples of a tag each part wants, or of all examples. */
  readonly wants: (examples: number, tag?: number) => readonly number[];
  /** Parts of items that are assigned before all others. */
  readonly fixed?: ReadonlyMap<number, number>;
  readonly seed: string;
}

/**
 * Spreads examples over folds, so that each has its share of every tag. The same labels, folds and seed give the same
 * answer.
 *
 * @returns the fold of each example, from 0
 */
export function stratifiedFolds({ labels, tags }: Labels, folds: number, seed: string): Uint8Array {
  const tagsOf = (example: number) => {
    const own: number[] = [];
    for (let tag = 0; tag < tags; tag++) if (labels[example * tags + tag] === 1) own.push(tag);
    return own;
  };
  const wants = (examples: number) => new Array<number>(folds).fill(examples / folds);
  return stratify({ items: labels.length / tags, tags, tagsOf, wants, seed });
}

/**
 * Spreads items over parts, so that each has its share of every tag: iterative stratification (Sechidis, Tsoumakas and
 * Vlahavas 2011, "On the stratification of multi-label data"), which for one tag per item is plain stratification.
 * The rarest tag is dealt out first, since it leaves the least choice, and heavy items before light ones.
 *
 * @returns the part of each item, from 0
 */
export function stratify(request: Stratification): Uint8Array {
  const { items, tags, tagsOf, weightOf = () => 1, wants, fixed, seed } = request;
  const random = createRandom(seed);
  const order = shuffledIndices(items, random).sort((one, other) => weightOf(other) - weightOf(one));
  const left = new Float64Array(tags);
  let examples = 0;
  for (let item = 0; item < items; item++) {
    examples += weightOf(item);
    for (const tag of tagsOf(item)) take(left, tag, -weightOf(item));
  }
  // How many examples, and how many of each tag, a part still wants.
  const wantedExamples = Float64Array.from(wants(examples));
  const wanted = Array.from(left, (count, tag) => Float64Array.from(wants(count, tag)));
  const part = new Uint8Array(items).fill(UNASSIGNED);

  const assign = (item: number, chosen: number) => {
    part[item] = chosen;
    take(wantedExamples, chosen, weightOf(item));
    for (const tag of tagsOf(item)) {
      take(left, tag, weightOf(item));
      take(wanted[tag] as Float64Array, chosen, weightOf(item));
    }
  };

  for (const [item, chosen] of fixed ?? []) assign(item, chosen);
  const withTag = itemsByTag(order, tags, tagsOf);
  for (let tag = rarest(left); tag !== undefined; tag = rarest(left)) {
    const wants = wanted[tag] as Float64Array;
    for (const item of withTag(tag)) {
      if (part[item] === UNASSIGNED) assign(item, mostWanted(wants, wantedExamples, random));
    }
  }
  for (const item of order) {
    if (part[item] === UNASSIGNED) assign(item, mostWanted(wantedExamples, wantedExamples, random));
  }
  return part;
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

/** Returns for each number which of so many ranges it lies in, from 0. The ranges have equally many numbers. */
export function quantileBins(numbers: ArrayLike<number>, bins: number): Uint8Array {
  const order = Uint32Array.from({ length: numbers.length }, (_, index) => index);
  order.sort((one, other) => (numbers[one] as number) - (numbers[other] as number) || one - other);
  const result = new Uint8Array(numbers.length);
  order.forEach((index, rank) => (result[index] = Math.floor((rank * bins) / numbers.length)));
  return result;
}

/** Returns a function that lists the items with a tag in this order. */
function itemsByTag(order: Uint32Array, tags: number, tagsOf: Stratification['tagsOf']): (tag: number) => Uint32Array {
  const starts = new Uint32Array(tags + 1);
  for (const item of order) for (const tag of tagsOf(item)) take(starts, tag + 1, -1);
  for (let tag = 0; tag < tags; tag++) take(starts, tag + 1, -(starts[tag] as number));
  const next = starts.slice();
  const items = new Uint32Array(starts[tags] as number);
  for (const item of order) {
    for (const tag of tagsOf(item)) {
      items[next[tag] as number] = item;
      take(next, tag, -1);
    }
  }
  return (tag) => items.subarray(starts[tag], starts[tag + 1]);
}

function rarest(left: Float64Array): number | undefined {
  let found: number | undefined;
  left.forEach((count, tag) => {
    if (count > 0 && (found === undefined || count < (left[found] as number))) found = tag;
  });
  return found;
}

/** The part that wants most of the tag; of several such, most examples; of several such again, any. */
function mostWanted(wants: Float64Array, wantedExamples: Float64Array, random: () => number): number {
  let [best, equals] = [0, 1];
  for (let part = 1; part < wants.length; part++) {
    const more = (wants[part] as number) - (wants[best] as number);
    const moreExamples = (wantedExamples[part] as number) - (wantedExamples[best] as number);
    if (more < 0 || (more === 0 && moreExamples < 0)) continue;
    equals = more === 0 && moreExamples === 0 ? equals + 1 : 1;
    // Each of several equal ones is kept with the same probability.
    if (equals === 1 || random() * equals < 1) best = part;
  }
  return best;
}

function take(counts: Uint32Array | Float64Array, index: number, amount: number): void {
  counts[index] = (counts[index] as number) - amount;
}
