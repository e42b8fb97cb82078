import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import type { Logger } from '@pentaprism/observability';
import type { StoredSessions } from './stored-sessions.js';
import { SweepModality } from './sweep-modality.usecase.js';

const SECOND = 1000;

describe('SweepModality', () => {
  /** How many walks through the bytes there were. */
  let walks: number;
  let expired: number[];
  let sweep: SweepModality;

  beforeEach(() => {
    walks = 0;
    expired = [];
    const list = async function* () {
      walks += 1;
      yield* [];
    };
    sweep = new SweepModality(
      { removeExpired: async () => expired.shift() ?? 0 } as unknown as StoredSessions,
      { list } as unknown as BlobStore,
      { warn: () => undefined } as unknown as Logger,
    );
  });
  afterEach(async () => {
    await sweep.onModuleDestroy();
    jest.useRealTimers();
  });
  const walksAt = async (seconds: number) => {
    await sweep.sweepDueBlobs(seconds * SECOND);
    return walks;
  };

  it('walks once for an end, when its last bytes are old enough', async () => {
    expect(await walksAt(1000)).toBe(0);
    sweep.sessionEnded(0);
    expect(await walksAt(121)).toBe(0);
    expect(await walksAt(122)).toBe(1);
    expect(await walksAt(1000)).toBe(1);
  });

  it('walks again for a session that ended while another one was waited for', async () => {
    sweep.sessionEnded(0);
    sweep.sessionEnded(100 * SECOND);
    expect(await walksAt(122)).toBe(1);
    expect(await walksAt(221)).toBe(1);
    expect(await walksAt(222)).toBe(2);
    expect(await walksAt(1000)).toBe(2);
  });

  it('walks while one session after another ends, and once more after the last one', async () => {
    for (let second = 0; second < 600; second += 10) {
      sweep.sessionEnded(second * SECOND);
      await walksAt(second);
    }
    expect(walks).toBeGreaterThanOrEqual(3);
    expect(walks).toBeLessThanOrEqual(5);
    await walksAt(590 + 122);
    const last = walks;
    expect(await walksAt(10_000)).toBe(last);
  });

  it('takes an expiry for an end, and goes on while there are more than one batch', async () => {
    expired = [100, 100, 7];
    await sweep.sweepRecords(0);
    expect(expired).toEqual([]);
    expect(await walksAt(122)).toBe(1);
    await sweep.sweepRecords(200 * SECOND);
    expect(await walksAt(1000)).toBe(1);
  });

  it('looks at the start, once more when that is due, and every hour, whether anything has ended or not', async () => {
    jest.useFakeTimers();
    sweep.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(60 * SECOND);
    expect(walks).toBe(1);
    await jest.advanceTimersByTimeAsync(90 * SECOND);
    expect(walks).toBe(2);
    await jest.advanceTimersByTimeAsync(3600 * SECOND);
    expect(walks).toBe(3);
    await sweep.onModuleDestroy();
    await jest.advanceTimersByTimeAsync(7200 * SECOND);
    expect(walks).toBe(3);
  });
});
