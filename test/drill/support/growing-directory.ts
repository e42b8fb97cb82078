import type { Random } from '@pentaprism/domain';
import { appendFile, copyFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wholeWithin } from '../drill.js';
import { eventLogRun, type WholeFile, type WholeRun } from './event-log-files.js';

/** Runs that grow at once. */
const LANES = 3;
const MAX_PIECE_BYTES = 40_000;
const MAX_PAUSE_MS = 120;
/** One piece of so many is appended to a copy, which then takes the place of the file. */
const COPIED_OF = 12;
const GOES_ON_WITHIN_MS = 60_000;

/** A log directory in which runs grow in pieces that end anywhere, until it is stopped. */
export class GrowingDirectory {
  /** Runs of which all bytes are written. */
  readonly finished: WholeRun[] = [];
  pieces = 0;
  private turn = 0;
  private stopping = false;
  private paused = false;
  private writing = 0;
  private lanes: Promise<unknown> = Promise.resolve();

  /** @param root beside which there is room for copies */
  constructor(
    readonly root: string,
    private readonly random: Random,
  ) {}

  start(): void {
    this.lanes = Promise.all(Array.from({ length: LANES }, () => this.lane()));
    // Reported by `stop`.
    this.lanes.catch(() => undefined);
  }

  async goesOn(pieces: number): Promise<void> {
    const [wanted, until] = [this.pieces + pieces, performance.now() + GOES_ON_WITHIN_MS];
    while (this.pieces < wanted && performance.now() < until) await sleep(50);
  }

  /** Writes nothing from now on. */
  async pause(): Promise<void> {
    this.paused = true;
    while (this.writing > 0) await sleep(10);
  }

  resume(): void {
    this.paused = false;
  }

  /** Finishes the runs that have begun. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.lanes;
  }

  private async lane(): Promise<void> {
    while (!this.stopping) {
      const run = eventLogRun(this.random, `grown/${this.turn++}`);
      await mkdir(path.join(this.root, run.name), { recursive: true });
      for (const file of run.files) await this.write(run, file);
      this.finished.push(run);
    }
  }

  private async write({ name }: WholeRun, file: WholeFile): Promise<void> {
    const place = path.join(this.root, name, file.name);
    for (let at = 0; at < file.bytes.length;) {
      await sleep(this.stopping ? 0 : wholeWithin(this.random, 0, MAX_PAUSE_MS));
      if (this.paused) continue;
      const piece = file.bytes.subarray(at, at + wholeWithin(this.random, 1, MAX_PIECE_BYTES));
      this.writing++;
      await this.append(place, piece, at > 0 && wholeWithin(this.random, 1, COPIED_OF) === 1);
      this.writing--;
      at += piece.length;
      this.pieces++;
    }
  }

  private async append(place: string, piece: Buffer, copied: boolean): Promise<void> {
    if (!copied) return appendFile(place, piece);
    const copy = `${this.root}-copy-${path.basename(path.dirname(place))}`;
    await copyFile(place, copy);
    await appendFile(copy, piece);
    await rename(copy, place);
  }
}
