import { binCount, quantileBins, stratify } from '@pentaprism/inference';
import { classesOf, hasTarget, type Targets } from './targets.js';

/** The partition of rows that no training and no choice of a model uses. Smaller values are folds. */
export const HOLD_OUT = 254;
/** The partition of rows without a value of the target. */
export const NO_TARGET = 255;

/** Folds, counted from 0. Fewer if no class has so many rows outside of the hold-out. */
export const MAX_TABLE_FOLDS = 5;
/** Heads of a candidate: one for each fold, and the final one. */
export const MAX_HEADS = MAX_TABLE_FOLDS + 1;
const HOLD_OUT_SHARE = 0.2;
/** A class with fewer independent rows gives none to the hold-out: its folds need two. */
const MIN_ROWS_TO_HOLD_OUT = 3;
/**
 * The share of the rows that may have to lie together. A picture that would unite more of them, such as a placeholder for
 * missing ones, unites none: they would leave too few rows to judge a model by.
 */
const MAX_GROUP_SHARE = 0.5;
/** In a table of fewer rows, all rows but one may have to lie together. */
const ROWS_FOR_GROUP_SHARE = 10;

export interface PartitionsRequest {
  readonly targets: Targets;
  /** For each image column the content id of each row; undefined if the image is missing. */
  readonly contents: readonly (readonly (string | undefined)[])[];
  readonly seed: string;
}

/**
 * Divides the rows of a table: a fifth is held out, the others lie in up to five folds, each with its share of every class,
 * set of labels, or range of numbers. Rows that have an image in common, in any column, lie in the same partition, unless
 * these are more than half of the rows.
 *
 * The same request gives the same answer. Every table is divided: a single row lies in fold 0.
 *
 * @returns for each row its fold, HOLD_OUT or NO_TARGET
 */
export function partitionsOf({ targets, contents, seed }: PartitionsRequest): Uint8Array {
  const { groupOf, weights } = groupsOf(targets, contents);
  const strata = strataOf(targets, groupOf, weights.length);
  const perTag = groupsPerTag(weights.length, strata);
  const folds = foldCount(weights.length, perTag);
  const partOf = stratify({
    ...strata,
    items: weights.length,
    weightOf: (group) => weights[group] as number,
    wants: (rows, tag) => {
      const groups = tag === undefined ? weights.length : (perTag[tag] as number);
      const heldOut = groups < MIN_ROWS_TO_HOLD_OUT || folds === 1 ? 0 : rows * HOLD_OUT_SHARE;
      return [...new Array<number>(folds).fill((rows - heldOut) / folds), heldOut];
    },
    fixed: heavyGroups(weights, folds),
    seed: `partitions of ${seed}`,
  });
  const names = partitionNames(partOf, folds);
  return Uint8Array.from(groupOf, (group) => (group < 0 ? NO_TARGET : (names[partOf[group] as number] as number)));
}

/** Groups of rows that have to stay together, of rows with a value only. */
interface Groups {
  /** For each row the index of its group; -1 without a value. */
  readonly groupOf: Int32Array;
  /** For each group its rows. */
  readonly weights: Uint32Array;
}

/** Unites rows that have a content in common (union-find), the rarest contents first. */
function groupsOf(targets: Targets, contents: PartitionsRequest['contents']): Groups {
  const parent = Int32Array.from(targets.rows, (_, row) => row);
  const root = (row: number): number => {
    let at = row;
    while (parent[at] !== at) at = parent[at] = parent[parent[at] as number] as number;
    return at;
  };
  const sizes = new Uint32Array(parent.length).fill(1);
  const most = largestGroup(parent.reduce((count, row) => count + Number(hasTarget(targets, row)), 0));
  for (const rows of sharedRows(targets, contents)) {
    const roots = [...new Set(rows.map(root))];
    const size = roots.reduce((total, each) => total + (sizes[each] as number), 0);
    if (size > most) continue;
    for (const each of roots) parent[each] = roots[0] as number;
    sizes[roots[0] as number] = size;
  }
  return numbered(targets, root);
}

function largestGroup(rows: number): number {
  return rows < ROWS_FOR_GROUP_SHARE ? rows - 1 : Math.floor(rows * MAX_GROUP_SHARE);
}

