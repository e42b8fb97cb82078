import { eventually } from '@pentaprism/testing';
import { z } from 'zod';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';

export const TRAINING = '/customvision/v3.4-preview/training';
export const PREDICTION = '/customvision/v3.1/prediction';
/** General (compact): its models can be exported. */
export const COMPACT = '0732100f-1a38-4e49-a514-c9b44c697ab5';

/** Milliseconds of a small training beside others, on a slow machine. */
const TRAINED_WITHIN_MS = 60_000;

const thing = z.object({ id: z.string() });
const iteration = z.object({ id: z.string(), status: z.string() });
const summary = z.object({
  images: z.array(
    z.object({ status: z.string(), image: z.object({ id: z.string(), originalImageUri: z.string() }).nullable() }),
  ),
});

/** The current Custom Vision API with one key. All but `send` throw where they are refused. */
export class VisionClient {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  send(method: string, path: string, { headers, ...options }: SendOptions = {}): Promise<Answer> {
    const name = /\/prediction\//i.test(path) ? 'prediction-key' : 'training-key';
    return send(method, `${this.url}${path}`, { headers: { [name]: this.key, ...headers }, ...options });
  }

  async json(method: string, path: string, options?: SendOptions): Promise<unknown> {
    const answer = await this.send(method, path, options);
    const text = answer.bytes.toString('utf8');
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async createProject(name: string, classificationType = 'Multiclass'): Promise<string> {
    const query = new URLSearchParams({ name, domainId: COMPACT, classificationType });
    return thing.parse(await this.json('POST', `${TRAINING}/projects?${query.toString()}`)).id;
  }

  async createTag(project: string, name: string): Promise<string> {
    const path = `${TRAINING}/projects/${project}/tags?${new URLSearchParams({ name }).toString()}`;
    return thing.parse(await this.json('POST', path)).id;
  }

  /** @returns the images, which are all new */
  async addImages(project: string, tag: string, pictures: readonly Buffer[]) {
    const images = pictures.map((picture) => ({ contents: picture.toString('base64'), tagIds: [tag] }));
    const path = `${TRAINING}/projects/${project}/images/files`;
    const added = summary.parse(await this.json('POST', path, jsonBody({ images })));
    return added.images.map(({ status, image }) => {
      if (status !== 'OK' || !image) throw new Error(`an image of ${project} is ${status}`);
      return image;
    });
  }

  /** @returns the id of the iteration, which is trained */
  async train(project: string, withinMs = TRAINED_WITHIN_MS): Promise<string> {
    const path = `${TRAINING}/projects/${project}`;
    const { id } = iteration.parse(await this.json('POST', `${path}/train?forceTrain=true`));
    await eventually(
      async () => {
        const { status } = iteration.parse(await this.json('GET', `${path}/iterations/${id}`));
        if (status !== 'Completed') throw new Error(`iteration ${id} is ${status}`);
      },
      { timeoutMs: withinMs, everyMs: 100 },
    );
    return id;
  }

  async publish(project: string, iterationId: string, publishName: string): Promise<void> {
    const query = new URLSearchParams({ publishName, predictionId: 'drill' });
    await this.json('POST', `${TRAINING}/projects/${project}/iterations/${iterationId}/publish?${query.toString()}`);
  }

  /** @returns the id of what is kept of it */
  async predict(project: string, publishName: string, picture: Buffer): Promise<string> {
    const path = `${PREDICTION}/${project}/classify/iterations/${encodeURIComponent(publishName)}/image`;
    return thing.parse(await this.json('POST', path, bytesBody(picture))).id;
  }
}

export function jsonBody(body: unknown): SendOptions {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function bytesBody(body: Buffer): SendOptions {
  return { headers: { 'content-type': 'application/octet-stream' }, body };
}
