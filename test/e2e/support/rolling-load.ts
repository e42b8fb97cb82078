import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import { RollingClient, type Tally } from './rolling-client.js';

/** Milliseconds between two requests of a busy client: a steady load that leaves the machine some air. */
const PAUSE_MS = 25;
/** Of a client that comes back to its connection now and then. */
const REST_MS = 1500;
/** Bytes and milliseconds of an upload over a slow line: longer than the drain of a gateway. */
const SLOW_BYTES = 200_000;
const SLOW_MS = 4000;
/** For which a poll of a job is held. */
const HELD_MS = 4000;
/** Pictures of an augmentation job, new ones of each, and their size: some seconds of work for a worker. */
const ORIGINALS = 6;
const NEW_IMAGES = 8;
const PHOTO = { width: 800, height: 600 };
/** Milliseconds that a job may take to its end, with restarts of workers on the way. */
const JOB_LIMIT_MS = 60_000;

export interface Upload {
  readonly id: number;
  readonly fileName: string;
  readonly sha256: string;
}

const created = z.object({ id: z.int().positive() });
const announced = z.object({ id: z.int().positive(), upload_url: z.url() });
const page = z.object({ results: z.array(z.object({ id: z.int() })) });
const record = z.object({ id: z.int(), filename: z.string(), url: z.url().nullable() });
const list = z.object({ augmentationListId: z.string() });
const samples = z.object({ data: z.array(z.object({ imageId: z.string(), originalImageId: z.string().nullable() })) });

