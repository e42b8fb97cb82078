import { FairShares } from '@pentaprism/concurrency';
import { DomainError, MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import { isIP } from 'node:net';
import { fetch, type Agent, type Response } from 'undici';
import { AddressPolicy } from './address-policy.js';
import { createCheckedAgent, lookUpAll, type LookUp } from './checked-agent.js';

/** What fetching one image may take. */
export const URL_LIMITS = {
  /** Milliseconds to a connection, with TLS. */
  connectMs: 5_000,
  /** Milliseconds that the other side may be silent. */
  silenceMs: 10_000,
  /** Milliseconds for everything, from the first look-up to the last byte. */
  wholeMs: 30_000,
  /** Redirects that are followed. */
  redirects: 5,
  /** Images that are fetched at a time; others wait. */
  atOnce: 16,
  /** Of those at most for one workspace, whose addresses may all be slow: the others are for the rest. */
  atOncePerWorkspace: 12,
};

export interface UrlImagesSettings {
  /** Addresses and networks that may be connected to besides those of the internet. */
  readonly allow: readonly string[];
  readonly limits?: Partial<typeof URL_LIMITS>;
  /** Instead of the system's, to try what a hostile one might answer. */
  readonly lookUp?: LookUp;
  /** PEM of authorities to trust instead of the usual ones. */
  readonly ca?: string;
}

export interface ReadOptions {
  /** Who asks: workspaces share what can be fetched at a time. */
  readonly workspace: string;
  /** More bytes than this end with PAYLOAD_TOO_LARGE. */
  readonly maxBytes: number;
  /** Milliseconds for everything, instead of those of `URL_LIMITS`. */
  readonly wholeMs?: number;
  /** Ends the waiting and the fetching with the signal's reason. */
  readonly signal?: AbortSignal;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Always the same: nothing of a request tells who asked for it. */
const HEADERS = {
  accept: 'image/*, application/octet-stream;q=0.9',
  // What inflates on the way could be a bomb, and images are compressed already.
  'accept-encoding': 'identity',
  'user-agent': 'Pentaprism (image import)',
};

/**
 * Fetches images from URLs that users send. A user must not reach through this system what is closed to that user:
 * connections are made to addresses of the internet only, and an error does not say why there is no image.
 *
 * Proxies of the environment are not used, cookies neither kept nor sent.
 */
export class UrlImages {
  readonly #limits: typeof URL_LIMITS;
  readonly #slots: FairShares;
  readonly #policy: AddressPolicy;

  constructor(private readonly settings: UrlImagesSettings) {
    this.#limits = { ...URL_LIMITS, ...settings.limits };
    const { atOnce: capacity, atOncePerWorkspace } = this.#limits;
    this.#slots = new FairShares({ capacity, perKey: Math.min(atOncePerWorkspace, capacity) });
    this.#policy = new AddressPolicy(settings.allow);
  }

  /**
   * Throws INVALID_ARGUMENT unless this is a URL of http or https and its host has an address that may be connected to. A read
   * checks again, because a name may have other addresses by then.
   */
  async requireAllowed(url: string): Promise<void> {
    try {
      const { hostname } = parseUrl(url);
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      const { lookUp = lookUpAll } = this.settings;
      const addresses = isIP(host) === 0 ? (await lookUp(host)).map(({ address }) => address) : [host];
      if (!addresses.some((address) => this.#policy.allows(address))) throw new Error('It may not be connected to.');
    } catch (cause) {
      throw new DomainError('INVALID_ARGUMENT', 'The file at this URL cannot be fetched.', { field: 'url' }, { cause });
    }
  }

  /**
   * Fetches the image at a URL while `use` reads it, which may stop at any byte. Nothing is open when this is done.
   *
   * What `use` throws comes out as it is. Its bytes end with, and so does this: UPSTREAM_FAILED in the same words whatever
   * is wrong with the source (no URL of http or https, not allowed, not reached, no image given, cut, too slow);
   * PAYLOAD_TOO_LARGE; the signal's reason.
   */
  async read<T>(url: string, options: ReadOptions, use: (bytes: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
    const { signal, workspace, wholeMs = this.#limits.wholeMs } = options;
    const release = await this.#slots.take(workspace, { signal });
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), wholeMs);
    const giveUp = () => abort.abort();
    signal?.addEventListener('abort', giveUp, { once: true });
    const agent = createCheckedAgent({ policy: this.#policy, ...this.settings, ...this.#limits });
    try {
      return await use(this.#bytes(url, options, agent, abort.signal));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      abort.abort();
      release();
      await agent.destroy().catch(() => undefined);
    }
  }

  async *#bytes(url: string, { maxBytes, signal }: ReadOptions, agent: Agent, aborted: AbortSignal) {
    try {
      yield* readBody(await this.#follow(parseUrl(url), agent, aborted), maxBytes);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw DomainError.is(error) ? error : sourceFailed(error);
    }
  }

  /** By hand, since every target has to be looked at. @returns an answer that promises an image */
  async #follow(start: URL, agent: Agent, signal: AbortSignal): Promise<Response> {
    let url = start;
    for (let redirects = 0; redirects <= this.#limits.redirects; redirects++) {
      const response = await fetch(url, { dispatcher: agent, headers: HEADERS, redirect: 'manual', signal });
      const { status, headers, body } = response;
      if (!REDIRECTS.includes(status)) return response;
      await body?.cancel();
      url = parseUrl(headers.get('location') ?? '', url);
    }
    throw new Error('It is redirected too often.');
  }
}

/** @throws for anything but http and https without a user */
function parseUrl(text: string, base?: URL): URL {
  if (text === '' || text.length > MAX_IMAGE_URL_LENGTH) throw new Error('It is empty or too long.');
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error(`${url.protocol} is not fetched.`);
  if (url.username !== '' || url.password !== '') throw new Error('It holds credentials.');
  return url;
}

async function* readBody({ status, headers, body }: Response, maxBytes: number): AsyncGenerator<Uint8Array, void> {
  // A part was not asked for.
  if (status < 200 || status > 299 || status === 206) throw new Error(`It answers with status ${status}.`);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw new Error(`It is encoded as ${encoding}.`);
  if (Number(headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes);
  let size = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield piece;
  }
}

/** One for all: a difference would tell of machines that only this one can reach. The cause is for the log. */
function sourceFailed(cause: unknown): DomainError {
  return new DomainError('UPSTREAM_FAILED', 'There is no image to be had at this URL.', {}, { cause });
}

function tooLarge(maxBytes: number): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', `The image has more than ${maxBytes} bytes.`, { maxBytes });
}
