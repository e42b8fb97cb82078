import { describe, expect, it } from '@jest/globals';
import { MAX_RUNS_PER_TURN, QUICK_BYTES, ReadingQueue, type Lane } from './reading-queue.js';

const run = (name: string) => ({ name, files: [] });
const names = (queue: ReadingQueue, lane: Lane) => queue.take(lane).map((each) => each.run.name);

describe('the queue of runs to read', () => {
  it('has a lane for runs with little to read, which never wait for those with much', () => {
    const queue = new ReadingQueue();
    queue.offer(run('huge'), 50 * 2 ** 30);
    queue.offer(run('small'), QUICK_BYTES);
    queue.offer(run('tiny'), 0);
    expect(queue.unread).toBe(50 * 2 ** 30 + QUICK_BYTES);
    expect(names(queue, 'quick')).toEqual(['tiny', 'small']);
    expect(names(queue, 'slow')).toEqual(['huge']);
    expect(queue.unread).toBe(0);
  });

  it('puts a run whose turn has not sufficed behind those with fewer turns', () => {
    const queue = new ReadingQueue();
    queue.offer(run('huge'), 50 * 2 ** 30, 1);
    queue.offer(run('huger'), 51 * 2 ** 30, 0);
    queue.offer(run('large'), 10 * 2 ** 20, 0);
    expect(names(queue, 'slow')).toEqual(['large', 'huger', 'huge']);
  });

  it('keeps the number of turns when a look finds more bytes of a run', () => {
    const queue = new ReadingQueue();
    queue.offer(run('huge'), 50 * 2 ** 30, 1);
    queue.offer(run('huge'), 51 * 2 ** 30);
    expect(queue.take('slow')).toEqual([{ run: run('huge'), unread: 51 * 2 ** 30, turns: 1 }]);
  });

  it('gives a run to one lane at a time', () => {
    const queue = new ReadingQueue();
    queue.offer(run('a'), 1);
    const turn = queue.take('quick');
    expect(queue.isBusy('a')).toBe(true);
    queue.offer(run('a'), 50 * 2 ** 30);
    expect(queue.take('slow')).toEqual([]);
    queue.release(turn);
    queue.offer(run('a'), 50 * 2 ** 30);
    expect(names(queue, 'slow')).toEqual(['a']);
  });

  it('forgets a run that is gone', () => {
    const queue = new ReadingQueue();
    queue.offer(run('a'), 1);
    queue.drop('a');
    expect(queue.take('quick')).toEqual([]);
  });

  it('limits the bytes of a turn in the quick lane, so that appended records do not wait long', () => {
    const queue = new ReadingQueue();
    for (const name of ['a', 'b', 'c', 'd', 'e']) queue.offer(run(name), QUICK_BYTES);
    expect(names(queue, 'quick')).toEqual(['a', 'b', 'c', 'd']);
    queue.offer(run('appended'), 100);
    expect(names(queue, 'quick')).toEqual(['appended', 'e']);
  });

  it('limits the runs of a turn', () => {
    const queue = new ReadingQueue();
    for (let i = 0; i <= MAX_RUNS_PER_TURN; i++) queue.offer(run(`${i}`), i);
    expect(queue.take('quick')).toHaveLength(MAX_RUNS_PER_TURN);
    expect(names(queue, 'quick')).toEqual([`${MAX_RUNS_PER_TURN}`]);
  });
});
