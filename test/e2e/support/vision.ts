import { expect } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import sharp from 'sharp';
import { json, send, type Answer } from './http.js';
import type { ApiKey, System } from './stack.js';

export const TRAINING = '/customvision/v3.4-preview/training';
export const PREDICTION = '/customvision/v3.1/prediction';

export interface Iteration {
  readonly id: string;
  readonly status: string;
  readonly trainingErrorDetails?: string;
}

export interface VisionImage {
  readonly id: string;
  readonly originalImageUri: string;
  readonly tags: readonly { readonly tagId: string }[];
}

export interface ImagePrediction {
  readonly id: string;
  readonly predictions: readonly { readonly tagName: string; readonly tagId: string; readonly probability: number }[];
}

/** The parts of a call that most calls do without. */
interface Sent {
  readonly body?: object;
  readonly bytes?: Buffer;
}

/** A project of the current Custom Vision API, by hand-written HTTP. */
export class VisionProject {
  readonly tags = new Map<string, string>();

  private constructor(
    readonly system: System,
    private readonly key: ApiKey,
    readonly id: string,
  ) {}

  static async create(system: System, key: ApiKey, query: Readonly<Record<string, string>>): Promise<VisionProject> {
    const headers = { 'training-key': key.key };
    const url = `${system.url}${TRAINING}/projects?${new URLSearchParams(query).toString()}`;
    const answer = await send('POST', url, { headers });
    expect(answer.status).toBe(200);
    return new VisionProject(system, key, json<{ id: string }>(answer).id);
  }

  /** @param path below the project */
  ask(method: string, path: string, { body, bytes }: Sent = {}): Promise<Answer> {
    const type = bytes ? 'application/octet-stream' : 'application/json';
    return send(method, `${this.system.url}${TRAINING}/projects/${this.id}${path}`, {
      headers: { 'training-key': this.key.key, 'content-type': type },
      ...(body ? { body: JSON.stringify(body) } : {}),
      ...(bytes ? { body: bytes } : {}),
    });
  }

  /** @throws where it is not answered with 200 */
  async get<T>(path: string, method = 'GET', sent: Sent = {}): Promise<T> {
    const answer = await this.ask(method, path, sent);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.bytes.toString()}`);
    return json<T>(answer);
  }

  async addTag(name: string): Promise<string> {
    const { id } = await this.get<{ id: string }>(`/tags?name=${encodeURIComponent(name)}`, 'POST');
    this.tags.set(name, id);
    return id;
  }

  /** @returns the id of the image */
  async addImage(bytes: Buffer, ...tags: string[]): Promise<string> {
    const tagIds = tags.map((name) => this.tags.get(name)).join();
    const { images } = await this.get<{ images: { status: string; image: VisionImage }[] }>(
      `/images?tagIds=${tagIds}`,
      'POST',
      { bytes },
    );
    expect(images.map(({ status }) => status)).toEqual(['OK']);
    return (images[0] as { image: VisionImage }).image.id;
  }

  async train(query = ''): Promise<Iteration> {
    const begun = await this.get<Iteration>(`/train${query}`, 'POST');
    return eventually(
      async () => {
        const iteration = await this.get<Iteration>(`/iterations/${begun.id}`);
        expect(iteration.status).not.toBe('Training');
        return iteration;
      },
      { timeoutMs: 60_000 },
    );
  }

  quickTest(bytes: Buffer, iteration: string): Promise<ImagePrediction> {
    return this.get(`/quicktest/image?iterationId=${iteration}&store=false`, 'POST', { bytes });
  }
}

type Colour = readonly [red: number, green: number, blue: number];
const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];
const GOLD: Colour = [255, 215, 0];
const RED: Colour = [205, 20, 25];
const GREEN: Colour = [0, 128, 0];

/** Width and height of the pictures, in pixels. */
const SIDE = 96;
/** The colours of classes that any model tells apart; a number makes each another picture. */
const SHAPES = {
  disc: (n, x, y) => (Math.hypot(x - 40 - n, y - 52) < 24 + n ? GOLD : [18, 26, 110 + n]),
  stripes: (n, x) => ((x + n) % 13 < 6 ? RED : WHITE),
  check: (n, x, y) => ((x + n + (Math.floor(y / 16) % 2) * 12) % 24 < 12 ? GREEN : BLACK),
} satisfies Record<string, (n: number, x: number, y: number) => Colour>;
export type Shape = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as Shape[];

/** Drawn pixel by pixel: a process in which another suite has loaded the product's decoder reads no SVG any more. */
export function pictureOf(shape: Shape, n: number): Promise<Buffer> {
  const pixels = Array.from({ length: SIDE * SIDE }, (_, i) => SHAPES[shape](n, i % SIDE, Math.floor(i / SIDE)));
  return sharp(Uint8Array.from(pixels.flat()), { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
}
