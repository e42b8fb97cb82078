import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@pentaprism/observability';
import { Rounds } from './rounds.js';

const rounds = () => new Rounds('test', createLogger('test', 'silent'));

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('Rounds', () => {
  it('come again and again, also after one that failed', async () => {
    const work = jest.fn<() => Promise<void>>().mockRejectedValueOnce(new Error('no')).mockResolvedValue();
    const mine = rounds();
    mine.every(10, work);
    await jest.advanceTimersByTimeAsync(35);
    expect(work).toHaveBeenCalledTimes(3);
    await mine.stop();
    await jest.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(3);
  });

  it('are never two at once', async () => {
    let active = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++active);
      await new Promise((resolve) => setTimeout(resolve, 25));
      active--;
    };
    const mine = rounds();
    mine.every(10, work);
    mine.once(5, work);
    await jest.advanceTimersByTimeAsync(200);
    expect(most).toBe(1);
    const stopped = mine.stop();
    await jest.advanceTimersByTimeAsync(100);
    await stopped;
    expect(active).toBe(0);
  });

  it('end when what is being done has ended, and begin nothing more', async () => {
    let finish: () => void = () => undefined;
    const work = jest.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const mine = rounds();
    mine.once(1, work);
    mine.once(2, work);
    await jest.advanceTimersByTimeAsync(5);
    const stopped = mine.stop();
    expect(mine.stopped).toBe(true);
    finish();
    await stopped;
    expect(work).toHaveBeenCalledTimes(1);
  });
});
