import { eventually } from '@pentaprism/testing';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';

/** Milliseconds until all jobs have ended: a lost one is missed after 20 s, and one that the queue lost after 12 s. */
const SETTLED_WITHIN_MS = 90_000;

/** What has not come to its end, although nothing is broken any more. */
export async function settled({ database }: FaultyStack): Promise<string[]> {
  const questions: readonly [string, object][] = [
    ['jobs', { state: { $ne: 'completed' } }],
    // Nobody looks at the pixels of radiographs: what is shown is the picture that is made of them.
    ['contents', { state: { $nin: ['decoded', 'unseen'] }, orphanedAt: null }],
    ['images', { state: { $nin: ['decoded', 'awaiting-file'] } }],
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
      { timeoutMs: SETTLED_WITHIN_MS, everyMs: 500 },
    );
    return [];
  } catch {
    return look();
  }
}
