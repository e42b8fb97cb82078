import { addVary } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Bytes of the shortest answer that is compressed. A shorter one fits into a packet anyway. */
export const MIN_GZIP_BYTES = 1024;

export const CACHE_CONTROL = 'no-cache, must-revalidate';

const compress = promisify(gzip);

/** JSON that is sent many times, and is serialised and compressed once. */
export class Answer {
  readonly body: Buffer;
  #compressed: Promise<Buffer> | undefined;

  constructor(json: string) {
    this.body = Buffer.from(json);
  }

  /** Bytes that it takes at most. */
  get size(): number {
    return 2 * this.body.length;
  }

  /** Returns the body as gzip. */
  compressed(): Promise<Buffer> {
    this.#compressed ??= compress(this.body);
    return this.#compressed;
  }
}

/** Sends JSON, compressed if the client accepts that. */
export async function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): Promise<void> {
  forbidCaching(reply).header('Content-Type', 'application/json');
  addVary(reply, 'Accept-Encoding');
  if (answer.body.length < MIN_GZIP_BYTES || !acceptsGzip(request.headers['accept-encoding'])) {
    await reply.send(answer.body);
    return;
  }
  const body = await answer.compressed();
  await reply.header('Content-Encoding', 'gzip').send(body);
}

/** Sets the headers that every answer has, also an error. */
export function forbidCaching(reply: FastifyReply): FastifyReply {
  return reply.header('Cache-Control', CACHE_CONTROL).header('Expires', '0');
}

/** Whether a list of encodings accepts gzip: by its name, or else by `*`, with a weight above 0. */
export function acceptsGzip(header = ''): boolean {
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const weight = parameters.find((part) => part.startsWith('q='))?.slice(2) ?? '1';
    weights.set(name, Number(weight));
  }
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
