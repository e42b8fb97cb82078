import { createRandom, type Random } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FILTERS, FiltersClient, form, infoPart, mediaPart } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import { createKey, type ApiKey } from '../../e2e/support/stack.js';
import { pick, wholeWithin } from '../drill.js';
import { parse, resourceSchema, sha256Of, shown, type Resource } from './radiograph-load.js';
import { radiograph } from './radiographs.js';

const CLIENTS = 3;
/** Milliseconds that a client waits between two uploads: their pictures have to be made on two cores, beside the kills. */
const PAUSE_MS = 350;
/** Milliseconds between two looks through another API. */
const ELSEWHERE_MS = 100;
/** One of so many uploads brings bytes that came before: another resource, which must outlive the end of the first. */
const SAME_BYTES_OF = 5;
/** Milliseconds after which an answer counts as none. */
const PATIENCE_MS = 20_000;

const record = z.object({ filename: z.string() });

interface Sent {
  readonly media: Buffer;
  readonly sha256: string;
}

/** Clients that upload radiographs and look at each of them through its life, at its end and behind it. */
export class ExpiringRadiographs {
  readonly found = {
    late: [] as string[],
    early: [] as string[],
    corrupt: [] as string[],
    wrong: [] as string[],
  };
  readonly resources = new Map<string, Resource>();
  /** Bytes of uploads that failed. They may have been kept, without a record, until they are a day old. */
  readonly failed = new Set<string>();
  /** Questions for something whose time was over, and answers to them. */
  over = 0;
  private readonly sent: Sent[] = [];
  private readonly lives: Promise<void>[] = [];
  private stopped = false;
  private readonly clients: Promise<void>[];

  private constructor(
    private readonly url: string,
    private readonly key: ApiKey,
    private readonly client: FiltersClient,
    private readonly timeToLiveMs: number,
    seed: string,
  ) {
    const uploads = Array.from({ length: CLIENTS }, (_, i) => this.run(createRandom(`${seed}/expiring ${i}`)));
    this.clients = [...uploads, this.lookElsewhere(createRandom(`${seed}/elsewhere`))];
  }

  static async start({ stack }: FaultyStack, timeToLiveMs: number, seed: string): Promise<ExpiringRadiographs> {
    const system = { url: stack.url, ownerKey: stack.ownerKey, data: '' };
    const key = await createKey(system, { workspace: 'drill-expiry', role: 'owner' });
    return new ExpiringRadiographs(stack.url, key, new FiltersClient(system, key), timeToLiveMs, seed);
  }

  get workspace(): string {
    return this.key.workspace;
  }

  /** Uploads nothing more. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  /** Resolves when all have ended, and have been asked for afterwards. */
  async ended(): Promise<void> {
    await Promise.all(this.lives);
  }

  private async run(random: Random): Promise<void> {
    while (!this.stopped) {
      const again = this.sent.length > 0 && random() * SAME_BYTES_OF < 1;
      const sent = again ? this.anOldOne(random) : fresh(random);
      this.sent.push(sent);
      const resource = await this.upload(sent);
      if (resource) this.lives.push(this.follow(resource, sent.sha256, createRandom(`${resource.id}`)));
      await sleep(PAUSE_MS);
    }
  }

  /** Whose bytes may be about to be removed. */
  private anOldOne(random: Random): Sent {
    return pick(random, this.sent.slice(0, Math.ceil(this.sent.length / 3)));
  }

  private async upload({ media, sha256 }: Sent): Promise<Resource | undefined> {
    const { headers, body } = form([infoPart(), mediaPart(media)]);
    const answer = await this.ask('POST', '', { headers, body });
    if (!answer || answer.status !== 201) this.failed.add(sha256);
    if (!answer || isDown(answer)) return undefined;
    const parsed = resourceSchema.safeParse(parse(answer));
    const resource = answer.status === 201 ? parsed.data : undefined;
    const life = resource && Date.parse(resource.expires) - Date.parse(resource.createdOn);
    if (!resource || life !== this.timeToLiveMs) {
      this.found.wrong.push(`POST: ${shown(answer)}`);
      return undefined;
    }
    this.resources.set(resource.id, resource);
    return resource;
  }

