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

/** Pictures of classes that any model tells apart; a number makes each another one. */
const SHAPES = {
  disc: (n: number) =>
    `<rect width="96" height="96" fill="rgb(18,26,${110 + n})"/><circle cx="${40 + n}" cy="52" r="${24 + n}" fill="gold"/>`,
  stripes: (n: number) =>
    '<rect width="96" height="96" fill="white"/>' +
    Array.from({ length: 8 }, (_, i) => `<rect x="${i * 13 - n}" width="6" height="96" fill="#cd1419"/>`).join(''),
  check: (n: number) =>
    '<rect width="96" height="96" fill="black"/>' +
    Array.from({ length: 24 }, (_, i) => {
      const [row, column] = [Math.floor(i / 4), i % 4];
      return `<rect x="${column * 24 + (row % 2) * 12 - n}" y="${row * 16}" width="12" height="16" fill="green"/>`;
    }).join(''),
};
export type Shape = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as Shape[];

export function pictureOf(shape: Shape, n: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96">${SHAPES[shape](n)}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}