/** Returns the rows of each content that several rows have, those of few rows first. */
function sharedRows(targets: Targets, contents: PartitionsRequest['contents']): number[][] {
  const found = new Map<string, number | number[]>();
  for (const column of contents) {
    column.forEach((content, row) => {
      if (content === undefined || !hasTarget(targets, row)) return;
      const known = found.get(content);
      if (typeof known === 'object') known.push(row);
      // Most contents have one row. A list for each would take more memory than the contents.
      else found.set(content, known === undefined ? row : [known, row]);
    });
  }
  return [...found.values()].filter((rows) => typeof rows === 'object').sort((one, other) => one.length - other.length);
}

/** Numbers the groups in the order of their first rows. */
function numbered(targets: Targets, root: (row: number) => number): Groups {
  const indexes = new Map<number, number>();
  const groupOf = Int32Array.from(targets.rows, (_, row) => {
    if (!hasTarget(targets, row)) return -1;
    const index = indexes.get(root(row)) ?? indexes.size;
    indexes.set(root(row), index);
    return index;
  });
  const weights = new Uint32Array(indexes.size);
  for (const group of groupOf) if (group >= 0) weights[group] = (weights[group] as number) + 1;
  return { groupOf, weights };
}

/** What each partition has to have its share of. */
interface Strata {
  readonly tags: number;
  readonly tagsOf: (group: number) => readonly number[];
}

function strataOf(targets: Targets, groupOf: Int32Array, groups: number): Strata {
  const own = new Array<readonly number[]>(groups).fill([]);
  const tagsOfRow = targets.type === 'regression' ? binsOf(targets.rows, groupOf) : classTags(targets);
  groupOf.forEach((group, row) => {
    if (group < 0) return;
    const [known, added] = [own[group] as readonly number[], tagsOfRow(row)];
    if (known.length === 0) own[group] = added;
    else if (added.some((tag) => !known.includes(tag))) own[group] = [...new Set([...known, ...added])];
  });
  const tags = targets.type === 'regression' ? binCount(groups) : targets.classes.length;
  return { tags, tagsOf: (group) => own[group] ?? [] };
}

function classTags(targets: Targets): (row: number) => readonly number[] {
  // One list per class, not per row.
  const single = targets.classes.map((_, index) => [index]);
  return (row) => {
    const classes = classesOf(targets, row);
    return classes.length === 1 ? (single[classes[0] as number] ?? []) : classes;
  };
}

/** Ranges of numbers that have equally many rows. */
function binsOf(numbers: ArrayLike<number>, groupOf: Int32Array): (row: number) => readonly number[] {
  const rows = groupOf.reduce<number[]>((found, group, row) => (group < 0 ? found : (found.push(row), found)), []);
  const groups = new Set(groupOf).size - Number(groupOf.includes(-1));
  const bins = quantileBins(
    Float64Array.from(rows, (row) => numbers[row] as number),
    binCount(groups),
  );
  const binOf = new Map(rows.map((row, index) => [row, [bins[index] as number]]));
  return (row) => binOf.get(row) ?? [];
}

/** As many as the largest class has groups outside of the hold-out. */
function foldCount(groups: number, perTag: Uint32Array): number {
  // Rows without any label are a class of their own.
  const largest = Math.max(
    perTag.reduce((one, other) => Math.max(one, other), 0),
    groups - sum(perTag),
  );
  const kept = largest < MIN_ROWS_TO_HOLD_OUT ? largest : Math.round(largest * (1 - HOLD_OUT_SHARE));
  return Math.max(1, Math.min(MAX_TABLE_FOLDS, kept));
}

function groupsPerTag(groups: number, { tags, tagsOf }: Strata): Uint32Array {
  const counts = new Uint32Array(tags);
  for (let group = 0; group < groups; group++) {
    for (const tag of tagsOf(group)) counts[tag] = (counts[tag] as number) + 1;
  }
  return counts;
}

/** Returns folds for groups that would fill the hold-out alone. There are fewer than five of them. */
function heavyGroups(weights: Uint32Array, folds: number): Map<number, number> {
  const limit = Math.max(1, sum(weights) * HOLD_OUT_SHARE);
  const heavy = [...weights.entries()].filter(([, weight]) => weight > limit);
  return new Map(heavy.map(([group], index) => [group, index % folds]));
}

/** Returns the partition for each part of the stratification. Folds without rows are left out. */
function partitionNames(partOf: Uint8Array, folds: number): number[] {
  const used = new Set(partOf);
  let next = 0;
  return Array.from({ length: folds + 1 }, (_, part) => {
    if (part < folds) return used.has(part) ? next++ : NO_TARGET;
    // The hold-out alone leaves nothing to learn from.
    return next === 0 ? 0 : HOLD_OUT;
  });
}

function sum(numbers: Uint32Array): number {
  return numbers.reduce((total, number) => total + number, 0);
}
