import type { RadiographInfo } from '@pentaprism/contracts';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const BASE = '/api/dsio/modality/v1';

interface DeviceImage {
  bytes: Uint8Array;
  imageInfo: unknown;
}

export interface DeviceRequest {
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A device as the DSIO Modality API describes it, on a loopback port, with faults that a test switches on. */
export class StandInDevice {
  readonly sessions = new Map<string, Map<string, DeviceImage>>();
  readonly requests: DeviceRequest[] = [];
  /** Answers in the place of the device; false leaves it to the device. */
  fault: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  connections = 0;
  private readonly open = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.answer(request, response));
    server.on('connection', () => (this.connections += 1));
  }

  static async start(port = 0): Promise<StandInDevice> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return new StandInDevice(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Base of the API, without a slash at its end. */
  get url(): string {
    return `http://127.0.0.1:${this.port}${BASE}`;
  }

  /** Answers that have begun and not ended. */
  get openAnswers(): number {
    return this.open.size;
  }

  createSession(): string {
    const id = randomUUID();
    this.sessions.set(id, new Map());
    return id;
  }

  addImage(sessionId: string, bytes: Uint8Array, imageInfo: unknown): string {
    const id = randomUUID();
    this.sessions.get(sessionId)?.set(id, { bytes, imageInfo });
    return id;
  }

  endSession(sessionId: string): void {
    this.sessions.delete(sessionId);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '', headers } = request;
    this.requests.push({ url, authorization: headers.authorization });
    this.open.add(response);
    response.on('close', () => this.open.delete(response));
    if (this.fault(request, response)) return;
    const found = this.find(url);
    if (found === null) response.writeHead(404).end('There is nothing.');
    else if (found instanceof Uint8Array) response.writeHead(200, { 'content-type': 'image/png' }).end(found);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
  }

  /** Bytes, or what is shown as JSON. */
  private find(url: string): object | null {
    const [root, sessionId = '', images = 'images', imageId, media] = url.slice(BASE.length + 1).split('/');
    const session = this.sessions.get(decodeURIComponent(sessionId));
    if (!url.startsWith(`${BASE}/`) || root !== 'acquisition' || images !== 'images' || !session) return null;
    if (imageId === undefined) return { sessionId, deviceId: '-987654321', clientName: 'test' };
    const image = session.get(decodeURIComponent(imageId));
    if (!image) return null;
    return media === 'media' ? image.bytes : (image.imageInfo as object);
  }
}

/** The ImageInfo of a device, which has much more in it. */
export function imageInfoOf({ binning, lut }: RadiographInfo): object {
  return {
    id: randomUUID(),
    width: 2400,
    height: 1708,
    bitsPerPixel: 12,
    pixelSizeX: 0.015,
    previewUrl: 'http://192.0.2.1/preview.jpg',
    pixelHash: { alg: 'MD5', hash: '536c36b632ea8256a50ec6396d4e7ea3' },
    acquisitionInfo: {
      enable: true,
      rotation: null,
      binning: binning === 'unbinned' ? 'Unbinned' : 'Binned2x2',
      applyLut: true,
      context: { gamma: 'none', lutInfo: [] },
    },
    lutInfo: lut,
    exposureInfo: { low: -0.5, high: 0.5, optimum: 0, value: -0.24723 },
  };
}