  /** Asks at moments of its life, shortly before its end, at that very millisecond, and later. */
  private async follow(resource: Resource, sha256: string, random: Random): Promise<void> {
    const end = Date.parse(resource.expires);
    const life = this.timeToLiveMs;
    const within = [0, 0, 0].map(() => end - wholeWithin(random, 500, life)).sort((a, b) => a - b);
    const moments = [
      ...[...within, end - wholeWithin(random, 30, 400), end],
      ...[end + wholeWithin(random, 1, 1000), end + wholeWithin(random, 1000, 8000)],
    ];
    for (const moment of moments) {
      // Timers may be early by a part of a millisecond.
      while (Date.now() < moment) await sleep(moment - Date.now());
      await this.look(resource, end, sha256, random() < 0.5);
    }
  }

  private async look(resource: Resource, end: number, sha256: string, asMedia: boolean): Promise<void> {
    const sentAt = Date.now();
    const answer = await this.ask('GET', `/${resource.id}${asMedia ? '/media' : ''}`);
    const heardAt = Date.now();
    if (sentAt >= end) this.over += 1;
    if (!answer || isDown(answer)) return;
    const seen = `${resource.id}${asMedia ? '/media' : ''}: ${answer.status}, asked at ${sentAt - end} ms from its end, answered at ${heardAt - end} ms`;
    if (answer.status === 404) {
      if (heardAt < end) this.found.early.push(seen);
    } else if (answer.status !== 200) {
      this.found.wrong.push(`${seen}: ${shown(answer)}`);
    } else {
      if (sentAt >= end) this.found.late.push(seen);
      const same = asMedia
        ? sha256Of(answer.bytes) === sha256
        : JSON.stringify(parse(answer)) === JSON.stringify(resource);
      if (!same) this.found.corrupt.push(`${seen}: ${shown(answer)}`);
    }
  }

  /** Numbers are given in turn, from 1. */
  private async lookElsewhere(random: Random): Promise<void> {
    while (!this.stopped) {
      await sleep(ELSEWHERE_MS);
      const sentAt = Date.now();
      const answer = await this.askElsewhere(`/v1/images/${wholeWithin(random, 1, this.sent.length)}`);
      if (!answer || isDown(answer) || answer.status === 404) continue;
      const named = record.safeParse(parse(answer));
      if (answer.status !== 200 || !named.success) this.found.wrong.push(`elsewhere: ${shown(answer)}`);
      // Without one, its upload was not acknowledged.
      const end = this.resources.get(named.data?.filename.replace(/\.png$/, '') ?? '')?.expires;
      if (end === undefined || sentAt < Date.parse(end)) continue;
      this.found.late.push(`elsewhere, at ${sentAt - Date.parse(end)} ms from its end: ${shown(answer)}`);
    }
  }

  private ask(method: string, path: string, { headers, ...options }: SendOptions = {}): Promise<Answer | undefined> {
    const request = { headers: { ...headers, connection: 'close' }, ...options };
    return this.answered(this.client.send(method, `${FILTERS}/images${path}`, request), `${method} ${path}`);
  }

  private askElsewhere(path: string): Promise<Answer | undefined> {
    const headers = { authorization: `Bearer ${this.key.key}`, connection: 'close' };
    return this.answered(send('GET', `${this.url}${path}`, { headers }), path);
  }

  /** Nothing happens to the gateway: it has to answer. */
  private async answered(request: Promise<Answer>, what: string): Promise<Answer | undefined> {
    const failure = request.then(
      (answer) => answer,
      (error: unknown) => String(error),
    );
    const answer = await Promise.race([failure, sleep(PATIENCE_MS, 'no answer', { ref: false })]);
    if (typeof answer !== 'string') return answer;
    this.found.wrong.push(`${what}: ${answer} at ${new Date().toISOString()}`);
    return undefined;
  }
}

/** While a service is being started again, which says nothing of any resource. */
function isDown({ status }: Answer): boolean {
  return status === 503 || status === 504;
}

function fresh(random: Random): Sent {
  const media = radiograph(random);
  return { media, sha256: sha256Of(media) };
}
