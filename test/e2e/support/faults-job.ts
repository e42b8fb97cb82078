import { connectBus, watchFact } from '@pentaprism/bus';
import { jobFinished, type FactData } from '@pentaprism/contracts';
import { createLogger } from '@pentaprism/observability';
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { z } from 'zod';
import type { FaultyStack } from './faults-stack.js';

const ROWS = 12;
const NEW_IMAGES = 10;
/** Large enough for a job of some seconds, so that a worker can be killed in the middle of it. */
const [WIDTH, HEIGHT] = [1024, 768];

const sample = z.object({ imageId: z.string(), originalImageId: z.string().nullable() });
const key = z.object({ key: z.string() });
const projects = z.array(z.object({ id: z.string() })).min(1);
const list = z.object({ augmentationListId: z.string() });
const status = z.object({ statusId: z.string() });

export interface SampleJob {
  readonly id: string;
  readonly originals: number;
  /** Of each original. */
  readonly newImages: number;
  samples(): Promise<z.output<typeof sample>[]>;
  /** How often its end was announced. */
  ends(): number;
  stopListening(): Promise<void>;
}

/** Uploads photos into a workspace of their own, and asks for augmented samples of them. */
export async function startSampleJob({ stack }: FaultyStack): Promise<SampleJob> {
  const send = async (path: string, secret: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(path, stack.url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const newKey = { name: 'faults', role: 'editor', workspace: 'faults' };
  const { key: secret } = key.parse(await send('/keys', stack.ownerKey, newKey));
  for (let i = 0; i < ROWS; i++) {
    await send('/v1/upload', secret, { filename: `${i}.jpg`, image_data: (await photo()).toString('base64') });
  }
  const [project] = projects.parse(await send('/api/v2/projects/', secret));
  const { augmentationListId } = list.parse(
    await send('/api/v2/imageAugmentationLists/', secret, {
      projectId: project?.id,
      name: 'faults',
      transformationProbability: 1,
      numberOfNewImages: NEW_IMAGES,
      transformations: [{ name: 'rotation' }, { name: 'blur' }, { name: 'noise' }],
    }),
  );
  const logger = createLogger('faults', 'silent');
  const bus = await connectBus({ url: stack.servers.natsUrl, prefix: '', name: 'faults', logger });
  const ended: string[] = [];
  watchFact(bus, jobFinished, (data) => ended.push((data as FactData<typeof jobFinished>).jobId));
  await bus.nats.flush();
  const samplesPath = `/api/v2/imageAugmentationLists/${augmentationListId}/samples/`;
  const { statusId } = status.parse(await send(samplesPath, secret, { numberOfRows: ROWS }));
  return {
    id: statusId,
    originals: ROWS,
    newImages: NEW_IMAGES,
    samples: async () => z.object({ data: z.array(sample) }).parse(await send(samplesPath, secret)).data,
    ends: () => ended.filter((id) => id === statusId).length,
    stopListening: () => bus.nats.close(),
  };
}

/** Coarse noise made large: soft and coloured like a photo out of focus. */
function photo(): Promise<Buffer> {
  const [width, height] = [16, 12];
  return sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .resize(WIDTH, HEIGHT, { fit: 'fill' })
    .jpeg()
    .toBuffer();
}
