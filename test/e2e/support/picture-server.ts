import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves pictures on loopback, which the stack of the tests may import from; everything else is a 404. */
export class PictureServer {
  private readonly pictures = new Map<string, Buffer>();

  private constructor(
    private readonly server: Server,
    /** Without a slash at the end. */
    readonly url: string,
  ) {
    server.on('request', ({ url = '' }, response) => {
      const bytes = this.pictures.get(url);
      // Whatever it is, it is called a picture: nobody may go by what a server says.
      response.writeHead(bytes ? 200 : 404, { 'content-type': 'image/png' }).end(bytes);
    });
  }

  static async start(): Promise<PictureServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PictureServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** @returns the URL of these bytes */
  put(name: string, bytes: Buffer): string {
    this.pictures.set(`/${name}`, bytes);
    return `${this.url}/${name}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}
