import { LetOthersGoFirst, type JobControl } from '@pentaprism/jobs';

/** Milliseconds of work after which a job lets another one that waits go first. */
const TURN_MS = 2_000;
/** A turn lasts at least so many times as long as its start, which reads a table again up to the row where it goes on. */
const TURN_PER_START = 2;

/** Keeps what only a job that gives way has to keep. `room`: the bytes that it should not exceed. */
export type BeforeGivingWay = (room: number) => Promise<void>;

/** The time that one start of a long job may take while others wait. */
export class Turn {
  readonly #created = performance.now();
  #began: number | undefined;

  /** Begins with the first rows. Later calls change nothing. */
  begin(): void {
    this.#began ??= performance.now();
  }

  /**
   * Throws `LetOthersGoFirst` if the turn is over and a job of another project is next. To be called when what was computed is kept.
   *
   * @param beforehand keeps what only a job that gives way has to keep
   */
  async letOthersGoFirst(control: Pick<JobControl, 'checkpoint'>, beforehand?: BeforeGivingWay): Promise<void> {
    this.begin();
    if (!this.isOver) return;
    const { othersWait, room = 0 } = await control.checkpoint();
    if (!othersWait) return;
    await beforehand?.(room);
    throw new LetOthersGoFirst();
  }

  get isOver(): boolean {
    const began = this.#began ?? performance.now();
    return performance.now() - began > Math.max(TURN_MS, TURN_PER_START * (began - this.#created));
  }
}
