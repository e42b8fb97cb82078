import type { Collection, mongo } from 'mongoose';

/** Documents of one removal: a call of the database stays short. */
const REMOVED_AT_ONCE = 5_000;

/** Removes some documents that match. Returns whether none of them is left. */
export async function removeSome(
  collection: Pick<Collection, 'find' | 'deleteMany'>,
  filter: mongo.Filter<mongo.BSON.Document>,
): Promise<boolean> {
  const found = await collection.find(filter, { projection: { _id: 1 }, limit: REMOVED_AT_ONCE }).toArray();
  if (found.length > 0) await collection.deleteMany({ _id: { $in: found.map(({ _id }) => _id) } });
  return found.length < REMOVED_AT_ONCE;
}
