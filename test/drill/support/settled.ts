import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { whileShrinking } from './while-shrinking.js';

/** Milliseconds in which something has to end: a lost job is missed after 20 s, and one that the queue lost after 12 s. */
const STALLED_MS = 90_000;
/** How much of what is left is told, of each collection. */
const TOLD = 100;

/** Contents and images come to rest in these states; nobody decodes the originals of radiographs. */
const AT_REST = { contents: ['decoded', 'unseen'], images: ['decoded', 'awaiting-file'] };

export interface SettledOptions {
  /** Whether files that are no pictures are expected: then `undecodable` is a state of rest, too. */
  readonly undecodable?: boolean;
}

/** Waits while jobs, contents and facts come to their end, and returns those that do not although nothing is broken. */
export async function settled({ database }: FaultyStack, options: SettledOptions = {}): Promise<string[]> {
  const { undecodable = false } = options;
  const atRest = (states: readonly string[]) => ({ $nin: undecodable ? [...states, 'undecodable'] : states });
  const questions: readonly [string, object][] = [
    // A job is aborted when what it works for was deleted. What is still there has to come to rest below.
    ['jobs', { state: { $nin: ['completed', 'aborted'] } }],
    ['contents', { state: atRest(AT_REST.contents), orphanedAt: null }],
    ['images', { state: atRest(AT_REST.images) }],
    ['catalog_outbox', {}],
    ['augmentation_outbox', {}],
    ['insights_outbox', {}],
  ];
  const count = async () => {
    const counts = await Promise.all(
      questions.map(([table, filter]) => database.collection(table).countDocuments(filter)),
    );
    return counts.reduce((sum, each) => sum + each, 0);
  };
  if ((await whileShrinking(count, { stalledMs: STALLED_MS })) === 0) return [];
  const rows = await Promise.all(
    questions.map(async ([table, filter]) => {
      const documents = await database.collection(table).find(filter).limit(TOLD).toArray();
      return documents.map((document) => `${table}: ${JSON.stringify(document).slice(0, 1000)}`);
    }),
  );
  return rows.flat();
}
