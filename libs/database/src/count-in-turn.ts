import type { ClientSession, Model, mongo } from 'mongoose';

/** A document for each counted collection and workspace. Only the conflicts of writing to it matter. */
const TURNS = 'count_turns';

/**
 * Counts documents of a workspace for a limit, in the transaction that adds another one. Also writes to a document that all such
 * transactions of the workspace write to, so that of several at once all but one are run again. So they cannot pass the limit together.
 */
export async function countInTurn<T>(
  model: Pick<Model<T>, 'db' | 'collection'>,
  filter: mongo.Filter<mongo.BSON.Document> & { readonly workspace: string },
  session: ClientSession,
): Promise<number> {
  const { collection, db } = model;
  const _id = `${collection.collectionName}/${filter.workspace}`;
  await db
    .collection<{ _id: string; turns: number }>(TURNS)
    .updateOne({ _id }, { $inc: { turns: 1 } }, { upsert: true, session });
  return collection.countDocuments(filter, { session });
}
