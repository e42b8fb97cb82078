import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which an answer counts as none, without those for which it is held or the body is sent. */
const PATIENCE_MS = 5000;

export interface RequestFailure {
  /** E.g. `POST /v1/upload`. */
  readonly what: string;
  readonly why: string;
  /** What was being stopped or started. */
  readonly during: string;
  /** Whether the connection had served before: then it may have been closed under the request. */
  readonly reused: boolean;
}

/** Counts what all clients see. */
export class Tally {
  requests = 0;
  slowestMs = 0;
  during = 'the start';
  readonly failed: RequestFailure[] = [];
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface Sent {
  readonly body?: string | Buffer;
  /** The media type of a body that is not JSON. */
  readonly type?: string;
  /** Milliseconds over which the body is sent, for a client on a slow line. */
  readonly overMs?: number;
  /** Milliseconds for which the gateway may hold the answer, as it does with a poll of a job. */
  readonly heldMs?: number;
  /** Statuses besides 2xx that are right. */
  readonly allow?: readonly number[];
}

const SLOW_PARTS = 10;

/** A client with one connection, which it keeps between requests, and no second attempt. */
export class RollingClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly origin: string,
    private readonly key: string,
    private readonly tally: Tally,
  ) {}

  /** @returns undefined for a failure, which is noted: a status of another kind, a lost connection, or no answer in time */
  async send(
    method: string,
    target: string,
    { body, type, overMs, heldMs = 0, allow = [] }: Sent = {},
  ): Promise<Reply | undefined> {
    const url = new URL(target, this.origin);
    const since = performance.now();
    const { during } = this.tally;
    const what = `${method} ${url.pathname}`;
    this.tally.requests++;
    const json = typeof body === 'string';
    const request = httpRequest(url, {
      method,
      agent: this.agent,
      headers: {
        // A signed URL is its own permission.
        ...(url.pathname.startsWith('/files/') ? {} : { Authorization: `Bearer ${this.key}` }),
        ...(json ? { 'Content-Type': 'application/json' } : {}),
        ...(type === undefined ? {} : { 'Content-Type': type }),
        ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }),
      },
    });
    const patience = PATIENCE_MS + heldMs + (overMs ?? 0);
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${patience} ms`)), patience);
    try {
      const answered = new Promise<Reply>((resolve, reject) => {
        request.on('error', reject);
        request.on('response', (response) => {
          response
            .toArray()
            .then(
              (chunks: Buffer[]) =>
                resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
              reject,
            );
        });
      });
      const sending = overMs === undefined ? void request.end(body) : drip(request, Buffer.from(body ?? ''), overMs);
      const [reply] = await Promise.all([answered, sending]);
      if ((reply.status >= 200 && reply.status < 300) || allow.includes(reply.status)) return reply;
      throw new Error(`${reply.status} ${reply.bytes.toString('utf8', 0, 200)}`);
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      const now = this.tally.during;
      const then = during === now ? now : `${during} to ${now}`;
      this.tally.failed.push({ what, why: code ?? message, during: then, reused: request.reusedSocket });
      return undefined;
    } finally {
      clearTimeout(timer);
      this.tally.slowestMs = Math.max(this.tally.slowestMs, Math.round(performance.now() - since));
    }
  }

  close(): void {
    this.agent.destroy();
  }
}

async function drip(request: ReturnType<typeof httpRequest>, body: Buffer, overMs: number): Promise<void> {
  const size = Math.ceil(body.length / SLOW_PARTS);
  for (let at = 0; at < body.length && !request.destroyed; at += size) {
    request.write(body.subarray(at, at + size));
    await sleep(overMs / SLOW_PARTS);
  }
  request.end();
}
