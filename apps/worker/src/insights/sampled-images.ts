import { createHash } from 'node:crypto';

/** Images of a column for which maps are computed, at most. */
export const MAX_MAPPED_IMAGES = 500;

/** Part of each image's place in the order of the draw. Another seed draws other images. */
const SEED = 'activation maps';

export interface SampleCandidate {
  /** The same image has the same key in each call, for instance the hash of its bytes. */
  readonly key: string;
  /** Classes, several for multilabel targets, or bins of a number. An image without a group is not drawn. */
  readonly groups: readonly string[];
}

/**
 * Draws images, as many of each group as of any other as far as there are so many. Each group has at least one image, unless
 * there are more groups than `limit`.
 *
 * The same images give the same sample in any order. The groups take turns in it, so that its beginning shows all of them.
 */
export function sampledImages<T extends SampleCandidate>(images: readonly T[], limit = MAX_MAPPED_IMAGES): T[] {
  const waiting = groupsOf(images);
  const drawn = new Map<string, T>();
  const counts = new Map<string, number>([...waiting.keys()].map((group) => [group, 0]));
  while (drawn.size < limit && waiting.size > 0) {
    const group = smallest(waiting.keys(), counts);
    const image = waiting.get(group)?.pop();
    if (image === undefined) waiting.delete(group);
    else if (!drawn.has(image.key)) {
      drawn.set(image.key, image);
      for (const each of new Set(image.groups)) counts.set(each, (counts.get(each) ?? 0) + 1);
    }
  }
  return [...drawn.values()];
}

/** Returns the groups in the order of the draw, each with its images, of which the last is drawn first. */
function groupsOf<T extends SampleCandidate>(images: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const image of inDrawOrder(images, ({ key }) => key)) {
    for (const group of image.groups) {
      const members = groups.get(group);
      if (members) members.push(image);
      else groups.set(group, [image]);
    }
  }
  return new Map(inDrawOrder([...groups], ([group]) => group));
}

/** Sorts by a hash of seed and key, which is the same order for any order of the items. */
function inDrawOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items
    .map((item) => ({
      item,
      place: createHash('sha256')
        .update(`${SEED}/${keyOf(item)}`)
        .digest('hex'),
    }))
    .sort((a, b) => (a.place < b.place ? -1 : Number(a.place > b.place)))
    .map(({ item }) => item);
}

function smallest(groups: Iterable<string>, counts: ReadonlyMap<string, number>): string {
  let [found, least] = ['', Infinity];
  for (const group of groups) {
    const count = counts.get(group) ?? 0;
    if (count < least) [found, least] = [group, count];
  }
  return found;
}
