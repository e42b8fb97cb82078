import { eventually } from '@pentaprism/testing';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';

/** Milliseconds until all jobs have ended: a lost one is missed after 20 s, and one that the queue lost after 12 s. */
const SETTLED_WITHIN_MS = 90_000;

/** Contents and images come to rest in these states; nobody decodes the originals of radiographs. */
const AT_REST = { contents: ['decoded', 'unseen'], images: ['decoded', 'awaiting-file'] };

export interface SettledOptions {
  /** Whether files that are no pictures are expected: then `undecodable` is a state of rest, too. */
  readonly undecodable?: boolean;
  readonly withinMs?: number;
}

/** Returns what has not come to its end, although nothing is broken any more. */
export async function settled({ database }: FaultyStack, options: SettledOptions = {}): Promise<string[]> {
  const { undecodable = false, withinMs = SETTLED_WITHIN_MS } = options;
  const atRest = (states: readonly string[]) => ({ $nin: undecodable ? [...states, 'undecodable'] : states });
  const questions: readonly [string, object][] = [
    ['jobs', { state: { $ne: 'completed' } }],
    ['contents', { state: atRest(AT_REST.contents), orphanedAt: null }],
    ['images', { state: atRest(AT_REST.images) }],
    ['catalog_outbox', {}],
    ['augmentation_outbox', {}],
  ];
  const look = async () => {
    const rows = await Promise.all(
      questions.map(async ([table, filter]) => {
        const documents = await database.collection(table).find(filter).limit(100).toArray();
        return documents.map((document) => `${table}: ${JSON.stringify(document).slice(0, 300)}`);
      }),
    );
    return rows.flat();
  };
  try {
    await eventually(
      async () => {
        if ((await look()).length > 0) throw new Error('not settled');
      },
      { timeoutMs: withinMs, everyMs: 500 },
    );
    return [];
  } catch {
    return look();
  }
}
