import { createRandom, type Random } from '@pentaprism/domain';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import type { FaultyStack } from './faults-stack.js';

const CLIENTS = 4;
/** Milliseconds that a client waits after a failure, as a sensible one does. */
const PAUSE_MS = 50;
/** Milliseconds after which a client gives a request up. */
const PATIENCE_MS = 20_000;
/** One of so many uploads brings bytes that came before; one of so many is deleted again. */
const [SAME_BYTES_OF, DELETED_OF] = [8, 8];

/** One image on its way into the system. */
export interface Attempt {
  /** Unique: finds the record of a request whose answer was lost. */
  readonly fileName: string;
  readonly size: number;
  readonly sha256: string;
  /** The number that an acknowledged record has. */
  id?: number;
  /** The record and its bytes were acknowledged. */
  acknowledged: boolean;
  /** Whether its client had it deleted: asked for it without hearing the end, or was told that it is gone. */
  deletion?: 'asked' | 'done';
  /** What the client saw instead: a status, or that the connection failed. */
  failure?: number | 'connection';
}

export interface UploadLoadOptions {
  /** What the clients draw from. */
  readonly seed?: string;
  /** Milliseconds that each client waits after an upload: none of them, unless told otherwise. */
  readonly pauseMs?: number;
}

/** Anything that is neither success nor an honest failure: a wrong status, or a body of another shape. */
export class WrongAnswer extends Error {}

const created = z.strictObject({ id: z.int().positive() });
const announced = z.strictObject({ id: z.int().positive(), upload_url: z.url() });
/** That of `/v1`, and of signed URLs, which belong to the administration API. */
const failed = z.object({ code: z.int(), message: z.string().min(1), error: z.string().optional() });

/**
 * Clients that upload without end, half of them with one-shot uploads and half with presigned URLs. Some bring bytes that
 * are there already, and some delete what they have just uploaded.
 */
export class UploadLoad {
  readonly attempts: Attempt[] = [];
  readonly wrongAnswers: string[] = [];
  private stopped = false;
  private acknowledgedCount = 0;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly faulty: FaultyStack,
    private readonly options: UploadLoadOptions = {},
  ) {
    this.clients = Array.from({ length: CLIENTS }, (_, client) => this.run(client));
  }

  get acknowledged(): number {
    return this.acknowledgedCount;
  }

  /** Resolves when `count` more uploads were acknowledged. */
  async goesOn(count = 20): Promise<void> {
    const wanted = this.acknowledgedCount + count;
    const until = Date.now() + PATIENCE_MS;
    while (this.acknowledgedCount < wanted) {
      if (Date.now() > until) throw new Error(`no ${count} uploads within ${PATIENCE_MS} ms`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async run(client: number): Promise<void> {
    const random = createRandom(`${this.options.seed ?? ''}/client ${client}`);
    let bytes: Buffer | undefined;
    while (!this.stopped) {
      if (!bytes || random() * SAME_BYTES_OF >= 1) bytes = await picture(random);
      const attempt = newAttempt(bytes, random);
      this.attempts.push(attempt);
      try {
        if (client % 2 === 0) await this.upload(attempt, bytes);
        else await this.announceAndPut(attempt, bytes);
        if (attempt.acknowledged && random() * DELETED_OF < 1) await this.delete(attempt);
        await sleep(this.options.pauseMs ?? 0);
      } catch (error) {
        if (error instanceof WrongAnswer) this.wrongAnswers.push(error.message);
        else attempt.failure ??= 'connection';
        await sleep(PAUSE_MS);
      }
    }
  }

  private async upload(attempt: Attempt, bytes: Buffer): Promise<void> {
    const { fileName: filename } = attempt;
    // Some tags are new, so that the tagging service and its counter are on the way.
    const tags = ['faults', `faults ${filename.slice(0, 2)}`];
    const body = JSON.stringify({ filename, image_data: bytes.toString('base64'), tags });
    const answer = await this.send(attempt, '/v1/upload', 'POST', body);
    if (answer === undefined) return;
    attempt.id = parse(created, answer, 201).id;
    this.acknowledge(attempt);
  }

  private async announceAndPut(attempt: Attempt, bytes: Buffer): Promise<void> {
    const { fileName: filename } = attempt;
    const body = JSON.stringify({ filename, size: bytes.length, tags: [] });
    const answer = await this.send(attempt, '/v1/images', 'POST', body);
    if (answer === undefined) return;
    const { id, upload_url } = parse(announced, answer, 201);
    attempt.id = id;
    const stored = await this.send(attempt, upload_url, 'PUT', bytes);
    if (stored === undefined) return;
    if (stored.status !== 200 || stored.text !== '') throw new WrongAnswer(`PUT: ${stored.status} ${stored.text}`);
    this.acknowledge(attempt);
  }

  private async delete(attempt: Attempt): Promise<void> {
    attempt.deletion = 'asked';
    const gone = await this.send(attempt, `/v1/images/${attempt.id}`, 'DELETE');
    if (gone === undefined) return;
    if (gone.status !== 204 || gone.text !== '') throw new WrongAnswer(`DELETE: ${gone.status} ${gone.text}`);
    attempt.deletion = 'done';
  }

  private acknowledge(attempt: Attempt): void {
    attempt.acknowledged = true;
    this.acknowledgedCount += 1;
  }

  /** @returns undefined for an honest failure, which it notes */
  private async send(attempt: Attempt, url: string, method: string, body?: string | Buffer) {
    const bytes = Buffer.isBuffer(body);
    const response = await fetch(new URL(url, this.faulty.stack.url), {
      method,
      ...(body === undefined ? {} : { body: bytes ? new Uint8Array(body) : body }),
      // A presigned URL is its own permission.
      headers: bytes ? {} : { ...this.faulty.authorization, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    if (response.ok) return { status: response.status, text };
    attempt.failure = response.status;
    const { code } = parse(failed, { status: response.status, text }, response.status);
    // A fault of ours may pass: 503 or 504. Nothing else may be blamed for it.
    if (code !== response.status || (code !== 503 && code !== 504)) throw new WrongAnswer(`${method} ${url}: ${text}`);
    return undefined;
  }
}

function parse<T>(schema: z.ZodType<T>, answer: { status: number; text: string }, status: number): T {
  const result = schema.safeParse(asJson(answer.text));
  if (answer.status === status && result.success) return result.data;
  throw new WrongAnswer(`${answer.status} ${answer.text}`);
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A small picture; of noise, since a flat one would be compressed to nothing. */
function picture(random: Random): Promise<Buffer> {
  const [width, height] = [48, 32];
  const noise = Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
  const pixels = sharp(noise, { raw: { width, height, channels: 3 } });
  return (random() < 0.5 ? pixels.png() : pixels.jpeg()).toBuffer();
}

function newAttempt(bytes: Buffer, random: Random): Attempt {
  const name = Array.from({ length: 16 }, () => Math.floor(random() * 16).toString(16)).join('');
  return {
    fileName: `${name}.${bytes[0] === 0x89 ? 'png' : 'jpg'}`,
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    acknowledged: false,
  };
}
