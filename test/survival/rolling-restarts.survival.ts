import { describe, expect, it } from '@jest/globals';
import { rollingRestarts } from '../e2e/support/rolling.js';

/** Each process once: two gateways, two of each service, two workers. */
const PROCESSES = 14;
/** Requests that the load makes in that time at the very least; fewer would prove little. */
const LEAST_REQUESTS = 500;

describe('a rolling upgrade', () => {
  it('loses no request, no upload and no job while each process is stopped and started in turn', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const lines: string[] = [`seed ${seed}`];
    const result = await rollingRestarts({ count: PROCESSES, seed, log: (line) => lines.push(line) });
    // Beside the figures of a failure, what happened and when; and what this machine could not do, in any case.
    const trail = [...lines, ...result.isolation.notes].join('\n');
    if (result.isolation.notes.length > 0) console.warn(result.isolation.notes.join('\n'));
    expect({ failed: result.failed, trail }).toEqual({ failed: [], trail });
    expect({ ...result, trail }).toMatchObject({ wrong: [], lost: [], unfinishedJobs: 0, unpublished: 0 });
    expect(result.restarts.map(({ name, code }) => ({ name, code }))).toEqual(
      result.restarts.map(({ name }) => ({ name, code: 0 })),
    );
    expect(new Set(result.restarts.map(({ name }) => name)).size).toBe(PROCESSES);
    expect(result.requests).toBeGreaterThan(LEAST_REQUESTS);
    expect(result.augmentations).toBeGreaterThan(0);
  }, 480_000);
});
