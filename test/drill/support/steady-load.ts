import type { Random } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import { FILTERS, form, infoPart, mediaPart, basic } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import { radiograph } from './radiographs.js';
import { bytesBody, VisionClient } from './vision-client.js';
import { VisionWorkspace, type VisionThings } from './vision-workspace.js';

const CLIENTS = 2;
/** Images that a client keeps; its oldest one is deleted for each further one. */
const KEPT = 20;
/** Milliseconds between two requests of a client: well below what the system can do, so that nothing queues up. */
const PAUSE_MS = 100;

const uploaded = z.object({ id: z.int() });
const record = z.object({ url: z.string() });

/** Clients that do the same things over and over, and keep as much as they had before. */
export class SteadyLoad {
  done = 0;
  readonly failures: string[] = [];
  private stopped = false;
  private clients: Promise<void>[] = [];

  private constructor(
    private readonly faulty: FaultyStack,
    private readonly random: Random,
    private readonly vision: VisionWorkspace,
    private readonly things: VisionThings,
  ) {}

  static async start(faulty: FaultyStack, random: Random): Promise<SteadyLoad> {
    const vision = new VisionWorkspace(new VisionClient(faulty.stack.url, faulty.stack.ownerKey), 'soak');
    const load = new SteadyLoad(faulty, random, vision, await vision.things());
    load.clients = Array.from({ length: CLIENTS }, () => load.client());
    return load;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async client(): Promise<void> {
    const kept: number[] = [];
    while (!this.stopped) {
      for (const step of [
        () => this.image(kept),
        () => this.list(),
        () => this.radiograph(),
        () => this.prediction(),
      ]) {
        try {
          await step();
        } catch (error) {
          this.failures.push(String(error).slice(0, 300));
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  /** Uploads a picture, fetches it back, and deletes the oldest one. */
  private async image(kept: number[]): Promise<void> {
    const noise = Uint8Array.from({ length: 32 * 32 * 3 }, () => this.random() * 256);
    const picture = await sharp(noise, { raw: { width: 32, height: 32, channels: 3 } })
      .resize(640, 480)
      .jpeg()
      .toBuffer();
    const body = JSON.stringify({ filename: 'soak.jpg', tags: ['soak'], image_data: picture.toString('base64') });
    const { id } = uploaded.parse(await this.json('POST', '/v1/upload', { headers: { 'content-type': 'application/json' }, body })); // prettier-ignore
    kept.push(id);
    const { url } = record.parse(await this.json('GET', `/v1/images/${id}`));
    const { bytes } = await this.expect(await send('GET', new URL(url, this.faulty.stack.url).href));
    if (!bytes.equals(picture)) throw new Error(`image ${id} has other bytes`);
    const oldest = kept.length > KEPT ? kept.shift() : undefined;
    if (oldest !== undefined) await this.expect(await this.request('DELETE', `/v1/images/${oldest}`));
  }

  private async list(): Promise<void> {
    await this.json('GET', '/v1/images?limit=50');
    await this.json('GET', '/v1/search/images?match_tags=so%25');
  }

  /** It expires by itself. */
  private async radiograph(): Promise<void> {
    const { headers, body } = form([infoPart(), mediaPart(radiograph(this.random))]);
    const authorization = basic('', this.faulty.stack.ownerKey);
    const url = `${this.faulty.stack.url}${FILTERS}/images`;
    await this.expect(await send('POST', url, { headers: { ...headers, authorization }, body }));
  }

  private async prediction(): Promise<void> {
    const { visionProject, publishedName } = this.things;
    const path = `/customvision/v3.1/prediction/${visionProject}/classify/iterations/${publishedName}/image/nostore`;
    await this.expect(await this.vision.client.send('POST', path, bytesBody(await this.vision.picture())));
  }

  private async json(method: string, path: string, options?: SendOptions): Promise<unknown> {
    return JSON.parse((await this.expect(await this.request(method, path, options))).bytes.toString('utf8')) as unknown;
  }

  private request(method: string, path: string, { headers, ...options }: SendOptions = {}): Promise<Answer> {
    const { stack, authorization } = this.faulty;
    return send(method, `${stack.url}${path}`, { headers: { ...authorization, ...headers }, ...options });
  }

  private async expect(answer: Answer): Promise<Answer> {
    this.done += 1;
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.bytes.toString('utf8').slice(0, 200)}`);
    return answer;
  }
}
