import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import type { FaultyStack } from './faults-stack.js';

const CLIENTS = 4;
/** Milliseconds that a client waits after a failure, as a sensible one does. */
const PAUSE_MS = 50;
/** Milliseconds after which a client gives a request up. */
const PATIENCE_MS = 20_000;

/** One image on its way into the system. */
export interface Attempt {
  /** Unique: finds the record of a request whose answer was lost. */
  readonly fileName: string;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The number that an acknowledged record has. */
  id?: number;
  /** The record and its bytes were acknowledged. */
  acknowledged: boolean;
  /** What the client saw instead: a status, or that the connection failed. */
  failure?: number | 'connection';
}

/** Anything that is neither success nor an honest failure: a wrong status, or a body of another shape. */
export class WrongAnswer extends Error {}

const created = z.strictObject({ id: z.int().positive() });
const announced = z.strictObject({ id: z.int().positive(), upload_url: z.url() });
/** That of `/v1`, and of signed URLs, which belong to the administration API. */
const failed = z.object({ code: z.int(), message: z.string().min(1), error: z.string().optional() });

/** Clients that upload without pause, half of them with one-shot uploads and half with presigned URLs. */
export class UploadLoad {
  readonly attempts: Attempt[] = [];
  readonly wrongAnswers: string[] = [];
  private stopped = false;
  private readonly clients: Promise<void>[];

  constructor(private readonly faulty: FaultyStack) {
    this.clients = Array.from({ length: CLIENTS }, (_, client) => this.run(client));
  }

  get acknowledged(): Attempt[] {
    return this.attempts.filter((attempt) => attempt.acknowledged);
  }

  /** Resolves when `count` more uploads were acknowledged. */
  async goesOn(count = 20): Promise<void> {
    const wanted = this.acknowledged.length + count;
    const until = Date.now() + PATIENCE_MS;
    while (this.acknowledged.length < wanted) {
      if (Date.now() > until) throw new Error(`no ${count} uploads within ${PATIENCE_MS} ms`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async run(client: number): Promise<void> {
    while (!this.stopped) {
      const attempt = await newAttempt();
      this.attempts.push(attempt);
      try {
        if (client % 2 === 0) await this.upload(attempt);
        else await this.announceAndPut(attempt);
      } catch (error) {
        if (error instanceof WrongAnswer) this.wrongAnswers.push(error.message);
        else attempt.failure ??= 'connection';
        await sleep(PAUSE_MS);
      }
    }
  }

  private async upload(attempt: Attempt): Promise<void> {
    const { fileName: filename, bytes } = attempt;
    // Some tags are new, so that the tagging service and its counter are on the way.
    const tags = ['faults', `faults ${filename.slice(0, 2)}`];
    const body = JSON.stringify({ filename, image_data: bytes.toString('base64'), tags });
    const answer = await this.send(attempt, '/v1/upload', 'POST', body);
    if (answer === undefined) return;
    attempt.id = parse(created, answer, 201).id;
    attempt.acknowledged = true;
  }

  private async announceAndPut(attempt: Attempt): Promise<void> {
    const { fileName: filename, bytes } = attempt;
    const body = JSON.stringify({ filename, size: bytes.length, tags: [] });
    const answer = await this.send(attempt, '/v1/images', 'POST', body);
    if (answer === undefined) return;
    const { id, upload_url } = parse(announced, answer, 201);
    attempt.id = id;
    const stored = await this.send(attempt, upload_url, 'PUT', bytes);
    if (stored === undefined) return;
    if (stored.status !== 200 || stored.text !== '') throw new WrongAnswer(`PUT: ${stored.status} ${stored.text}`);
    attempt.acknowledged = true;
  }

  /** @returns undefined for an honest failure, which it notes */
  private async send(attempt: Attempt, url: string, method: string, body: string | Buffer) {
    const json = typeof body === 'string';
    const response = await fetch(new URL(url, this.faulty.stack.url), {
      method,
      body: json ? body : new Uint8Array(body),
      // A presigned URL is its own permission.
      headers: json ? { ...this.faulty.authorization, 'Content-Type': 'application/json' } : {},
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

/** A small picture that exists once; noise, since a flat one would be compressed to nothing. */
async function newAttempt(): Promise<Attempt> {
  const [width, height] = [48, 32];
  const pixels = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } });
  const name = randomBytes(8).toString('hex');
  const png = name < '8';
  const bytes = await (png ? pixels.png() : pixels.jpeg()).toBuffer();
  return {
    fileName: `${name}.${png ? 'png' : 'jpg'}`,
    bytes,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    acknowledged: false,
  };
}
