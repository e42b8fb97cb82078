import { expect } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import type { OutgoingHttpHeaders } from 'node:http';
import { json, send, type Answer } from './http.js';
import { createKey, type ApiKey, type System } from './stack.js';

export interface ImageRecord {
  readonly id: number;
  readonly created_by: string;
  readonly created_timestamp: number;
  readonly filename: string;
  readonly size: number;
  readonly tags: readonly Tag[];
  readonly uploaded_timestamp: number | null;
  readonly url: string | null;
}

export interface Tag {
  readonly id: number;
  readonly name: string;
}

export interface Page<Result> {
  readonly results: readonly Result[];
  readonly meta: { readonly current_page: number; readonly has_more_pages: boolean; readonly total_results: number };
}

export type ImagePage = Page<ImageRecord>;

/** What every failing answer looks like: exactly a code that is the status, and a message. */
export function errorShape(status: number) {
  return { code: status, message: expect.stringMatching(/^[^\n]{5,300}$/) as unknown as string };
}

/** A client of Tagged Image Manager with one key. */
export class TaggedImages {
  constructor(
    readonly origin: string,
    readonly key?: string,
  ) {}

  /** A client of a workspace that nobody else uses. */
  static async inFreshWorkspace(system: System): Promise<TaggedImages & { apiKey: ApiKey }> {
    const apiKey = await createKey(system, { role: 'editor', name: 'e2e editor' });
    return Object.assign(new TaggedImages(system.url, apiKey.key), { apiKey });
  }

  get authorization(): OutgoingHttpHeaders {
    return this.key === undefined ? {} : { authorization: `Bearer ${this.key}` };
  }

  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return send('GET', `${this.origin}/v1${path}`, { headers: { ...this.authorization, ...headers } });
  }

  delete(path: string): Promise<Answer> {
    return send('DELETE', `${this.origin}/v1${path}`, { headers: this.authorization });
  }

  post(path: string, body: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.sendBody('POST', path, body, headers);
  }

  put(path: string, body: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.sendBody('PUT', path, body, headers);
  }

  /** @param body JSON text or bytes as they are; anything else is made JSON */
  sendBody(method: string, path: string, body: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    const raw = typeof body === 'string' || Buffer.isBuffer(body) || isChunks(body) ? body : JSON.stringify(body);
    return send(method, `${this.origin}/v1${path}`, {
      headers: { ...this.authorization, 'content-type': 'application/json', ...headers },
      body: raw,
    });
  }

  /** Uploads in one shot, and returns the id. */
  async upload(bytes: Buffer, fields: Record<string, unknown> = {}): Promise<number> {
    const answer = await this.post('/upload', { image_data: bytes.toString('base64'), ...fields });
    expect({ status: answer.status, body: json(answer) }).toEqual({ status: 201, body: { id: expect.any(Number) } });
    return json<{ id: number }>(answer).id;
  }

  /** Announces an image, and returns its id and where its file goes. */
  async create(fields: Record<string, unknown> = {}): Promise<{ id: number; upload_url: string }> {
    const answer = await this.post('/images', fields);
    expect(answer.status).toBe(201);
    return json(answer);
  }

  async record(id: number): Promise<ImageRecord> {
    const answer = await this.get(`/images/${id}`);
    expect(answer.status).toBe(200);
    return json<ImageRecord>(answer);
  }

  /** Returns the record of a file that is no picture as soon as it says why, after which it no longer changes by itself. */
  async recordOfNoPicture(id: number): Promise<ImageRecord> {
    return eventually(async () => {
      const record = await this.record(id);
      expect(record).toHaveProperty('undecodable_reason');
      return record;
    });
  }

  async page(query = ''): Promise<ImagePage> {
    const answer = await this.get(`/images${query}`);
    expect(answer.status).toBe(200);
    return json<ImagePage>(answer);
  }

  async total(query = ''): Promise<number> {
    return (await this.page(query)).meta.total_results;
  }

  /** The id of a tag, made when it is not there yet. */
  async tagId(name: string): Promise<number> {
    const { tags } = await this.record((await this.create({ tags: [name] })).id);
    return tags[0]?.id ?? 0;
  }

  /** Makes a tag, or finds the one of this name. */
  async makeTag(name: string): Promise<Tag> {
    const answer = await this.post('/tags', { name });
    expect(answer.status).toBe(201);
    return json<Tag>(answer);
  }

  async tagPage(query = ''): Promise<Page<Tag>> {
    const answer = await this.get(`/tags${query}`);
    expect(answer.status).toBe(200);
    return json<Page<Tag>>(answer);
  }

  async tagNames(): Promise<string[]> {
    return (await this.tagPage()).results.map(({ name }) => name);
  }

  /** @param query as it is written in a URL */
  async search(query: string): Promise<ImagePage> {
    const answer = await this.get(`/search/images?${query}`);
    expect({ query, status: answer.status }).toEqual({ query, status: 200 });
    return json<ImagePage>(answer);
  }
}

/** The answer is a refusal of this status, in the shape that all of them have. */
export function expectRefusal(answer: Answer, status: number): void {
  expect({ status: answer.status, body: json(answer) }).toEqual({ status, body: errorShape(status) });
  expect(answer.headers['content-type']).toBe('application/json');
}

/** The address of a file; fails when there is none. */
export function urlOf(record: ImageRecord): string {
  expect(record.url).toMatch(/^http/);
  return record.url ?? '';
}

function isChunks(body: unknown): body is readonly Buffer[] {
  return Array.isArray(body) && body.length > 0 && body.every((chunk) => Buffer.isBuffer(chunk));
}
