import type { Random } from '@pentaprism/domain';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick } from '../drill.js';
import { TRAINING } from './vision-client.js';

/** Where a client floods. Without a key, only the API that is open on one machine. */
export interface Target {
  readonly key: string | undefined;
  readonly project: string | undefined;
}

interface Body {
  readonly path: (project: string) => string;
  readonly type: string;
  readonly bytes: number;
  readonly head: string;
  readonly fill: string;
  readonly tail: string;
}

const MB = 1_000_000;
const upload = { path: () => '/v1/upload', type: 'application/json', tail: '"}' };
const files = (project: string) => `${TRAINING}/projects/${project}/images/files`;

const ONE_SHOT: Body = { ...upload, bytes: 3.7 * MB, head: '{"image_data":"', fill: 'QUFB' };
/** What it has to say comes last: nothing of it is kept. */
const REFUSED: Body = { ...ONE_SHOT, tail: '","tags":[""]}' };
const TAG: Body = { path: () => '/v1/tags', type: 'application/json', bytes: MB, head: '{"name":"', fill: 'abcd', tail: '"}' }; // prettier-ignore
const BATCH: Body = { path: files, type: 'application/json', bytes: 120 * MB, head: '{"images":[{"contents":"', fill: 'QUFB', tail: '"}]}' }; // prettier-ignore
const FORM: Body = { path: files, type: 'application/x-www-form-urlencoded', bytes: 30 * MB, head: 'Images[0].Contents=', fill: 'QUFB', tail: '' }; // prettier-ignore
const XML: Body = { path: files, type: 'application/xml', bytes: 30 * MB, head: '<A><Images><B><Contents>', fill: 'QUFB', tail: '</Contents></B></Images></A>' }; // prettier-ignore

/** How a client writes: all at once, in chunks of a byte, at twice the least rate, or hardly at all. */
type Pace = 'fast' | 'single bytes' | 'steady' | 'trickle' | 'leaves';

interface Kind {
  readonly body: Body;
  readonly pace: Pace;
}

export const FLOOD_KINDS: readonly Kind[] = [
  ...[ONE_SHOT, REFUSED, TAG, BATCH, FORM, XML].map((body): Kind => ({ body, pace: 'fast' })),
  ...[REFUSED, BATCH].flatMap((body) =>
    (['steady', 'trickle', 'leaves'] as const).map((pace): Kind => ({ body, pace })),
  ),
];

/**
 * Each such body keeps the gateway busy for some 20 ms before it is refused, so that they are a flood of their own sooner
 * than of memory.
 */
const SINGLE_BYTES: Kind = { body: REFUSED, pace: 'single bytes' };
/** One of so many clients sends them. */
const SINGLE_BYTES_OF = 60;
const BLOCK = 64 * 1024;
/** Bytes that a trickling client sends at once, before it slows down. */
const TRICKLE_AFTER = 500_000;
const TRICKLE_MS = 8000;
const STEADY_BYTES = 16 * 1024;
const STEADY_MS = 250;

/** Clients that send one body after another until they are told to stop. */
export class Flood {
  readonly statuses: Record<string, number> = {};
  readonly failures: string[] = [];
  readonly unanswered: string[] = [];
  answers = 0;
  private stopped = false;
  private readonly sockets = new Set<Socket>();
  private readonly clients: Promise<void>[];

  constructor(
    private readonly url: string,
    targets: readonly Target[],
    random: Random,
    count: number,
  ) {
    this.clients = Array.from({ length: count }, (_, i) => this.run(targets[i % targets.length] as Target, random, i));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.clients);
  }

  private async run(target: Target, random: Random, index: number): Promise<void> {
    const singleBytes = index % SINGLE_BYTES_OF === 1;
    const kinds = singleBytes
      ? [SINGLE_BYTES]
      : FLOOD_KINDS.filter(({ body }) => target.project !== undefined || body.path !== files);
    // The first bodies are of all kinds.
    let kind = kinds[Math.floor(index / 3) % kinds.length] as Kind;
    while (!this.stopped) {
      await this.send(target, kind);
      kind = pick(random, kinds);
      await sleep(50);
    }
  }

  private async send({ key, project = '' }: Target, { body, pace }: Kind): Promise<void> {
    const { hostname, port } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    this.sockets.add(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text = (text + chunk.toString('latin1')).slice(0, 2000)));
    socket.on('error', () => undefined);
    const closed = once(socket, 'close').catch(() => undefined);
    const chunked = pace === 'single bytes';
    const authorization = key === undefined ? '' : `Authorization: Bearer ${key}\r\n`;
    const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.bytes}`;
    socket.write(`POST ${body.path(project)} HTTP/1.1\r\nHost: x\r\n${authorization}Content-Type: ${body.type}\r\nConnection: close\r\n${length}\r\n\r\n`); // prettier-ignore
    const complete = await this.write(socket, body, pace, () => text !== '');
    if (pace === 'leaves') socket.destroy();
    await closed;
    this.sockets.delete(socket);
    if (!this.stopped && pace !== 'leaves') this.note(text, `${pace} ${body.type} to ${body.path('')}`, complete);
  }

  /** Writes until everything is sent, or an answer is there. Returns whether everything was sent. */
  private async write(socket: Socket, body: Body, pace: Pace, answered: () => boolean): Promise<boolean> {
    const block = Buffer.from(body.fill.repeat(BLOCK / body.fill.length));
    const single = Buffer.from(`1\r\n${body.fill[0]}\r\n`.repeat(BLOCK / 8));
    const chunk = (text: string) => (pace === 'single bytes' ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
    let left = body.bytes - body.head.length - body.tail.length;
    socket.write(chunk(body.head));
    while (left > 0 && !socket.destroyed && !answered()) {
      const slow = pace === 'trickle' && body.bytes - left > TRICKLE_AFTER;
      const size = slow ? 1 : Math.min(left, pace === 'steady' ? STEADY_BYTES : BLOCK);
      left -= pace === 'single bytes' ? BLOCK / 8 : size;
      if (!socket.write(pace === 'single bytes' ? single : block.subarray(0, size))) await drained(socket);
      if (slow) await sleep(TRICKLE_MS);
      if (pace === 'steady') await sleep(STEADY_MS);
      if (pace === 'leaves' && left < body.bytes / 2) return false;
    }
    if (left > 0) return false;
    socket.write(chunk(body.tail) + (pace === 'single bytes' ? '0\r\n\r\n' : ''));
    return true;
  }

  private note(text: string, what: string, complete: boolean): void {
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(text) ?? [];
    this.statuses[`${what}: ${status ?? 'none'}`] = (this.statuses[`${what}: ${status ?? 'none'}`] ?? 0) + 1;
    if (status !== undefined) this.answers++;
    else if (complete) this.unanswered.push(what);
    const retryLater = status === '503' && /\r\nretry-after: \d/i.test(text);
    if (status?.startsWith('5') && !retryLater) this.failures.push(`${what}: ${text.slice(0, 300)}`);
  }
}

async function drained(socket: Socket): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([
    once(socket, 'drain', { signal: waiting.signal }),
    once(socket, 'close', { signal: waiting.signal }),
  ]).catch(() => undefined);
  waiting.abort();
}
