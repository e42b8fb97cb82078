import { describe, expect, it } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import type { Picture } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { DecodePool } from '@pentaprism/imaging';
import { setImmediate as turn } from 'node:timers/promises';
import { jobControl } from '../job-control.fixture.js';
import { SharedPool } from '../shared-pool.js';
import { MakeSamplesHandler } from './make-samples.handler.js';

const PICTURES = Array.from({ length: 12 }, (_, n) => ({ id: `${n}`, width: n + 1, height: 1 }) as Picture);
const payload = { workspace: 'w', projectId: 'p', listId: null, numberOfRows: 12, numberOfNewImages: 1 };
const recipe = { transformationProbability: 1, transformations: [] };

/** A handler with two processes, whose work ends when the test says so. */
function handlerWithTwoProcesses() {
  const tasks: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const bus = { call: async () => ({ pictures: PICTURES, pending: 0 }) } as unknown as Bus;
  const blobs = { localPath: () => '/nowhere', verify: async () => {} } as unknown as BlobStore;
  const augment = () => new Promise<never[]>((resolve, reject) => tasks.push({ resolve: () => resolve([]), reject }));
  // More places than tasks: who has a place is not what is tested here.
  const pool = new SharedPool({ augment } as unknown as DecodePool, 100);
  return { tasks, handler: new MakeSamplesHandler(bus, blobs, pool, 2) };
}

function start() {
  const { tasks, handler } = handlerWithTwoProcesses();
  const controller = new AbortController();
  const progress: number[] = [];
  const control = jobControl({ signal: controller.signal, progress: (p) => void progress.push(p) });
  const running = handler.run({ ...payload, ...recipe }, control);
  // What it rejects with is looked at in the end.
  running.catch(() => undefined);
  return { tasks, controller, progress, running };
}

describe('MakeSamplesHandler', () => {
  it('keeps the order of the pictures, and takes two for each process at once', async () => {
    const { tasks, running, progress } = start();
    await turn();
    expect(tasks).toHaveLength(4);
    for (const at of [3, 0, 2, 1, 5, 4, 6, 7, 8, 9, 11, 10]) {
      tasks[at]?.resolve();
      await turn();
    }
    const { originals } = await running;
    expect(originals.map(({ imageId }) => imageId)).toEqual(PICTURES.map(({ id }) => id));
    expect(progress.at(-1)).toBe(1);
  });

  it('begins no other picture after an abort', async () => {
    const { tasks, running, controller } = start();
    await turn();
    controller.abort(new Error('over'));
    for (const task of tasks) task.resolve();
    await expect(running).rejects.toThrow('over');
    await turn();
    expect(tasks).toHaveLength(4);
  });

  it('begins no other picture after a failure', async () => {
    const { tasks, running } = start();
    await turn();
    tasks[0]?.reject(new DomainError('UNDECODABLE_IMAGE', 'It is broken.'));
    await expect(running).rejects.toMatchObject({ code: 'UNDECODABLE_IMAGE' });
    for (const task of tasks) task.resolve();
    await turn();
    expect(tasks).toHaveLength(4);
  });
});
