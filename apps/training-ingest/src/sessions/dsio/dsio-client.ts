import { DomainError, MAX_RADIOGRAPH_BYTES } from '@pentaprism/domain';
import { DeviceExchange } from './device-exchange.js';
import type { DsioSettings } from './dsio-settings.js';

/** Bytes of an answer in JSON; what a device says of an image takes about two thousand. */
export const MAX_JSON_BYTES = 64 * 1024;
/** Milliseconds for a whole transfer of media: below the 60 s in which `add-from-modality` has to answer. */
export const MEDIA_LIMIT_MS = 45_000;

export interface DsioAnswer {
  readonly status: number;
  /** What its JSON says, of an answer with status 200. */
  readonly body?: unknown;
}

/** Asks a device over HTTP, with limits of time and size. Errors: UPSTREAM_FAILED, DEADLINE_EXCEEDED. */
export class DsioClient {
  readonly #headers: Readonly<Record<string, string>>;

  constructor(private readonly settings: DsioSettings) {
    const { user, password = '' } = settings;
    this.#headers = user === undefined ? {} : { authorization: `Basic ${toBase64(`${user}:${password}`)}` };
  }

  async json(path: string): Promise<DsioAnswer> {
    const exchange = new DeviceExchange();
    try {
      return await exchange.wait(this.settings.timeoutMs, async () => {
        const response = await this.#request(path, 'application/json', exchange.signal);
        const { status } = response;
        return status === 200 ? { status, body: await readJson(response) } : { status };
      });
    } finally {
      exchange.end();
    }
  }

  /** @param check throws for a status that promises no media */
  async *media(path: string, check: (status: number) => void): AsyncGenerator<Uint8Array, void> {
    const { timeoutMs, mediaLimitMs = MEDIA_LIMIT_MS } = this.settings;
    const exchange = new DeviceExchange();
    exchange.limit(mediaLimitMs);
    try {
      const response = await exchange.wait(timeoutMs, () => this.#request(path, 'image/png', exchange.signal));
      check(response.status);
      const reader = response.body?.getReader();
      // Only the waiting for the device counts as its silence, not the time in which the bytes are used.
      const next = () => exchange.wait(timeoutMs, async () => reader?.read());
      let size = 0;
      for (let piece = await next(); piece?.value; piece = await next()) {
        size += piece.value.byteLength;
        if (size > MAX_RADIOGRAPH_BYTES) throw tooLarge('image', MAX_RADIOGRAPH_BYTES);
        yield piece.value;
      }
    } finally {
      exchange.end();
    }
  }

  /** Redirects are not followed: our credentials are for this device alone. */
  #request(path: string, accept: string, signal: AbortSignal): Promise<Response> {
    const headers = { ...this.#headers, accept };
    return fetch(this.settings.url + path, { headers, redirect: 'manual', signal });
  }
}

async function readJson({ body }: Response): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > MAX_JSON_BYTES) throw tooLarge('answer', MAX_JSON_BYTES);
    pieces.push(piece);
  }
  try {
    // Drops a byte order mark, which JSON.parse would refuse.
    return JSON.parse(new TextDecoder().decode(Buffer.concat(pieces)));
  } catch (cause) {
    throw new DomainError('UPSTREAM_FAILED', 'The modality answered something that is not JSON.', {}, { cause });
  }
}

function tooLarge(what: string, maxBytes: number): DomainError {
  return new DomainError('UPSTREAM_FAILED', `The modality's ${what} has more than ${maxBytes} bytes.`, { maxBytes });
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
