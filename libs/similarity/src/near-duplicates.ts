import type { Pause } from '@pentaprism/heads';
import { visitClosePairs } from './close-pairs.js';
import { DisjointSets } from './disjoint-sets.js';
import { hashDistance, indexesByHash, pickHashes, type Hashes } from './hashes.js';

/** Images of one hash with which others of that hash are compared: more, and the hash says nothing about its images. */
const MAX_KINDS_PER_HASH = 100;
/** Refused neighbours of an image after which it is compared with no more. Only pictures without details have so many. */
const MAX_REFUSALS = 200;

/**
 * The least cosine of the embeddings of near duplicates, of the default backbone. Photos that were encoded again, halved, cropped by
 * 4 % a side or brightened by a quarter stay above 0.88; photos of other things are below 0.7.
 */
export const MIN_SIMILARITY = 0.8;

/** Says whether two images, by their indexes, show the same. */
export type Confirm = (one: number, other: number) => boolean;

export interface DuplicateMember {
  /** Of the hash. */
  readonly index: number;
  /** From the hash of the group's first image, in bits. */
  readonly distance: number;
}

/** Images that look alike: the one with the lowest index, then the others from the closest to the farthest. */
export type DuplicateGroup = readonly DuplicateMember[];

/**
 * Returns the indexes of hashes that have another one within the radius, in their order. Only these images need be confirmed.
 *
 * @throws RangeError if `radius` is not a whole number from 0 to `MAX_RADIUS`
 */
export async function indexesWithNeighbours(hashes: Hashes, radius: number, pause: Pause): Promise<number[]> {
  const lists = indexesByHash(hashes);
  const close = new Uint8Array(lists.length);
  const mark = (one: number, other: number) => {
    close[one] = 1;
    close[other] = 1;
  };
  await visitClosePairs(distinct(hashes, lists), radius, mark, pause);
  return lists.flatMap((list, i) => (list.length > 1 || close[i] === 1 ? list : [])).sort((a, b) => a - b);
}

/**
 * Returns groups of near duplicates, the largest first, and of the same size the one with the lowest index first. Two images
 * are linked if they are identical, or if their hashes differ in at most `radius` bits and `confirm` agrees; a group has all that
 * is linked, directly or through others. Images of the same hash are compared with the first image of each kind that `confirm` has kept apart, and only
 * these are compared with images of other hashes.
 *
 * @param identical lists of indexes that are linked without being confirmed
 * @throws RangeError if `radius` is not a whole number from 0 to `MAX_RADIUS`
 */
export async function groupNearDuplicates(
  hashes: Hashes,
  radius: number,
  confirm: Confirm,
  pause: Pause,
  identical: readonly (readonly number[])[] = [],
): Promise<DuplicateGroup[]> {
  const lists = indexesByHash(hashes);
  const sets = new DisjointSets(hashes.high.length);
  for (const [first, ...others] of identical) for (const other of others) sets.unite(first as number, other);
  const kinds: number[][] = [];
  for (const list of lists) kinds.push(await linkEqual(list, sets, confirm, pause));
  const refusals = new Uint16Array(hashes.high.length);
  const link = (one: number, other: number) => {
    if (sets.find(one) === sets.find(other)) return;
    if (Math.max(refusals[one] as number, refusals[other] as number) >= MAX_REFUSALS) return;
    if (confirm(one, other)) return sets.unite(one, other);
    (refusals[one] as number)++;
    (refusals[other] as number)++;
  };
  const linkKinds = (one: number, other: number) => {
    for (const first of kinds[one] as number[]) for (const second of kinds[other] as number[]) link(first, second);
  };
  await visitClosePairs(distinct(hashes, lists), radius, linkKinds, pause);
  return groupsOf(hashes, sets);
}

function distinct(hashes: Hashes, lists: readonly number[][]): Hashes {
  return pickHashes(
    hashes,
    lists.map(([first]) => first as number),
  );
}

/** Links images of one hash. @returns the first image of each kind */
async function linkEqual(
  list: readonly number[],
  sets: DisjointSets,
  confirm: Confirm,
  pause: Pause,
): Promise<number[]> {
  const kinds: number[] = [];
  for (const index of list) {
    const same = kinds.find((kind) => sets.find(kind) === sets.find(index) || confirm(kind, index));
    if (same !== undefined) sets.unite(same, index);
    else if (kinds.length < MAX_KINDS_PER_HASH) kinds.push(index);
    await pause();
  }
  return kinds;
}

function groupsOf(hashes: Hashes, sets: DisjointSets): DuplicateGroup[] {
  const members = new Map<number, DuplicateMember[]>();
  for (let index = 0; index < hashes.high.length; index++) {
    const first = sets.find(index);
    const member = { index, distance: hashDistance(hashes, first, index) };
    const group = members.get(first);
    if (group) group.push(member);
    else members.set(first, [member]);
  }
  return [...members.values()]
    .filter(({ length }) => length > 1)
    .map(([first, ...others]) => [first as DuplicateMember, ...others.toSorted((a, b) => a.distance - b.distance)])
    .toSorted((one, other) => other.length - one.length);
}
