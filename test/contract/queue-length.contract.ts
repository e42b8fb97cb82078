import { afterAll, describe, expect, it } from '@jest/globals';
import { QUEUES } from '@pentaprism/contracts';
import { eventually, testScope } from '@pentaprism/testing';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const SCALING = path.resolve(import.meta.dirname, '../../deploy/k8s/overlays/cluster/worker-scaling.yaml');
const scope = testScope('queue-length');
/** The keys by whose length a cluster scales its workers, with the prefix of this suite. */
const keys = [...readFileSync(SCALING, 'utf8').matchAll(/listName: pentaprism:(\S+)/g)].map(
  ([, key]) => `${scope.queuePrefix}:${key}`,
);
const connection = { url: scope.redisUrl, maxRetriesPerRequest: null };
const options = { connection, prefix: scope.queuePrefix };
const opened: (Queue | Worker)[] = [];
const client = new Redis(scope.redisUrl);

afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  client.disconnect();
  await scope.cleanUp();
});

describe.each(QUEUES)('jobs in the queue %s', (name) => {
  it('are counted by the keys of the manifests while they wait and while they are done', async () => {
    const queue = new Queue(name, options);
    opened.push(queue);
    await queue.addBulk([1, 2, 3].map(() => ({ name: 'plain', data: {} })));
    expect(await lengths()).toEqual({ wait: 3, active: 0 });
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const worker = new Worker(name, () => finished, { ...options, concurrency: 2 });
    opened.push(worker);
    await eventually(async () => expect(await lengths()).toEqual({ wait: 1, active: 2 }));
    finish();
    await eventually(async () => expect(await lengths()).toEqual({ wait: 0, active: 0 }));
  });

  /** As KEDA's scaler `redis` measures. */
  async function lengths(): Promise<Record<string, number>> {
    const measured = keys
      .filter((key) => key.includes(`:${name}:`))
      .map(async (key) => [key.split(':').at(-1) ?? '', await client.llen(key)] as const);
    return Object.fromEntries(await Promise.all(measured));
  }
});
