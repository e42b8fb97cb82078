import type { RunningStack } from '@pentaprism/local';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** An upload that was acknowledged. */
export interface Stored {
  readonly id: number;
  readonly url: string;
  readonly bytes: Buffer;
}

/** What the drill of a full disk asks of a system. */
export class SmallDiskClient {
  constructor(private readonly stack: RunningStack) {}

  async upload(): Promise<Stored> {
    const bytes = randomBytes(20_000);
    const answer = await this.send('POST', '/v1/upload', { filename: 'f', image_data: bytes.toString('base64') });
    if (answer.status !== 201) throw new Error(`an upload was answered with ${answer.status}`);
    const { id } = z.object({ id: z.int() }).parse(await answer.json());
    const { url } = z.object({ url: z.string() }).parse(await this.json(`/v1/images/${id}`));
    return { id, url, bytes };
  }

  async tryUpload(): Promise<number> {
    const body = { filename: 'f', image_data: randomBytes(20_000).toString('base64') };
    return (await this.send('POST', '/v1/upload', body)).status;
  }

  /** Makes a record without bytes. */
  async announce(): Promise<number> {
    return (await this.send('POST', '/v1/images', { filename: 'announced' })).status;
  }

  async isRight({ url, bytes }: Stored): Promise<boolean> {
    try {
      // A system that was started again has another port.
      const { pathname, search } = new URL(url);
      const answer = await fetch(`${this.stack.url}${pathname}${search}`, { signal: AbortSignal.timeout(20_000) });
      return answer.ok && Buffer.from(await answer.arrayBuffer()).equals(bytes);
    } catch {
      return false;
    }
  }

  async mustRead([first]: readonly Stored[]): Promise<void> {
    if (!first || !(await this.isRight(first))) throw new Error('a file cannot be read');
    await this.json(`/v1/images/${first.id}`);
  }

  async delete(image: Stored | undefined): Promise<number> {
    return (await this.send('DELETE', `/v1/images/${image?.id}`)).status;
  }

  async mustDelete(image: Stored | undefined): Promise<void> {
    const status = await this.delete(image);
    // 404: it was deleted by a request whose answer was lost.
    if (![200, 204, 404].includes(status)) throw new Error(`a deletion was answered with ${status}`);
  }

  async mustBeWell(): Promise<void> {
    const { status } = z.object({ status: z.string() }).parse(await this.json('/health/ready'));
    if (status !== 'ok') throw new Error(`readiness says ${status}`);
  }

  async status(method: string, target: string): Promise<number> {
    return (await this.send(method, target)).status;
  }

  async json(target: string): Promise<unknown> {
    const answer = await this.send('GET', target);
    if (!answer.ok) throw new Error(`GET ${target} was answered with ${answer.status}`);
    return answer.json();
  }

  private send(method: string, target: string, body?: object): Promise<Response> {
    return fetch(`${this.stack.url}${target}`, {
      method,
      headers: { Authorization: `Bearer ${this.stack.ownerKey}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    });
  }
}
