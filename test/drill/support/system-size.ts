import { QUEUES } from '@pentaprism/contracts';
import { Queue } from 'bullmq';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { filesBelow } from './sweep.js';

/** How many documents each collection has, files each area of the blob store, and jobs each queue. */
export type SystemSize = ReadonlyMap<string, number>;

/**
 * Collections that do not count: records of deletions, which are kept for a while so that nothing is added to what was deleted, and
 * counters, which each kind of number gets when it is first used.
 */
const LEFT_OUT: readonly string[] = ['augmentation_deleted_images', 'augmentation_deleted_projects', 'counters'];
/** The documents that count, of collections that also have such records, or those of jobs that have ended. */
const COUNTED: Readonly<Record<string, object>> = {
  jobs: { state: { $in: ['queued', 'running'] } },
  projects: { emptiedAt: { $exists: false } },
  content_holders: { emptiedAt: { $exists: false } },
  tag_revisions: { closed: { $exists: false } },
};

/** Counts everything that deletions have to remove. */
export async function systemSize(faulty: FaultyStack): Promise<SystemSize> {
  return new Map([...(await documents(faulty)), ...(await files(faulty)), ...(await waiting(faulty))]);
}

/** Returns what differs between two counts. */
export function sizeDifferences(before: SystemSize, after: SystemSize): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [before.get(name) ?? 0, after.get(name) ?? 0];
    return was === is ? [] : [`${name}: ${is} instead of ${was}`];
  });
}

async function documents({ database }: FaultyStack): Promise<[string, number][]> {
  const collections = (await database.listCollections()).map(({ name }) => name);
  const emptied = await database.collection('projects').distinct('_id', { emptiedAt: { $exists: true } });
  const counted: Readonly<Record<string, object>> = { ...COUNTED, image_counts: { project: { $nin: emptied } } };
  return Promise.all(
    collections
      .filter((name) => !LEFT_OUT.includes(name))
      .map(
        async (name) => [name, await database.collection(name).countDocuments(counted[name] ?? {})] as [string, number],
      ),
  );
}

async function files({ blobs }: FaultyStack): Promise<[string, number][]> {
  const root = path.join(blobs, 'blobs');
  const areas = await readdir(root);
  return Promise.all(
    areas.map(async (area): Promise<[string, number]> => [
      `files of ${area}`,
      (await filesBelow(path.join(root, area))).length,
    ]),
  );
}

async function waiting({ stack }: FaultyStack): Promise<[string, number][]> {
  return Promise.all(
    QUEUES.map(async (name): Promise<[string, number]> => {
      const queue = new Queue(name, { connection: { url: stack.servers.redisUrl }, prefix: 'pentaprism' });
      try {
        return [`queue ${name}`, await queue.getJobCountByTypes('waiting', 'prioritized', 'active', 'delayed')];
      } finally {
        await queue.close();
      }
    }),
  );
}