/** What clients do all the time while processes come and go, and what they were promised. */
export class RollingLoad {
  readonly uploads: Upload[] = [];
  /** What was answered with 2xx and was wrong all the same. */
  readonly wrong: string[] = [];
  jobsEnded = 0;
  private stopped = false;
  private readonly clients: RollingClient[] = [];
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly origin: string,
    private readonly ownerKey: string,
    private readonly tally: Tally,
  ) {}

  /** Resolves when every kind of client is at work. */
  async start(): Promise<void> {
    const photos = await this.preparePhotos().catch((error: unknown) => {
      throw new Error(`the load cannot begin: ${JSON.stringify(this.tally.failed)}`, { cause: error });
    });
    const uploader = this.client();
    await this.upload(uploader);
    this.running = Promise.all([
      this.repeat(() => this.upload(uploader)),
      this.repeat(this.with(this.client(), (client) => this.upload(client))),
      this.repeat(this.with(this.client(), (client) => this.announceAndPut(client))),
      this.repeat(this.with(this.client(), (client) => this.announceAndPut(client, SLOW_BYTES, SLOW_MS))),
      this.repeat(this.with(this.client(), (client) => this.list(client, 20))),
      this.repeat(this.with(this.client(), (client) => this.download(client))),
      this.repeat(
        this.with(this.client(), (client) => this.list(client, 1)),
        REST_MS,
      ),
      this.repeat(() => this.augment(photos), REST_MS),
    ]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /**
   * Whether an upload is there, under its number, with its bytes.
   * @throws Error when nobody could say
   */
  async check(client: RollingClient, { id, fileName, sha256 }: Upload): Promise<boolean> {
    const reply = await client.send('GET', `/v1/images/${id}`, { allow: [404] });
    if (!reply) throw new Error(`no answer about ${fileName}`);
    const found = record.safeParse(JSON.parse(reply.bytes.toString('utf8')));
    if (!found.success || found.data.url === null) return false;
    const file = await client.send('GET', found.data.url, { allow: [404] });
    if (!file) throw new Error(`no bytes of ${fileName}`);
    return found.data.filename === fileName && hash(file.bytes) === sha256;
  }

  client(key = this.ownerKey): RollingClient {
    const client = new RollingClient(this.origin, key, this.tally);
    this.clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private with(client: RollingClient, action: (client: RollingClient) => Promise<void>): () => Promise<void> {
    return () => action(client);
  }

  private async repeat(action: () => Promise<void>, pauseMs = PAUSE_MS): Promise<void> {
    while (!this.stopped) {
      await action().catch((error: unknown) => this.wrong.push(String(error)));
      await sleep(pauseMs);
    }
  }

  private async upload(client: RollingClient): Promise<void> {
    const { fileName, bytes } = await picture();
    const body = { filename: fileName, image_data: bytes.toString('base64'), tags: ['rolling', fileName.slice(0, 1)] };
    const reply = await client.send('POST', '/v1/upload', { body: JSON.stringify(body) });
    if (reply) this.uploads.push({ id: parse(created, reply.bytes).id, fileName, sha256: hash(bytes) });
  }

  /** @param extra bytes that are no picture any more: they are kept as they are */
  private async announceAndPut(client: RollingClient, extra = 0, overMs?: number): Promise<void> {
    const { fileName, bytes: start } = await picture();
    const bytes = Buffer.concat([start, randomBytes(extra)]);
    const body = JSON.stringify({ filename: fileName, size: bytes.length, tags: [] });
    const reply = await client.send('POST', '/v1/images', { body });
    if (!reply) return;
    const { id, upload_url } = parse(announced, reply.bytes);
    const slowly = overMs === undefined ? {} : { overMs };
    if (await client.send('PUT', upload_url, { body: bytes, ...slowly }))
      this.uploads.push({ id, fileName, sha256: hash(bytes) });
  }

  private async list(client: RollingClient, limit: number): Promise<void> {
    const reply = await client.send('GET', `/v1/images?limit=${limit}`);
    if (reply && parse(page, reply.bytes).results.length === 0) this.wrong.push('an empty page');
  }

  private async download(client: RollingClient): Promise<void> {
    const upload = this.uploads[Math.floor(Math.random() * this.uploads.length)];
    if (!upload) return;
    const reply = await client.send('GET', `/v1/images/${upload.id}`);
    const { url } = reply ? parse(record, reply.bytes) : { url: null };
    const file = url === null ? undefined : await client.send('GET', url);
    if (file && hash(file.bytes) !== upload.sha256) this.wrong.push(`${upload.fileName} has other bytes`);
  }

  /** Photos in a workspace of their own, and a list of augmentations of them. */
  private async preparePhotos(): Promise<{ client: RollingClient; path: string }> {
    const owner = this.client();
    const key = { name: 'rolling', role: 'editor', workspace: 'rolling' };
    const reply = await owner.send('POST', '/keys', { body: JSON.stringify(key) });
    const client = this.client(parse(z.object({ key: z.string() }), reply?.bytes).key);
    for (let each = 0; each < ORIGINALS; each++) {
      const { fileName, bytes } = await picture(PHOTO);
      const body = JSON.stringify({ filename: fileName, image_data: bytes.toString('base64') });
      await client.send('POST', '/v1/upload', { body });
    }
    const projects = await client.send('GET', '/api/v2/projects/');
    const [project] = parse(z.array(z.object({ id: z.string() })).min(1), projects?.bytes);
    const settings = {
      projectId: project?.id,
      name: 'rolling',
      transformationProbability: 1,
      numberOfNewImages: NEW_IMAGES,
      transformations: [{ name: 'rotation' }, { name: 'blur' }, { name: 'noise' }],
    };
    const made = await client.send('POST', '/api/v2/imageAugmentationLists/', { body: JSON.stringify(settings) });
    const path = `/api/v2/imageAugmentationLists/${parse(list, made?.bytes).augmentationListId}/samples/`;
    return { client, path };
  }

  /** A job from its request to the look at what it made. */
  private async augment({ client, path }: { client: RollingClient; path: string }): Promise<void> {
    const accepted = await client.send('POST', path, { body: JSON.stringify({ numberOfRows: ORIGINALS }) });
    const location = accepted?.headers.location;
    if (location === undefined) return;
    const until = Date.now() + JOB_LIMIT_MS;
    for (;;) {
      // 303 leads to the result; 200 says how far it is.
      const reply = await client.send('GET', location, { allow: [303], heldMs: HELD_MS });
      if (reply?.headers.location !== undefined) break;
      if (Date.now() > until) throw new Error(`a job has no end: ${reply?.bytes.toString() ?? location}`);
      if (reply && /"(?:ABORTED|ERROR|EXPIRED)"/.test(reply.bytes.toString())) throw new Error(reply.bytes.toString());
      await sleep(PAUSE_MS);
    }
    const made = await client.send('GET', path);
    if (!made) return;
    const { data } = parse(samples, made.bytes);
    const wanted = ORIGINALS * (1 + NEW_IMAGES);
    if (new Set(data.map(({ imageId }) => imageId)).size !== wanted || data.length !== wanted)
      throw new Error(`${data.length} samples instead of ${wanted}`);
    this.jobsEnded++;
  }
}

function parse<T>(schema: z.ZodType<T>, bytes: Buffer | undefined): T {
  return schema.parse(JSON.parse(bytes?.toString('utf8') ?? 'null'));
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A picture that exists once: coarse noise made large, soft like a photo out of focus. */
async function picture(size = { width: 96, height: 64 }): Promise<{ fileName: string; bytes: Buffer }> {
  const raw = { width: 16, height: 12, channels: 3 } as const;
  const bytes = await sharp(randomBytes(raw.width * raw.height * raw.channels), { raw })
    .resize({ ...size, fit: 'fill' })
    .jpeg()
    .toBuffer();
  return { fileName: `${randomBytes(8).toString('hex')}.jpg`, bytes };
}
