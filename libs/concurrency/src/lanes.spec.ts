import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { inLanes } from './lanes.js';

/** Work that ends when the test says so. */
function start(count: number, lanes: number) {
  const begun: { item: string; index: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  const controller = new AbortController();
  const items = Array.from({ length: count }, (_, n) => `item ${n}`);
  const running = inLanes(items, { lanes, signal: controller.signal }, (item, index) => {
    return new Promise<void>((resolve, reject) => begun.push({ item, index, resolve, reject }));
  });
  // What it rejects with is looked at in the end.
  running.catch(() => undefined);
  return { begun, controller, running };
}

describe('inLanes', () => {
  it('begins in order, with so many at a time, and ends with the last', async () => {
    const { begun, running } = start(5, 2);
    expect(begun.map(({ index }) => index)).toEqual([0, 1]);
    for (const at of [1, 0, 2, 4, 3]) {
      begun[at]?.resolve();
      await turn();
      expect(begun.length).toBeLessThanOrEqual(5);
    }
    await running;
    expect(begun.map(({ item }) => item)).toEqual(['item 0', 'item 1', 'item 2', 'item 3', 'item 4']);
  });

  it('has nothing to do with nothing', async () => {
    const { begun, running } = start(0, 3);
    await running;
    expect(begun).toEqual([]);
  });

  it('begins nothing new after a failure, which it ends with', async () => {
    const { begun, running } = start(5, 2);
    begun[0]?.reject(new Error('broken'));
    await expect(running).rejects.toThrow('broken');
    begun[1]?.resolve();
    await turn();
    expect(begun).toHaveLength(2);
  });

  it('begins nothing new after an abort', async () => {
    const { begun, controller, running } = start(5, 2);
    controller.abort(new Error('over'));
    for (const { resolve } of begun) resolve();
    await expect(running).rejects.toThrow('over');
    expect(begun).toHaveLength(2);
  });
});
