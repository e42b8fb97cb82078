import { MAX_PASS_BYTES, MAX_PASS_RECORDS, PASS_READING_MS } from './limits.js';
import type { Reach, RunUpdate, StoredRun } from './run-update.js';

/** A run in a pass. */
export interface Turn {
  readonly update: RunUpdate;
  /** The run that is read again, or null. */
  readonly replaced: StoredRun | null;
  reach: Reach;
  /** What kept a file from being read. */
  error?: unknown;
}

/** What is read before it is stored: parts of any number of files and runs. */
export class Pass {
  readonly #turns: Turn[] = [];
  readonly #end = performance.now() + PASS_READING_MS;
  /** Of the runs before the last one. */
  #heldBytes = 0;
  #heldRecords = 0;

  /** The runs that were read, also those without news. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get isFull(): boolean {
    const last = this.#turns.at(-1);
    if (last === undefined) return false;
    const { heldBytes, heldRecords } = last.update.sampling;
    if (this.#heldBytes + heldBytes >= MAX_PASS_BYTES) return true;
    if (this.#heldRecords + heldRecords >= MAX_PASS_RECORDS) return true;
    return performance.now() >= this.#end;
  }

  /** @param replaced the run that is read again */
  begin(update: RunUpdate, replaced: StoredRun | null): Turn {
    const last = this.#turns.at(-1)?.update;
    this.#heldBytes += last?.sampling.heldBytes ?? 0;
    // The run itself and its files are records, too.
    if (last?.hasChanged) this.#heldRecords += last.sampling.heldRecords + 1 + last.changedFiles.length;
    const turn: Turn = { update, replaced, reach: 'end' };
    this.#turns.push(turn);
    return turn;
  }

  /** Replaces the run that was begun last. */
  beginAnew(update: RunUpdate, replaced: StoredRun | null): Turn {
    const turn: Turn = { update, replaced, reach: 'end' };
    this.#turns[this.#turns.length - 1] = turn;
    return turn;
  }
}
