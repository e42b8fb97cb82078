import type { OutgoingHttpHeaders } from 'node:http';
import { strToU8, zipSync } from 'fflate';
import sharp from 'sharp';
import { form, type Part } from './filters.js';
import { send, type Answer } from './http.js';
import type { ApiKey, System } from './stack.js';

/** Milliseconds that a small import may take beside other tests. */
const IMPORTED_WITHIN_MS = 60_000;

/** A JSON body, as tests read it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Reply extends Answer {
  /** Undefined unless the answer is JSON. */
  readonly body: Json;
}

interface Asking {
  readonly key?: Pick<ApiKey, 'key'>;
  readonly json?: unknown;
  readonly body?: string | Buffer | readonly Buffer[];
  readonly headers?: OutgoingHttpHeaders;
}

/** The file part of an upload, as the Python client sends it: a local path, and no content type. */
export const filePart = (body: string | Buffer, path = '/home/me/pets.zip', ...headers: string[]): Part => ({
  headers: [`Content-Disposition: form-data; name="file"; filename="${path}"`, ...headers],
  body,
});

export const fieldPart = (name: string, body: string): Part => ({
  headers: [`Content-Disposition: form-data; name="${name}"`],
  body,
});

/** A client of the DataRobot API that uploads datasets. */
export class DatasetsClient {
  constructor(
    private readonly system: System,
    readonly apiKey: ApiKey,
  ) {}

  get base(): string {
    return `${this.system.url}/api/v2`;
  }

  /** @param url relative to the base of the API, or absolute */
  async ask(method: string, url: string, { key = this.apiKey, json, body, headers }: Asking = {}): Promise<Reply> {
    const answer = await send(method, /^http:/.test(url) ? url : `${this.base}/${url}`, {
      headers: {
        authorization: `Token ${key.key}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body }),
    });
    const isJson = (answer.headers['content-type'] ?? '').startsWith('application/json') && answer.bytes.length > 0;
    return { ...answer, body: isJson ? JSON.parse(answer.bytes.toString()) : undefined };
  }

  get(url: string): Promise<Reply> {
    return this.ask('GET', url);
  }

  upload(...parts: readonly Part[]): Promise<Reply> {
    return this.ask('POST', 'datasets/fromFile/', form(parts));
  }

  /** Polls a status. Returns the answer that ends it: a 303, or a 200 of a job that failed. */
  async wait(location: string): Promise<Reply> {
    const until = performance.now() + IMPORTED_WITHIN_MS;
    for (;;) {
      const reply = await this.get(location);
      if (reply.status !== 200 || !['INITIALIZED', 'RUNNING'].includes(reply.body.status)) return reply;
      if (performance.now() > until) throw new Error(`the import did not end: ${reply.bytes.toString()}`);
    }
  }

  /** Uploads a file and waits for the end of its import. Returns the dataset. */
  async create(file: string | Buffer, path?: string): Promise<Json> {
    const uploaded = await this.upload(filePart(file, path));
    const { status, headers, bytes } = await this.wait(uploaded.headers.location ?? '');
    if (status !== 303) throw new Error(`not imported: ${status} ${bytes.toString()}`);
    return (await this.get(headers.location ?? '')).body;
  }

  /** Returns the items of a list that is read with `limit=1`: by its `next` to the end, then back by its `previous`. */
  async walk(url: string): Promise<{ forwards: Json[]; backwards: Json[] }> {
    const collect = async (first: string, link: 'next' | 'previous') => {
      const items: Json[] = [];
      let last = first;
      for (let at: string | null = first; at !== null;) {
        const { status, body } = await this.get(at);
        if (status !== 200 || body.count > 1) throw new Error(`${at}: ${status} ${JSON.stringify(body)}`);
        items.push(...(body.data ?? body.jobs));
        last = at;
        at = body[link];
      }
      return { items, last };
    };
    const { items: forwards, last } = await collect(`${url}${url.includes('?') ? '&' : '?'}limit=1`, 'next');
    return { forwards, backwards: (await collect(last, 'previous')).items };
  }
}

/** A picture with a pattern of its own. */
export function patterned(seed: number, size = 64): Promise<Buffer> {
  const pixels = Buffer.alloc(size * size * 3);
  for (let at = 0; at < pixels.length; at += 3) {
    const [x, y] = [(at / 3) % size, Math.floor(at / 3 / size)];
    pixels[at] = (x * (seed + 3) + y * 5) % 256;
    pixels[at + 1] = ((x ^ y) * (seed + 1)) % 256;
    pixels[at + 2] = (seed * 40 + x * y) % 256;
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .jpeg()
    .toBuffer();
}

/** An archive of files by their paths. */
export function archive(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const entries = Object.entries(files).map(([path, content]) => [path, typeof content === 'string' ? strToU8(content) : content]); // prettier-ignore
  // A date of its own would make each run's bytes differ.
  return Buffer.from(zipSync(Object.fromEntries(entries), { level: 0, mtime: '2026-01-01T00:00:00Z' }));
}

/** Class folders with `count` pictures each, one of them twice, one that is cut off, and one that is text. */
export async function petArchive(count = 3): Promise<Buffer> {
  const files: Record<string, string | Buffer> = {};
  for (const [i, name] of ['cats', 'dögs'].entries())
    for (let n = 0; n < count; n++) files[`pets/${name}/${n}.jpg`] = await patterned(10 * i + n);
  const first = files['pets/cats/0.jpg'] as Buffer;
  files['pets/cats/again.jpg'] = first;
  files['pets/dögs/broken.jpg'] = first.subarray(0, Math.floor(first.length / 2));
  files['pets/dögs/text.png'] = 'This is not a picture.\n';
  files['pets/__MACOSX/._0.jpg'] = 'skipped';
  return archive(files);
}
