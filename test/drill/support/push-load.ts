import type { Random } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import { wholeWithin } from '../drill.js';
import { eventLogRun, wholeEnd, type WholeFile, type WholeRun } from './event-log-files.js';

const LANES = 3;
const MAX_PIECE_BYTES = 60_000;
const MAX_PAUSE_MS = 150;
/** One piece of so many is sent again although it was acknowledged. */
const REPEATED_OF = 10;
const PAUSE_MS = 250;
const OUTAGES: readonly number[] = [503, 504];
const FULL = 507;
const GOES_ON_WITHIN_MS = 60_000;
/** Milliseconds until an answer is one that was lost. */
const ANSWERED_WITHIN_MS = 90_000;

/** A client of one workspace that pushes event files. */
export class PushClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** @returns undefined if there was no answer */
  offset(run: string, file: string): Promise<Answer | undefined> {
    return this.ask('HEAD', run, file);
  }

  /** @returns undefined if there was no answer */
  append(run: string, file: string, offset: number, body: Buffer): Promise<Answer | undefined> {
    const headers = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
    return this.ask('PATCH', run, file, { headers, body });
  }

  private async ask(
    method: string,
    run: string,
    file: string,
    { headers = {}, body }: SendOptions = {},
  ): Promise<Answer | undefined> {
    const query = new URLSearchParams({ run, file }).toString();
    const sent = send(method, `${this.url}/tensorboard/runs/file?${query}`, {
      headers: { authorization: `Bearer ${this.key}`, ...headers },
      ...(body === undefined ? {} : { body }),
    }).catch(() => undefined);
    return Promise.race([sent, sleep(ANSWERED_WITHIN_MS, undefined, { ref: false })]);
  }
}

/** Clients that push growing files until they are stopped. They hold the system to each offset that it acknowledged. */
export class PushLoad {
  /** Runs of which all bytes were acknowledged. */
  readonly finished: WholeRun[] = [];
  readonly wrong: string[] = [];
  /** Offsets below one that was acknowledged. */
  readonly lost: string[] = [];
  acknowledged = 0;
  /** Answers of a full disk. */
  refusals = 0;
  private turn = 0;
  private stopping = false;
  private lanes: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: PushClient,
    private readonly random: Random,
  ) {}

  start(): void {
    this.lanes = Promise.all(Array.from({ length: LANES }, () => this.lane()));
    // Reported by `stop`.
    this.lanes.catch(() => undefined);
  }

  async goesOn(pieces: number): Promise<void> {
    const [wanted, until] = [this.acknowledged + pieces, performance.now() + GOES_ON_WITHIN_MS];
    while (this.acknowledged < wanted && performance.now() < until) await sleep(50);
  }

  /** Finishes the runs that have begun. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.lanes;
  }

  private async lane(): Promise<void> {
    while (!this.stopping) {
      const run = eventLogRun(this.random, `pushed/${this.turn++}`);
      for (const file of run.files) await this.push(run.name, file);
      this.finished.push(run);
    }
  }

  private async push(run: string, file: WholeFile): Promise<void> {
    const { bytes } = file;
    let [offset, available] = [0, 0];
    while (offset < bytes.length) {
      await sleep(this.stopping ? 0 : wholeWithin(this.random, 0, MAX_PAUSE_MS));
      available = Math.min(bytes.length, available + wholeWithin(this.random, 1, MAX_PIECE_BYTES));
      const piece = bytes.subarray(offset, available);
      const answer = await this.client.append(run, file.name, offset, piece);
      if (answer?.status === 204) {
        const next = wholeEnd(file, available);
        if (offsetIn(answer) !== next) this.wrong.push(`${run}: offset ${offsetIn(answer)} instead of ${next}`);
        if (next > offset && wholeWithin(this.random, 1, REPEATED_OF) === 1)
          await this.repeat(run, file, offset, piece);
        offset = next;
        this.acknowledged++;
      } else {
        this.note(`PATCH ${run} at ${offset}`, answer);
        offset = await this.known(run, file, offset);
      }
    }
  }

  /** Sends what was acknowledged a second time, as a client that lost its memory. */
  private async repeat(run: string, { name }: WholeFile, offset: number, piece: Buffer): Promise<void> {
    const answer = await this.client.append(run, name, offset, piece);
    if (answer?.status !== 409) this.note(`PATCH ${run} again at ${offset}`, answer);
  }

  /** Returns how much is stored, as soon as there is an answer. */
  private async known(run: string, file: WholeFile, acknowledged: number): Promise<number> {
    for (;;) {
      const answer = await this.client.offset(run, file.name);
      if (answer?.status !== 200) {
        this.note(`HEAD ${run}`, answer);
        await sleep(PAUSE_MS);
        continue;
      }
      const offset = offsetIn(answer);
      if (offset < acknowledged) this.lost.push(`${run}, ${file.name}: ${offset} after ${acknowledged}`);
      if (offset !== wholeEnd(file, offset)) this.wrong.push(`${run}: ${offset} is not the end of a record`);
      return offset;
    }
  }

  private note(what: string, answer: Answer | undefined): void {
    if (answer?.status === FULL) this.refusals++;
    else if (answer && !OUTAGES.includes(answer.status))
      this.wrong.push(`${what}: ${answer.status} ${answer.bytes.toString().slice(0, 200)}`);
  }
}

function offsetIn({ headers }: Answer): number {
  return Number(headers['upload-offset'] ?? NaN);
}
