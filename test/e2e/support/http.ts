import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

export interface SendOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** Sent as it is; an array goes in chunks, without a Content-Length. */
  readonly body?: string | Buffer | readonly Buffer[];
}

/**
 * One HTTP request. Unlike `fetch` it normalises nothing: the path goes as it is written, any header may be set, and
 * the whole body is written whatever the server answers meanwhile.
 */
export async function send(method: string, url: string, { headers = {}, body }: SendOptions = {}): Promise<Answer> {
  const [, host = '', port = '80', path = ''] = /^http:\/\/([^/:]+)(?::(\d+))?(.*)$/s.exec(url) ?? [];
  const request = httpRequest({ host, port, method, path: path || '/', headers });
  const answered = new Promise<Answer>((resolve, reject) => {
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
  });
  if (Array.isArray(body)) {
    for (const chunk of body) request.write(chunk);
    request.end();
  } else request.end(body);
  return answered;
}

export function json<T = Record<string, unknown>>(answer: Answer): T {
  return JSON.parse(answer.bytes.toString('utf8')) as T;
}

/** A connection that says whatever it is told. */
export class RawConnection {
  private received = Buffer.alloc(0);
  private readonly closed: Promise<unknown>;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])));
    // The server may reset what it no longer wants to hear: that is an end like any other.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  static async open(origin: string): Promise<RawConnection> {
    const { hostname, port } = new URL(origin);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  async write(data: string | Buffer): Promise<void> {
    await new Promise((resolve) => this.socket.write(data, resolve));
  }

  /** What has come until the server closes the connection, at the latest after `limitMs`. */
  async untilClosed(limitMs = 10_000): Promise<{ closed: boolean; text: string }> {
    const closed = await Promise.race([this.closed.then(() => true), sleep(limitMs, false, { ref: false })]);
    this.destroy();
    return { closed, text: this.received.toString('utf8') };
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** The status and the body of one request, written byte by byte as given. */
export async function exchange(origin: string, data: string | Buffer): Promise<{ status: number; body: string }> {
  const connection = await RawConnection.open(origin);
  await connection.write(data);
  const { text } = await connection.untilClosed();
  const [head = '', ...rest] = text.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), body: rest.join('\r\n\r\n') };
}
