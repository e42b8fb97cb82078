import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on every address of this machine, and counts connections to all of them except the allowed one. */
export class Canary {
  connections = 0;

  private constructor(
    private readonly server: Server,
    allowed: string,
  ) {
    server.on('connection', ({ localAddress }) => {
      if (localAddress?.replace('::ffff:', '') !== allowed) this.connections += 1;
    });
    server.on('request', (_request, response) => response.end('secret'));
  }

  static async start(allowed: string): Promise<Canary> {
    const server = createServer();
    // IPv6 and IPv4 together; IPv4 alone where the machine has no IPv6.
    await listen(server, '::').catch(() => listen(server, '0.0.0.0'));
    return new Canary(server, allowed);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return end(this.server);
  }
}

/** Serves pictures and redirects on one address. */
export class RedirectingServer {
  /** Redirects that were followed up to here. */
  redirects = 0;
  private readonly pages = new Map<string, Buffer | string>();

  private constructor(
    private readonly server: Server,
    private readonly address: string,
  ) {
    server.on('request', ({ url = '' }, response) => {
      const page = this.pages.get(url);
      if (typeof page === 'string') {
        this.redirects += 1;
        // As servers write addresses that are not ASCII: UTF-8, byte by byte.
        response.writeHead(302, { location: Buffer.from(page).toString('latin1') }).end();
      } else response.writeHead(page ? 200 : 404, { 'content-type': 'image/png' }).end(page);
    });
  }

  static async start(address: string): Promise<RedirectingServer> {
    const server = createServer();
    await listen(server, address);
    return new RedirectingServer(server, address);
  }

  /** @returns a URL of this server, under its address or under a name that leads to it */
  serving(picture: Buffer, host = this.address): string {
    return this.add(picture, host);
  }

  redirectingTo(url: string, host = this.address): string {
    return this.add(url, host);
  }

  close(): Promise<void> {
    return end(this.server);
  }

  private add(page: Buffer | string, host: string): string {
    const path = `/${this.pages.size}`;
    this.pages.set(path, page);
    return `http://${host}:${(this.server.address() as AddressInfo).port}${path}`;
  }
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
