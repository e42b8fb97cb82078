import type { ListedRun } from './log-tree.js';

/** Runs with at most so many unread bytes are read in the quick lane: some 10 ms of work. */
export const QUICK_BYTES = 8 * 2 ** 20;
/** Runs of one turn. */
export const MAX_RUNS_PER_TURN = 1_000;
/** Unread bytes of one turn in the quick lane. Records that are appended meanwhile wait for its end. */
export const MAX_QUICK_TURN_BYTES = 32 * 2 ** 20;

export type Lane = 'quick' | 'slow';

/** A run with bytes that may be unread. */
export interface WaitingRun {
  readonly run: ListedRun;
  readonly unread: number;
  /** Turns in the slow lane that have not sufficed. */
  readonly turns: number;
}

/**
 * Runs that wait to be read. Runs with little to read have a lane of their own, so that they never wait for runs with much. In the
 * slow lane, a run whose turn has not sufficed goes behind those with fewer turns. Smaller runs come first.
 */
export class ReadingQueue {
  readonly #waiting = new Map<string, WaitingRun>();
  readonly #busy = new Set<string>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Bytes that wait to be read. */
  get unread(): number {
    let unread = 0;
    for (const each of this.#waiting.values()) unread += each.unread;
    return unread;
  }

  /** Returns whether a run is being read. */
  isBusy(name: string): boolean {
    return this.#busy.has(name);
  }

  /** Adds a run, or replaces what waits of it. A run that is being read is not added. */
  offer(run: ListedRun, unread: number, turns = this.#waiting.get(run.name)?.turns ?? 0): void {
    if (!this.isBusy(run.name)) this.#waiting.set(run.name, { run, unread, turns });
  }

  /** Removes a run that is gone. */
  drop(name: string): void {
    this.#waiting.delete(name);
  }

  /** Returns the runs of the next turn of a lane, which are busy from now on. */
  take(lane: Lane): WaitingRun[] {
    const waiting = [...this.#waiting.values()].filter((each) => laneOf(each) === lane);
    waiting.sort((a, b) => a.turns - b.turns || a.unread - b.unread);
    let room = lane === 'quick' ? MAX_QUICK_TURN_BYTES : Infinity;
    const taken = waiting.slice(0, MAX_RUNS_PER_TURN).filter(({ unread }) => (room -= unread) >= 0);
    for (const { run } of taken) {
      this.#waiting.delete(run.name);
      this.#busy.add(run.name);
    }
    return taken;
  }

  /** Ends a turn. */
  release(runs: readonly WaitingRun[]): void {
    for (const { run } of runs) this.#busy.delete(run.name);
  }
}

function laneOf({ unread }: WaitingRun): Lane {
  return unread <= QUICK_BYTES ? 'quick' : 'slow';
}
