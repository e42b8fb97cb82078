import { connectBus, watchFact, type BusConnection } from '@pentaprism/bus';
import { jobFinished, type FactData } from '@pentaprism/contracts';
import type { Random } from '@pentaprism/domain';
import { createLogger } from '@pentaprism/observability';
import mongoose from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { forEach } from './for-each.js';

/** A job of about a second on one core, so that a worker can be killed in the middle of it. */
const [ROWS, NEW_IMAGES, WIDTH, HEIGHT] = [4, 4, 1024, 768];
/** Milliseconds that a client goes on trying to have a job accepted. */
const PATIENCE_MS = 30_000;

const key = z.object({ key: z.string() });
const projects = z.tuple([z.object({ id: z.string() })]);
const status = z.object({ statusId: z.string() });

/** A client that asks for augmented samples, in a workspace of its own with some photos. */
export class SampleJobs {
  readonly ids: string[] = [];
  private readonly announced: string[] = [];

  private constructor(
    private readonly faulty: FaultyStack,
    private readonly secret: string,
    private readonly projectId: string,
    private readonly bus: BusConnection,
  ) {
    watchFact(bus, jobFinished, (data) => this.announced.push((data as FactData<typeof jobFinished>).jobId));
  }

  static async start(faulty: FaultyStack, random: Random): Promise<SampleJobs> {
    const { stack } = faulty;
    const newKey = { name: 'drill', role: 'editor', workspace: 'drill' };
    const secret = key.parse(await send(stack.url, '/keys', stack.ownerKey, newKey)).key;
    for (let i = 0; i < ROWS; i++) {
      const image_data = (await photo(random)).toString('base64');
      await send(stack.url, '/v1/upload', secret, { filename: `${i}.jpg`, image_data });
    }
    const [project] = projects.parse(await send(stack.url, '/api/v2/projects/', secret));
    const logger = createLogger('drill', 'silent');
    const bus = await connectBus({ url: stack.servers.natsUrl, prefix: '', name: 'drill', logger });
    const jobs = new SampleJobs(faulty, secret, project.id, bus);
    await bus.nats.flush();
    return jobs;
  }

  /** Asks for samples, again and again under one idempotency key while the system cannot take the job. */
  async submit(): Promise<string> {
    const body = {
      projectId: this.projectId,
      name: 'drill',
      transformationProbability: 1,
      numberOfNewImages: NEW_IMAGES,
      transformations: [{ name: 'rotation' }, { name: 'blur' }, { name: 'noise' }],
      numberOfRows: ROWS,
    };
    const idempotency = { 'Idempotency-Key': `drill ${this.ids.length}` };
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        const answer = await send(
          this.faulty.stack.url,
          '/api/v2/imageAugmentationSamples/',
          this.secret,
          body,
          idempotency,
        );
        const { statusId } = status.parse(answer);
        this.ids.push(statusId);
        return statusId;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(100);
      }
    }
  }

  /** Everything that is not as if each job had run once: completed, its samples complete and without a second set. */
  async wrongs(): Promise<string[]> {
    const table = (name: string) => this.faulty.database.collection(name);
    const wrong: string[] = [];
    if (new Set(this.ids).size !== this.ids.length) wrong.push('two requests got one job');
    await forEach(this.ids, 8, async (id) => {
      const _id = new mongoose.Types.ObjectId(id);
      const [job, sets, samples] = await Promise.all([
        table('jobs').findOne({ _id }),
        table('sample_sets').countDocuments({ _id }),
        table('samples').find({ set: _id }).toArray(),
      ]);
      const places = new Set(samples.map(({ position }) => Number(position)));
      const [wanted, made] = [ROWS * (1 + NEW_IMAGES), samples.filter(({ content }) => content !== null).length];
      const complete = samples.length === wanted && places.size === wanted && made === ROWS * NEW_IMAGES;
      if (job?.state === 'completed' && job.progress === 1 && sets === 1 && complete) return;
      wrong.push(`job ${id}: ${job?.state} after ${job?.starts} starts, ${sets} sets, ${samples.length} samples`);
    });
    const jobs = await table('jobs').countDocuments({ type: 'samples.make' });
    if (jobs !== this.ids.length) wrong.push(`${jobs} jobs in the ledger, ${this.ids.length} asked for`);
    return wrong;
  }

  /** Jobs whose end was announced never or more than once. */
  notAnnouncedOnce(): string[] {
    const times = (id: string) => this.announced.filter((each) => each === id).length;
    return this.ids.filter((id) => times(id) !== 1).map((id) => `${id}: ${times(id)} times`);
  }

  stop(): Promise<void> {
    return this.bus.nats.close();
  }
}

async function send(origin: string, path: string, secret: string, body?: unknown, more: Record<string, string> = {}) {
  const response = await fetch(new URL(path, origin), {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json', ...more },
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as unknown;
}

/** Coarse noise made large: soft and coloured like a photo out of focus. */
function photo(random: Random): Promise<Buffer> {
  const [width, height] = [16, 12];
  const coarse = Uint8Array.from({ length: width * height * 3 }, () => random() * 256);
  return sharp(coarse, { raw: { width, height, channels: 3 } })
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .jpeg()
    .toBuffer();
}
