import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, send, type Answer, type SendOptions } from './http.js';
import type { ApiKey, System } from './stack.js';

export { grayPng, type PngOptions } from '@pentaprism/testing';

export const FILTERS = '/api/dsio/filters/v1';
export const MODALITY = '/api/dsio/modality/v1';

export const LUT = { gamma: 2.3, slope: 65535, offset: 0, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 };
export const IMAGE_INFO = { acquisitionInfo: { binning: 'Unbinned' }, lutInfo: LUT };

export interface ImageResource {
  readonly id: string;
  readonly mediaType: string;
  readonly url: string;
  readonly createdOn: string;
  readonly expires: string;
  readonly imageInfo: object;
  readonly modalitySession: object | null;
}

export interface Part {
  /** Header lines without their end. */
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

export const infoPart = (info: unknown = IMAGE_INFO, ...headers: string[]): Part => ({
  headers: ['Content-Disposition: form-data; name="imageInfo"', ...headers],
  body: typeof info === 'string' || Buffer.isBuffer(info) ? info : JSON.stringify(info),
});

export const mediaPart = (media: Buffer | string, ...headers: string[]): Part => ({
  headers: ['Content-Disposition: form-data; name="imageMedia"; filename="/C:/a b.png"', ...headers],
  body: media,
});

const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW';

export function form(parts: readonly Part[], boundary = BOUNDARY): { headers: OutgoingHttpHeaders; body: Buffer } {
  const pieces = parts.flatMap(({ headers, body }) => [
    `--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`,
    body,
    '\r\n',
  ]);
  const body = Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
  return { headers: { 'content-type': `multipart/form-data; boundary=${boundary}` }, body };
}

export const basic = (user: string, password: string, encoding: BufferEncoding = 'utf8'): string =>
  `Basic ${Buffer.from(`${user}:${password}`, encoding).toString('base64')}`;

/** A client of both APIs with one key. */
export class FiltersClient {
  constructor(
    private readonly system: System,
    private readonly key: Pick<ApiKey, 'id' | 'secret'>,
  ) {}

  send(method: string, path: string, { headers = {}, ...options }: SendOptions = {}): Promise<Answer> {
    const authorization = basic(this.key.id, this.key.secret);
    return send(method, `${this.system.url}${path}`, { headers: { authorization, ...headers }, ...options });
  }

  upload(parts: readonly Part[], path = `${FILTERS}/images`): Promise<Answer> {
    return this.send('POST', path, form(parts));
  }

  /** @throws when it is not created */
  async create(media: Buffer, info: unknown = IMAGE_INFO): Promise<ImageResource> {
    return created(await this.upload([infoPart(info), mediaPart(media, 'Content-Type: image/png')]));
  }

  sendJson(method: string, path: string, body: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.send(method, path, { headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  }
}

export function created<T = ImageResource>(answer: Answer): T {
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.bytes.toString()}`);
  return json<T>(answer);
}

export interface StandInDevice {
  /** For MODALITY_API_URL. */
  readonly url: string;
  /** By session and image. */
  readonly sessions: Map<string, Map<string, { info: unknown; media: Buffer }>>;
  /** What it answers instead of what it should: a status, or silence. */
  fault: number | 'silent' | undefined;
  readonly requests: string[];
  close(): Promise<void>;
}

/** What stands for the vendor's Modality API: sessions with images, behind HTTP Basic. */
export async function startStandInDevice(user: string, password: string): Promise<StandInDevice> {
  const sessions: StandInDevice['sessions'] = new Map();
  const answer = ({ method, url = '', headers }: IncomingMessage): { status: number; body?: unknown } => {
    if (headers.authorization !== basic(user, password)) return { status: 401 };
    const [, session = '', image, media] =
      /^\/api\/dsio\/modality\/v1\/acquisition\/([^/]+)(?:\/images\/([^/]+)(\/media)?)?$/.exec(url) ?? [];
    const images = sessions.get(decodeURIComponent(session));
    if (method !== 'GET' || !images) return { status: 404 };
    if (image === undefined) return { status: 200, body: { sessionId: decodeURIComponent(session) } };
    const found = images.get(decodeURIComponent(image));
    if (!found) return { status: 404 };
    return { status: 200, body: media ? found.media : found.info };
  };
  const server = createServer((request, response) => {
    device.requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (device.fault === 'silent') return;
    const { status, body } = device.fault ? { status: device.fault, body: undefined } : answer(request);
    const isMedia = Buffer.isBuffer(body);
    response.writeHead(status, { 'content-type': isMedia ? 'image/png' : 'application/json' });
    response.end(isMedia ? body : JSON.stringify(body ?? null));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const device: StandInDevice = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/dsio/modality/v1`,
    sessions,
    fault: undefined,
    requests: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return device;
}
