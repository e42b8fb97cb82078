import type { ClientSession, Collection, mongo } from 'mongoose';

/**
 * Counts documents for a limit, in the transaction that adds another one. The oldest of them is written to, so that of
 * transactions that count the same documents at once, all but one are run again. So they cannot pass the limit together, unless there
 * is no document yet.
 */
export async function countInTurn(
  collection: Pick<Collection, 'findOneAndUpdate' | 'countDocuments'>,
  filter: mongo.Filter<mongo.BSON.Document>,
  session: ClientSession,
): Promise<number> {
  await collection.findOneAndUpdate(filter, { $inc: { turns: 1 } }, { sort: { _id: 1 }, session });
  return collection.countDocuments(filter, { session });
}
