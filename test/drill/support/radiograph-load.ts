import { createRandom, type Random } from '@pentaprism/domain';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FILTERS, FiltersClient, form, grayPng, infoPart, mediaPart, type Part } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Answer, SendOptions } from '../../e2e/support/http.js';
import { createKey } from '../../e2e/support/stack.js';
import { pick } from '../drill.js';
import { radiograph } from './radiographs.js';

const CLIENTS = 2;
/** Milliseconds that a client waits between two uploads. */
const PAUSE_MS = 120;
/** Milliseconds after which a client gives a request up. */
const PATIENCE_MS = 20_000;
/** One of so many uploads is wrong, brings bytes that came before, or is deleted again. */
const [WRONG_OF, SAME_BYTES_OF, DELETED_OF] = [4, 8, 8];

export const resourceSchema = z.strictObject({
  id: z.uuidv4(),
  mediaType: z.literal('image/png'),
  url: z.url(),
  createdOn: z.iso.datetime(),
  expires: z.iso.datetime(),
  imageInfo: z.object({}).loose(),
  modalitySession: z.null(),
});
export type Resource = z.output<typeof resourceSchema>;

/** One radiograph on its way into the system. */
export interface RadiographAttempt {
  readonly sha256: string;
  /** The status that refuses it, where something is wrong with it. */
  readonly wrong?: number;
  /** What the client was told that it has. */
  resource?: Resource;
  refused?: true;
  deletion?: 'asked' | 'done';
  /** What the client saw instead: a status, or that the connection failed. */
  failure?: number | 'connection';
}

/** Clients that upload radiographs without end: right ones, and ones of which nothing may be kept. */
export class RadiographLoad {
  readonly attempts: RadiographAttempt[] = [];
  readonly wrongAnswers: string[] = [];
  private stopped = false;
  private readonly clients: Promise<void>[];

  private constructor(
    readonly client: FiltersClient,
    /** All that is in it came from here. */
    readonly workspace: string,
    seed: string,
  ) {
    this.clients = Array.from({ length: CLIENTS }, (_, number) =>
      this.run(createRandom(`${seed}/radiographs ${number}`)),
    );
  }

  static async start({ stack }: FaultyStack, seed: string): Promise<RadiographLoad> {
    const workspace = 'drill-radiographs';
    const system = { url: stack.url, ownerKey: stack.ownerKey, data: '' };
    const key = await createKey(system, { workspace, role: 'owner' });
    return new RadiographLoad(new FiltersClient(system, key), workspace, seed);
  }

  get acknowledged(): number {
    return this.attempts.filter(({ resource }) => resource).length;
  }

  get refused(): number {
    return this.attempts.filter(({ refused }) => refused).length;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async run(random: Random): Promise<void> {
    let media: Buffer | undefined;
    while (!this.stopped) {
      if (random() * WRONG_OF < 1) {
        const { status, kept, parts, cut } = wrongForm(random);
        await this.upload(parts, { sha256: sha256Of(kept), wrong: status }, cut);
      } else {
        if (!media || random() * SAME_BYTES_OF >= 1) media = radiograph(random);
        const attempt: RadiographAttempt = { sha256: sha256Of(media) };
        await this.upload([infoPart(), mediaPart(media)], attempt);
        if (attempt.resource && random() * DELETED_OF < 1) await this.delete(attempt, attempt.resource);
      }
      await sleep(PAUSE_MS);
    }
  }

  private async upload(parts: readonly Part[], attempt: RadiographAttempt, cut = 0): Promise<void> {
    this.attempts.push(attempt);
    const { headers, body } = form(parts);
    const answer = await this.send(attempt, 'POST', `${FILTERS}/images`, {
      headers,
      body: body.subarray(0, body.length - cut),
    });
    if (!answer) return;
    const found = answer.status === 201 ? resourceSchema.safeParse(parse(answer)) : undefined;
    if (found?.success && attempt.wrong === undefined) attempt.resource = found.data;
    else if (answer.status === attempt.wrong) attempt.refused = true;
    else this.wrongAnswers.push(`POST: ${shown(answer)}, ${JSON.stringify(attempt)}`);
  }

  private async delete(attempt: RadiographAttempt, { id }: Resource): Promise<void> {
    attempt.deletion = 'asked';
    const answer = await this.send(attempt, 'DELETE', `${FILTERS}/images/${id}`);
    if (answer?.status === 204) attempt.deletion = 'done';
    else if (answer) this.wrongAnswers.push(`DELETE: ${shown(answer)}`);
  }

  /** @returns undefined for an honest failure, which it notes */
  private async send(
    attempt: RadiographAttempt,
    method: string,
    path: string,
    options: SendOptions = {},
  ): Promise<Answer | undefined> {
    const answered = this.client.send(method, path, options).catch(() => 'connection' as const);
    const answer = await Promise.race([answered, sleep(PATIENCE_MS, 'connection' as const, { ref: false })]);
    if (answer !== 'connection' && answer.status !== 503 && answer.status !== 504) return answer;
    attempt.failure = answer === 'connection' ? answer : answer.status;
    return undefined;
  }
}

interface WrongForm {
  readonly status: number;
  /** The bytes of the image, which nobody else has. */
  readonly kept: Buffer;
  readonly parts: readonly Part[];
  /** Bytes that its end is short of. */
  readonly cut?: number;
}

/** Most are found to be wrong only when all bytes of the image were there. */
function wrongForm(random: Random): WrongForm {
  const media = radiograph(random);
  const badInfo = infoPart({ acquisitionInfo: { binning: 'Binned4x4' } });
  const damaged = Buffer.from(media);
  damaged.writeUInt8(damaged.readUInt8(media.length - 20) ^ 1, media.length - 20);
  const short = media.subarray(0, -12);
  const colored = grayPng({ bitDepth: 8, colorType: 2, width: 1 + Math.floor(random() * 400) });
  return pick<WrongForm>(random, [
    { status: 400, kept: media, parts: [mediaPart(media), badInfo] },
    { status: 400, kept: media, parts: [badInfo, mediaPart(media)] },
    { status: 400, kept: media, parts: [mediaPart(media)] },
    { status: 400, kept: media, parts: [infoPart(), mediaPart(media), mediaPart(media)] },
    { status: 400, kept: media, parts: [infoPart(), mediaPart(media)], cut: 10 },
    { status: 400, kept: damaged, parts: [infoPart(), mediaPart(damaged)] },
    { status: 400, kept: short, parts: [infoPart(), mediaPart(short)] },
    { status: 415, kept: colored, parts: [infoPart(), mediaPart(colored)] },
  ]);
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const shown = ({ status, bytes }: Answer): string => `${status} ${bytes.toString('utf8', 0, 200)}`;

export function parse({ bytes }: Answer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
