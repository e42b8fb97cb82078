import type { Random } from '@pentaprism/domain';
import mongoose from 'mongoose';
import sharp from 'sharp';
import { z } from 'zod';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { json, send } from '../../e2e/support/http.js';
import { createKey } from '../../e2e/support/stack.js';
import { wholeWithin } from '../drill.js';
import { VisionClient } from './vision-client.js';

const [WIDTH, HEIGHT] = [640, 480];

export interface LedgerJob {
  readonly type: string;
  readonly queue: string;
  readonly workspace: string;
  readonly createdAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
}

/** A workspace whose jobs are compared with those of others. */
export class Tenant {
  private first: Buffer | undefined;

  private constructor(
    private readonly faulty: FaultyStack,
    readonly workspace: string,
    private readonly key: string,
    private readonly random: Random,
    private readonly projectId: string,
  ) {}

  static async create(faulty: FaultyStack, workspace: string, random: Random): Promise<Tenant> {
    const { url, ownerKey } = faulty.stack;
    const { key } = await createKey({ url, ownerKey, data: '' }, { workspace, role: 'owner' });
    const answer = await send('GET', `${url}/api/v2/projects/`, { headers: { authorization: `Bearer ${key}` } });
    const [project] = z.tuple([z.object({ id: z.string() })]).parse(json(answer));
    return new Tenant(faulty, workspace, key, random, project.id);
  }

  get vision(): VisionClient {
    return new VisionClient(this.faulty.stack.url, this.key);
  }

  /** Uploads a picture that nobody else has: jobs of the queues `analysis` and `embedding`. */
  async upload(): Promise<void> {
    this.first ??= await this.picture(WIDTH, HEIGHT);
    const image_data = this.variant(this.first).toString('base64');
    await this.post('/v1/upload', { filename: 'drill.jpg', image_data }, 201);
  }

  /** Asks for samples of one picture: a job of the queue `augmentation`. */
  async samples(): Promise<void> {
    const body = {
      projectId: this.projectId,
      name: 'drill',
      transformationProbability: 1,
      numberOfNewImages: 1,
      numberOfRows: 1,
      transformations: [{ name: 'rotation' }],
    };
    await this.post('/api/v2/imageAugmentationSamples/', body, 202);
  }

  /** A JPEG of soft colours, with bytes that no other picture has. */
  async picture(width: number, height: number): Promise<Buffer> {
    const [columns, rows] = [16, 12];
    const raw = { width: columns, height: rows, channels: 3 } as const;
    const coarse = Uint8Array.from({ length: columns * rows * 3 }, () => this.random() * 256);
    return sharp(coarse, { raw }).resize(width, height, { fit: 'fill' }).jpeg().toBuffer();
  }

  /** The same pixels with a comment, so that they are other bytes. */
  variant(jpeg: Buffer): Buffer {
    const comment = Buffer.from([
      0xff,
      0xfe,
      0,
      10,
      ...Array.from({ length: 8 }, () => wholeWithin(this.random, 0, 255)),
    ]);
    return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
  }

  /** Its jobs that were created at or after a time. */
  jobs(since: Date): Promise<LedgerJob[]> {
    const filter = { workspace: this.workspace, createdAt: { $gte: since } };
    return this.ledger.find(filter).toArray() as Promise<unknown[]> as Promise<LedgerJob[]>;
  }

  waiting(): Promise<number> {
    return this.ledger.countDocuments({ workspace: this.workspace, state: 'queued' });
  }

  private get ledger(): mongoose.mongo.Collection {
    return this.faulty.database.collection('jobs') as unknown as mongoose.mongo.Collection;
  }

  private async post(path: string, body: unknown, status: number): Promise<void> {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
    const answer = await send('POST', `${this.faulty.stack.url}${path}`, { headers, body: JSON.stringify(body) });
    if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${answer.bytes.toString()}`);
  }
}
